//! What the tests share: the host under test, a client on the wire, the fixture guests.

pub(crate) mod built;
pub(crate) mod client;
pub(crate) mod guests;
pub(crate) mod host;
pub(crate) mod lineage;
pub(crate) mod output;
pub(crate) mod postgres;
pub(crate) mod redis;
pub(crate) mod services;
pub(crate) mod site;
pub(crate) mod wheels;

use std::path::PathBuf;

pub(crate) use client::{Chunk, Connection, Response, get, post};
pub(crate) use host::{Host, Isolation, Setup};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// One test, run twice: as `fresh` and as `reuse`.
///
/// With `|host|` it runs against the hosts that the suite shares; with `|isolation: Isolation|` it
/// starts its own.
macro_rules! both {
    ($name:ident, |$host:ident| $body:block) => {
        both!($name, |isolation: $crate::support::Isolation| {
            fn check($host: &'static $crate::support::Host) $body

            let host = $crate::support::host::shared(isolation);
            let _shown = host.show_on_failure();
            check(host);
        });
    };
    ($name:ident, |$isolation:ident: $type:ty| $body:block) => {
        fn $name($isolation: $type) $body

        mod $name {
            use crate::support::Isolation;

            #[test]
            fn fresh() {
                super::$name(Isolation::Fresh);
            }

            #[test]
            fn reuse() {
                super::$name(Isolation::Reuse);
            }
        }
    };
}
