//! What the admin interface is sent and what it returns, but for what the apps tell of themselves.

use std::ops::RangeInclusive;

use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::apps::{AppStatus, Share, TroubleStatus};
use crate::state::Sticky;

/// A host, and what it serves.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HostStatus {
    /// The version of the program.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it began to serve.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub started: OffsetDateTime,
    /// The addresses at which it listens.
    pub listen: Vec<String>,
    /// Its state folder.
    pub state: String,
    /// Why the last change of the manifest was refused.
    pub trouble: Option<TroubleStatus>,
    /// The apps, by name.
    pub apps: Vec<AppStatus>,
}

/// Why something was not done.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ErrorMessage {
    /// What was expected, and what came.
    pub error: String,
    /// The way out, where one thing mends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A release to go back to.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rollback {
    /// The first digits of the release's digest. Without: the release that the active one replaced.
    #[serde(default)]
    pub release: Option<String>,
}

/// A share of the requests for a release.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Split {
    /// The first digits of the release's digest.
    pub(super) release: String,
    /// Of a hundred requests, how many.
    #[schema(minimum = 1, maximum = 99)]
    pub(super) percent: u8,
    /// Whether a client stays with the release that it got: `client`, `cookie` or `none`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) sticky: Sticky,
}

impl Split {
    /// The share.
    pub(super) fn share(&self) -> Share {
        Share {
            percent: self.percent,
            sticky: self.sticky,
        }
    }
}

/// What a deploy's query says.
#[derive(Debug, Default, IntoParams, PartialEq, Eq)]
#[into_params(parameter_in = Query)]
pub(super) struct DeployQuery {
    /// The name of the file that the component is in, for people.
    #[param(rename = "file-name", max_length = 255)]
    pub(super) file_name: Option<String>,
    /// Of a hundred requests, how many the release gets. Without: it becomes the active one.
    #[param(minimum = 1, maximum = 99)]
    pub(super) percent: Option<u8>,
    /// With `percent`: whether a client stays with the release that it got: `client`, `cookie` or
    /// `none`.
    #[param(value_type = Option<String>)]
    pub(super) sticky: Option<Sticky>,
}

/// Bytes of a file's name, as file systems have it.
const FILE_NAME_BYTES_MAX: usize = 255;

/// Shares that there are.
const PERCENT: RangeInclusive<u8> = 1..=99;

impl DeployQuery {
    /// Reads a query.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let mut read = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                // Limit: FILE_NAME_BYTES_MAX
                "file-name" if value.len() <= FILE_NAME_BYTES_MAX => {
                    read.file_name = Some(value.into_owned());
                }
                "file-name" => {
                    return Err(format!(
                        "expected a file name of at most {FILE_NAME_BYTES_MAX} bytes, got {}",
                        value.len()
                    ));
                }
                "percent" => read.percent = Some(percent(&value)?),
                "sticky" => read.sticky = Some(sticky(&value)?),
                _ => {
                    return Err(format!(
                        "expected `file-name`, `percent` or `sticky` in the query, got {key:?}"
                    ));
                }
            }
        }
        if read.sticky.is_some() && read.percent.is_none() {
            return Err("expected a `percent` with `sticky`, got none".to_owned());
        }
        Ok(read)
    }

    /// The share that the release gets. None: all requests.
    pub(super) fn share(&self) -> Option<Share> {
        self.percent.map(|percent| Share {
            percent,
            sticky: self.sticky.unwrap_or_default(),
        })
    }
}

fn percent(value: &str) -> Result<u8, String> {
    let percent = value.parse().ok();
    let percent = percent.filter(|percent| PERCENT.contains(percent));
    percent.ok_or_else(|| format!("expected a `percent` from 1 to 99, got {value:?}"))
}

fn sticky(value: &str) -> Result<Sticky, String> {
    let text = StrDeserializer::<serde::de::value::Error>::new(value);
    Sticky::deserialize(text).map_err(|error| format!("cannot read `sticky`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read() {
        let read = DeployQuery::parse("").unwrap();
        assert_eq!((&read.file_name, read.share()), (&None, None));
        let read = DeployQuery::parse("file-name=my+shop%2Ewasm&percent=7").unwrap();
        assert_eq!(read.file_name.as_deref(), Some("my shop.wasm"));
        let sticky = Sticky::None;
        assert_eq!(read.share(), Some(Share { percent: 7, sticky }));
        let read = DeployQuery::parse("sticky=cookie&percent=99").unwrap();
        let sticky = Sticky::Cookie;
        assert_eq!(
            read.share(),
            Some(Share {
                percent: 99,
                sticky
            })
        );
    }

    #[test]
    fn a_wrong_query_is_refused() {
        let long = format!("file-name={}", "a".repeat(FILE_NAME_BYTES_MAX + 1));
        for (query, expected) in [
            ("percent=0", "from 1 to 99, got \"0\""),
            ("percent=100", "got \"100\""),
            ("percent=256", "got \"256\""),
            ("percent=-1", "got \"-1\""),
            ("percent=", "got \"\""),
            (
                "percent=5&sticky=glue",
                "`glue`, expected one of `client`, `cookie`, `none`",
            ),
            ("sticky=client", "expected a `percent`"),
            ("file_name=a", "got \"file_name\""),
            (&long, "at most 255 bytes, got 256"),
        ] {
            let message = DeployQuery::parse(query).unwrap_err();
            assert!(message.contains(expected), "{query}: {message}");
        }
    }
}
