//! Packages with native code, and what an app can do without it.
//!
//! Owns what is known of packages by name. Code for this machine cannot run in WebAssembly; many
//! packages have such code only to be faster.

/// What becomes of a package that has native code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It works without: the native files are left out.
    WithoutNative,
    /// Those that can use it do without it: it is left out.
    LeftOut,
    /// It cannot be in a component. The way out.
    Refused(&'static str),
}

/// What is known of a package by its name as indexes spell it, and its version where it matters.
pub(super) fn verdict(name: &str, version: &str) -> Option<Verdict> {
    // Its first generation is Python, compiled to be faster; the second is not.
    if name == "pydantic" && !version.starts_with("1.") {
        return None;
    }
    if WITHOUT_NATIVE.contains(&name) {
        return Some(Verdict::WithoutNative);
    }
    if LEFT_OUT.contains(&name) {
        return Some(Verdict::LeftOut);
    }
    refused(name).map(Verdict::Refused)
}

/// The way out for a package that cannot be in a component whatever its release.
pub(super) fn refused(name: &str) -> Option<&'static str> {
    let found = REFUSED.iter().find(|(names, _)| names.contains(&name))?;
    Some(found.1)
}

const WITHOUT_NATIVE: [&str; 28] = [
    "aiohttp",
    "black",
    "charset-normalizer",
    "coverage",
    "falcon",
    "frozenlist",
    "immutables",
    "lazy-object-proxy",
    "markupsafe",
    "msgpack",
    "multidict",
    "mypy",
    "peewee",
    "propcache",
    "protobuf",
    "pydantic",
    "pyrsistent",
    "pyyaml",
    "rapidfuzz",
    "simplejson",
    "sqlalchemy",
    "tomli",
    "tornado",
    "websockets",
    "wrapt",
    "yarl",
    "zope-interface",
    "zope-proxy",
];

const LEFT_OUT: [&str; 10] = [
    "fastar",
    "greenlet",
    "hiredis",
    "httptools",
    "rignore",
    "ruamel-yaml-clib",
    "setproctitle",
    "uvloop",
    "watchdog",
    "watchfiles",
];

const REFUSED: [(&[&str], &str); 17] = [
    (
        &["pydantic-core"],
        "pydantic 2 has native code: put a wheel of it that is built for the guest into the folder \
         that `wheels` of [build] names, or require `pydantic<2`, and with FastAPI `fastapi<0.111`",
    ),
    (
        &[
            "psycopg2",
            "psycopg2-binary",
            "psycopg-binary",
            "psycopg-c",
            "asyncpg",
        ],
        "use `wasgi.sql`, for which the host connects to PostgreSQL, or the package pg8000",
    ),
    (
        &["mysqlclient", "mysql-connector-python"],
        "use the package PyMySQL over a granted connection",
    ),
    (
        &[
            "cryptography",
            "pynacl",
            "pycryptodome",
            "pycryptodomex",
            "cffi",
        ],
        "use hashlib, hmac and secrets; tokens signed by a shared secret need no more (`pyjwt` alone)",
    ),
    (
        &["bcrypt", "argon2-cffi", "argon2-cffi-bindings"],
        "use hashlib.scrypt or hashlib.pbkdf2_hmac, which the host computes; Django and Werkzeug do",
    ),
    (
        &["lxml"],
        "use xml.etree.ElementTree, defusedxml, or BeautifulSoup with html.parser",
    ),
    (
        &[
            "numpy",
            "pandas",
            "scipy",
            "scikit-learn",
            "polars",
            "pyarrow",
            "torch",
            "tensorflow",
        ],
        "compute in Python, or in a service that the app asks over HTTP",
    ),
    (
        &["pillow"],
        "send images as they are, or have them made by a service that the app asks over HTTP",
    ),
    (
        &["orjson", "ujson", "python-rapidjson", "msgspec"],
        "use json of the standard library",
    ),
    (
        &["gevent", "eventlet"],
        "leave it out: the host runs each instance on its own, and waits do not block others",
    ),
    (
        &["grpcio"],
        "use HTTP and JSON; there is no transport for gRPC in a component",
    ),
    (
        &["rpds-py"],
        "require `jsonschema<4.18`, the last without it",
    ),
    (&["regex"], "use re of the standard library"),
    (
        &["psutil", "pyzmq", "pywin32"],
        "leave it out: a component has no processes and no machine",
    ),
    (
        &["brotli", "brotlicffi", "zstandard", "lz4", "python-snappy"],
        "use gzip or zlib of the standard library",
    ),
    (
        &["levenshtein", "python-levenshtein"],
        "use rapidfuzz, which works without native code, or difflib",
    ),
    (
        &["xxhash", "blake3", "mmh3"],
        "use hashlib, such as hashlib.blake2b",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_known_once_and_spelt_as_indexes_do() {
        let refused = REFUSED.iter().flat_map(|(names, _)| names.iter());
        let mut all: Vec<_> = refused.chain(&WITHOUT_NATIVE).chain(&LEFT_OUT).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for name in all {
            assert_eq!(&super::super::requirements::normal(name), name);
        }
    }

    #[test]
    fn pydantic_depends_on_its_generation() {
        assert_eq!(verdict("pydantic", "1.10.27"), Some(Verdict::WithoutNative));
        assert_eq!(verdict("pydantic", "2.12.0"), None);
        assert!(refused("pydantic-core").unwrap().contains("pydantic<2"));
    }
}
