//! What is done to a component after the tool has written it: objects of CPython that live as long
//! as their instance are made immortal.
//!
//! CPython counts references in each object, so a request writes to nearly every object that it
//! looks at, and each page that is written to is copied for a fresh instance. A count that says
//! "immortal" is never written to (PEP 683). The guest says where the objects are
//! (`wasgi.runtime.snapshot`), and keeps them alive; the counts are set here, in the data from which
//! the memory starts. Must change nothing else: sizes and offsets stay as they are.

use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use wasmparser::{BinaryReaderError, DataKind, Operator, Parser, Payload};

use crate::error::BuildError;

/// The file in which the guest says where the objects are: addresses in little-endian, four bytes
/// each. `wasgi.runtime.snapshot` writes it, if there is anything to prepare for.
const ADDRESSES: &str = "immortal.bin";

/// What CPython 3.14 sets for an immortal object where a pointer has four bytes.
const IMMORTAL: u32 = 5 << 28;

/// From this count on CPython takes an object for immortal.
const IMMORTAL_MIN: u32 = 1 << 30;

/// A count above this is not one: the address is then not that of an object.
const REFERENCES_MAX: u32 = 1 << 24;

/// A piece of the memory from which instances start.
struct Segment {
    /// Its first byte's address.
    address: u32,
    /// Where it lies in the component.
    bytes: Range<usize>,
}

/// Makes a component as it is to be served. `made` is the folder in which the guest left what it
/// says of it.
pub(super) fn finish(component: &mut [u8], made: &Path) -> Result<(), BuildError> {
    let file = made.join(ADDRESSES);
    let addresses = match fs::read(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|error| BuildError::cannot("read", &file, &error))?,
    };
    make_immortal(component, &addresses)
        .map(drop)
        .map_err(|error| {
            BuildError::new(format!(
                "the component that was built is not valid: {error}"
            ))
        })
}

/// Sets the reference counts of the objects at `addresses`. Returns how many were set.
///
/// Fails if the component is not valid WebAssembly.
fn make_immortal(component: &mut [u8], addresses: &[u8]) -> Result<usize, BinaryReaderError> {
    let segments = segments(component)?;
    let (addresses, _) = addresses.as_chunks::<4>();
    let mut count = 0;
    for address in addresses {
        let Some(place) = find(&segments, u32::from_le_bytes(*address)) else {
            continue;
        };
        let Some(references) = component[place..].first_chunk_mut::<4>() else {
            continue;
        };
        if (1..REFERENCES_MAX).contains(&u32::from_le_bytes(*references)) {
            *references = IMMORTAL.to_le_bytes();
            count += 1;
        }
    }
    Ok(count)
}

const _: () = assert!(IMMORTAL >= IMMORTAL_MIN);

/// The pieces of the memory, in the order of their addresses.
fn segments(component: &[u8]) -> Result<Vec<Segment>, BinaryReaderError> {
    let mut segments = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let Payload::DataSection(section) = payload? else {
            continue;
        };
        for data in section {
            let data = data?;
            let DataKind::Active { offset_expr, .. } = data.kind else {
                continue;
            };
            if let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? {
                let end = data.range.end;
                segments.push(Segment {
                    address: value.cast_unsigned(),
                    bytes: end - data.data.len()..end,
                });
            }
        }
    }
    segments.sort_by_key(|segment| segment.address);
    Ok(segments)
}

/// Where the four bytes at this address lie in the component, if one piece has them all.
fn find(segments: &[Segment], address: u32) -> Option<usize> {
    let after = segments.partition_point(|segment| segment.address <= address);
    let segment = &segments[after.checked_sub(1)?];
    let offset = usize::try_from(address - segment.address).ok()?;
    (offset + 4 <= segment.bytes.len()).then(|| segment.bytes.start + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module whose memory starts with these bytes at these addresses.
    fn module(pieces: &[(u8, &[u8])]) -> Vec<u8> {
        let mut data = vec![u8::try_from(pieces.len()).unwrap()];
        for (address, bytes) in pieces {
            // An active segment of memory 0, at `i32.const ADDRESS`.
            data.extend([0, 0x41, *address, 0x0b, u8::try_from(bytes.len()).unwrap()]);
            data.extend(*bytes);
        }
        let mut module = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01\x0b".to_vec();
        module.push(u8::try_from(data.len()).unwrap());
        module.extend(data);
        module
    }

    fn addresses(addresses: &[u32]) -> Vec<u8> {
        let bytes = addresses.iter().flat_map(|address| address.to_le_bytes());
        bytes.collect()
    }

    #[test]
    fn sets_the_counts_of_objects_and_nothing_else() {
        let object = [3, 0, 0, 0, 0xaa, 0xbb];
        let mut made = module(&[(8, &object), (32, &object)]);
        let count = make_immortal(&mut made, &addresses(&[32])).unwrap();
        assert_eq!(count, 1);
        let immortal = [0, 0, 0, 0x50, 0xaa, 0xbb];
        assert_eq!(made, module(&[(8, &object), (32, &immortal)]));
    }

    #[test]
    fn leaves_what_cannot_be_a_count() {
        let original = module(&[(8, &[0, 0, 0, 0, 1, 0, 0, 0]), (32, &[0, 0, 0, 0x70, 1, 0])]);
        let mut made = original.clone();
        // Free memory, an immortal object, the edge of a piece, and outside of all.
        let asked = addresses(&[8, 32, 14, 36, 4, 48, u32::MAX]);
        assert_eq!(make_immortal(&mut made, &asked).unwrap(), 0);
        assert_eq!(made, original);
    }

    #[test]
    fn a_damaged_component_is_an_error() {
        let mut made = module(&[(8, &[1, 0, 0, 0])]);
        made.truncate(made.len() - 2);
        assert!(make_immortal(&mut made, &addresses(&[8])).is_err());
    }
}
