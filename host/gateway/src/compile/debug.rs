//! Debug information that is too large to be looked at.
//!
//! wasmtime parses a module's debug information anew for each frame of each backtrace, on the
//! thread of the request that failed and beyond the reach of its limits. A file with very much of
//! it would so turn every trap into seconds of the host's time.

use std::borrow::Cow;

use wasmparser::{Parser, Payload, Result};

/// Bytes of debug information up to which a backtrace has source lines. Beyond, it has the names
/// of functions alone.
const DEBUG_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A file whose debug information is not too large: the file itself, or one in which wasmtime does
/// not find it.
pub(super) fn bounded(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    hide(bytes, DEBUG_BYTES_MAX)
}

/// Hides debug information of more than so many bytes, by a change of its sections' names. All
/// else stays where it is.
fn hide(bytes: &[u8], most: usize) -> Result<Cow<'_, [u8]>> {
    let mut total = 0;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CustomSection(section) = payload?
            && section.name().starts_with(".debug_")
        {
            total += section.data().len();
            // A section's name lies right before its data.
            names.push(section.data_offset() - section.name().len());
        }
    }
    let mut bytes = Cow::Borrowed(bytes);
    // Limit: DEBUG_BYTES_MAX
    if total > most {
        let bytes = bytes.to_mut();
        for name in names {
            bytes[name] = b'_';
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module in a component, with a section of debug information.
    fn component() -> Vec<u8> {
        let section = |id: u8, content: &[u8]| {
            let length = u8::try_from(content.len()).unwrap();
            assert!(length < 128);
            [&[id, length], content].concat()
        };
        let module = [
            b"\0asm\x01\0\0\0".as_slice(),
            &section(0, b"\x0b.debug_info0123456789"),
            &section(0, b"\x04name"),
        ];
        let component = [
            b"\0asm\x0d\0\x01\0".as_slice(),
            &section(1, &module.concat()),
        ];
        component.concat()
    }

    fn sections(bytes: &[u8]) -> Vec<String> {
        let payloads = Parser::new(0).parse_all(bytes);
        payloads
            .filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(section) => Some(section.name().to_owned()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_little_is_left_and_much_is_hidden() {
        let component = component();
        let left = hide(&component, 10).unwrap();
        assert!(matches!(left, Cow::Borrowed(_)));
        assert_eq!(sections(&left), [".debug_info", "name"]);
        let hidden = hide(&component, 9).unwrap();
        assert_eq!(hidden.len(), component.len());
        assert_eq!(sections(&hidden), ["_debug_info", "name"]);
    }
}
