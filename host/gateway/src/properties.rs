//! What holds for every head, whatever a guest or a client puts into it.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::limits::Limits;
use crate::request::{self, Origin, Peer};
use crate::request_id::RequestId;
use crate::response::{Field, Head};

/// Names that matter, near misses, and anything.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("content-length".to_owned()),
        Just("Transfer-Encoding".to_owned()),
        Just("connection".to_owned()),
        Just("x-a".to_owned()),
        "[a-zA-Z-]{1,12}",
        any::<String>(),
    ]
}

/// Lengths, lists of names, and any bytes.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[0-9]{1,20}".prop_map(String::into_bytes),
        "(x-[a-c], ?){0,3}close".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..40),
    ]
}

fn response_fields() -> impl Strategy<Value = Vec<Field>> {
    vec((name(), value()), 0..8)
}

fn request_head() -> impl Strategy<Value = Parts> {
    let fields = vec((name(), value()), 0..8);
    (
        "(/[a-z%0-9.~]{0,6}){1,5}",
        proptest::option::of("[ -~&&[^#<>\"`{}\\\\^| ]]{0,20}"),
        fields,
    )
        .prop_filter_map(
            "a target that hyper would refuse",
            |(path, query, fields)| {
                let target = query.map_or(path.clone(), |query| format!("{path}?{query}"));
                let mut parts = Request::new(()).into_parts().0;
                parts.uri = target.parse::<Uri>().ok()?;
                for (name, value) in fields {
                    let name = HeaderName::from_bytes(name.as_bytes());
                    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value)) {
                        parts.headers.append(name, value);
                    }
                }
                Some(parts)
            },
        )
}

fn is_hop_by_hop(name: &str) -> bool {
    let names = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
    ];
    names.contains(&name) || name == "upgrade"
}

fn check_sendable(headers: &HeaderMap) {
    for (name, value) in headers {
        assert!(!is_hop_by_hop(name.as_str()), "{name}");
        let is_clean = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
        assert!(value.as_bytes().iter().all(is_clean), "{name}: {value:?}");
    }
    assert!(headers.get_all(header::CONTENT_LENGTH).iter().count() <= 1);
}

proptest! {
    #[test]
    fn a_head_that_passes_can_be_sent(status in any::<u16>(), fields in response_fields()) {
        let count = fields.len();
        let Ok(mut head) = Head::new(status, fields, &Limits::DEFAULT) else { return Ok(()) };
        prop_assert!((200..600).contains(&head.status.as_u16()));
        prop_assert!(head.headers.len() <= count);
        check_sendable(&head.headers);
        let declared = head.headers.get(header::CONTENT_LENGTH).map(|value| value.to_str().unwrap());
        prop_assert_eq!(declared.map(|digits| digits.parse().unwrap()), head.length);
        head.forget_body(&Method::HEAD, Some(7));
        check_sendable(&head.headers);
    }

    #[test]
    fn a_small_limit_holds_for_every_head(fields in response_fields()) {
        let limits = Limits { response_fields: 3, response_head: 30, ..Limits::DEFAULT };
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let count = fields.len();
        if Head::new(200, fields, &limits).is_ok() {
            prop_assert!(count <= 3 && bytes <= 30);
        }
    }

    #[test]
    fn an_environ_says_what_was_sent(parts in request_head(), mount in 0..40_usize) {
        let origin = Origin {
            request_id: RequestId::from_number(1),
            local: "127.0.0.1:80".parse().unwrap(),
            remote: Arc::new(Peer { address: "127.0.0.2".to_owned(), port: 1 }),
            script_name_length: mount,
            route_parameters: Vec::new(),
            server: None,
        };
        let (script_name, path_info) = request::split_path(&parts.uri, &origin);
        prop_assert_eq!(format!("{script_name}{path_info}"), parts.uri.path());
        let (server_name, _) = request::server(&parts, &origin);
        prop_assert!(!server_name.is_empty());

        let fields = request::fields(&parts);
        for (name, value) in &fields {
            prop_assert!(!is_hop_by_hop(name));
            let sent = parts.headers.get_all(*name).iter().any(|sent| sent.as_bytes() == *value);
            prop_assert!(sent, "{} was not sent", name);
        }
        let hidden = parts.headers.len() - fields.len();
        let may_hide = parts.headers.contains_key(header::CONNECTION)
            || parts.headers.keys().any(|name| is_hop_by_hop(name.as_str()));
        prop_assert!(hidden == 0 || may_hide);
    }
}
