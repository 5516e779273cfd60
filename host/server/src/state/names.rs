//! The file names of the apps' records: one for every app name, whatever is in it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::digest::Digest;

/// The name of an app's record: the app's, percent-encoded, or its digest if that is too long for
/// a file system.
pub(super) fn record_name(app: &str) -> String {
    let encoded = utf8_percent_encode(app, RESERVED).to_string();
    if encoded.is_empty() || encoded.len() > ENCODED_BYTES_MAX {
        return format!("{BY_DIGEST}{}{RECORD}", Digest::of(app.as_bytes()));
    }
    format!("{encoded}{RECORD}")
}

/// Which app a file is the record of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The one of this name.
    App(String),
    /// The record itself has the name.
    Inside,
}

/// Which app a file of this name is the record of, if it is one.
pub(super) fn owner(file_name: &str) -> Option<Owner> {
    let stem = file_name.strip_suffix(RECORD)?;
    if stem.starts_with(BY_DIGEST) {
        return Some(Owner::Inside);
    }
    let app = percent_decode_str(stem).decode_utf8().ok()?.into_owned();
    (record_name(&app) == file_name).then_some(Owner::App(app))
}

/// How the name of every record ends.
const RECORD: &str = ".json";

/// How the names with a digest begin. No encoding does: two hexadecimal digits follow its `%`.
const BY_DIGEST: &str = "%sha256-";

/// Bytes of an encoded name. With what is appended it fits the 255 that file systems take.
const ENCODED_BYTES_MAX: usize = 200;

/// All that is encoded. The dot is, so that no name is hidden or is that of a folder.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_app_has_a_safe_file_name_of_its_own() {
        let longest = "a".repeat(ENCODED_BYTES_MAX);
        let long = "a".repeat(ENCODED_BYTES_MAX + 1);
        let accents = "é".repeat(ENCODED_BYTES_MAX);
        let by_digest = format!("{BY_DIGEST}{}", Digest::of(long.as_bytes()));
        let mut seen = HashSet::new();
        for (app, expected) in [
            ("shop", Some("shop.json")),
            ("Shop", Some("Shop.json")),
            ("my_shop-2", Some("my_shop-2.json")),
            ("shop.example", Some("shop%2Eexample.json")),
            ("shop.json", Some("shop%2Ejson.json")),
            ("shop.json.damaged", None),
            ("..", Some("%2E%2E.json")),
            (".", Some("%2E.json")),
            ("", None),
            ("a/b", Some("a%2Fb.json")),
            ("a%2Fb", Some("a%252Fb.json")),
            ("/etc/passwd", None),
            ("a\0b", Some("a%00b.json")),
            ("a b\n", Some("a%20b%0A.json")),
            ("é", Some("%C3%A9.json")),
            (".new-", None),
            ("%sha256-", None),
            (&longest, None),
            (&long, None),
            (&accents, None),
            (&by_digest, None),
        ] {
            let name = record_name(app);
            if let Some(expected) = expected {
                assert_eq!(name, expected);
            }
            let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"%-_.".contains(&byte);
            assert!(name.bytes().all(is_safe), "{name}");
            assert!(!name.starts_with('.') && name.len() <= 220, "{name}");
            assert!(seen.insert(name.clone()), "{name}");
            let owner = owner(&name).unwrap();
            let is_long = app.is_empty() || name.starts_with(BY_DIGEST);
            let expected = match is_long {
                true => Owner::Inside,
                false => Owner::App(app.to_owned()),
            };
            assert_eq!(owner, expected, "{name}");
        }
    }

    #[test]
    fn other_files_are_no_records() {
        for name in [
            "lock",
            "shop",
            ".json",
            ".new-abc",
            "shop.json.damaged",
            "shop.json~",
            "a b.json",
            "%2f.json",
            "%FF.json",
            "%.json",
        ] {
            assert_eq!(owner(name), None, "{name}");
        }
    }
}
