//! A request that a fixture makes, as the query of its own request describes it.

use std::fmt::Debug;

/// A request of the guest's own.
pub struct Outgoing {
    /// `method`: GET unless told.
    pub method: String,
    /// Where it goes: the first part of `url`.
    pub scheme: String,
    /// The second part of `url`.
    pub authority: String,
    /// The rest of `url`.
    pub path_with_query: String,
    /// `field`: the name of a header field to send, whose value is `1`.
    pub field: Option<String>,
    /// `timeout-ms`: how long the guest is willing to wait, for each thing that it can wait for.
    pub timeout_ms: Option<u64>,
}

impl Outgoing {
    /// The request that these parameters of a query describe.
    pub fn new(parameter: impl Fn(&str) -> Option<String>) -> Self {
        let url = parameter("url").expect("the query says where to go: url=");
        let (scheme, rest) = url.split_once("://").expect("the url is absolute");
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self {
            method: parameter("method").unwrap_or_else(|| "GET".to_owned()),
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            path_with_query: if path.is_empty() { "/" } else { path }.to_owned(),
            field: parameter("field"),
            timeout_ms: parameter("timeout-ms").and_then(|text| text.parse().ok()),
        }
    }
}

/// The name of an error's case: the bindings print `Type::Case(payload)`.
pub fn case_name(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    let case = text.split('(').next().unwrap_or_default();
    case.rsplit("::").next().unwrap_or_default().to_owned()
}
