//! Mounts: the paths under which apps answer.

use std::fmt::Write as _;
use std::path::Path;

/// Reads a mount as it is written: `/` gives "", `/shop` and `/shop/` give "/shop".
pub(crate) fn parse(path: &str) -> Result<String, String> {
    let fault = if !path.starts_with('/') {
        "it must start with `/`"
    } else if path.contains("//") {
        "it must not contain `//`"
    } else if path.contains(['?', '#']) {
        "it must not have a query or a fragment"
    } else if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        "it must not contain `.` or `..` as a segment"
    } else if !is_path(path.as_bytes()) {
        "other characters than those of a URL's path must be percent-encoded"
    } else {
        return Ok(path.trim_end_matches('/').to_owned());
    };
    Err(format!(
        "expected a path such as \"/shop\", got {path:?}: {fault}"
    ))
}

/// A mount as people write it.
pub(crate) fn show(mount: &str) -> &str {
    if mount.is_empty() { "/" } else { mount }
}

/// The mount of a file that stands among others: its name without the ending.
pub(crate) fn of_file(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    let mut mount = String::from("/");
    for &byte in stem.as_encoded_bytes() {
        if is_plain(byte) {
            mount.push(char::from(byte));
        } else {
            write!(mount, "%{byte:02X}").expect("a string takes every write");
        }
    }
    mount
}

/// The name of the app in a file.
pub(crate) fn stem(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .replace(char::is_control, "?")
}

/// Whether RFC 3986 lets all these bytes stand in a path.
fn is_path(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'%', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                tail
            }
            (b'/', tail) => tail,
            (&byte, tail) if is_plain(byte) => tail,
            _ => return false,
        };
    }
    true
}

/// Whether RFC 3986 lets this byte stand for itself in a segment.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_normal_paths() {
        for (path, expected) in [
            ("/", Some("")),
            ("/shop", Some("/shop")),
            ("/shop/", Some("/shop")),
            ("/a/b", Some("/a/b")),
            ("/caf%C3%A9", Some("/caf%C3%A9")),
            ("", None),
            ("shop", None),
            ("//", None),
            ("/a//b", None),
            ("/a/../b", None),
            ("/.", None),
            ("/a?b", None),
            ("/a#b", None),
            ("/a b", None),
            ("/café", None),
            ("/a%2", None),
            ("/a%zz", None),
        ] {
            assert_eq!(parse(path).ok().as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn names_of_files_are_encoded() {
        for (file, expected) in [
            ("apps/shop.wasm", "/shop"),
            ("a b.wasm", "/a%20b"),
            ("50%.wasm", "/50%25"),
        ] {
            assert_eq!(of_file(Path::new(file)), expected);
        }
    }
}
