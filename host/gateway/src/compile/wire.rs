//! What the host and a process that compiles say to each other: an order on its standard input,
//! followed by the file, and a reply on its standard output, followed by the code or by a reason.

use std::io::{self, Error, ErrorKind, Read};

use crate::binary::COMPONENT_BYTES_MAX;
use crate::engine::{Class, DebugInfo, Target};

/// What both sides begin with. Another version of either has another one.
const MAGIC: &[u8; 8] = b"wasgi-c1";

/// What to compile, and with which limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) target: Target,
    pub(super) form: Form,
    /// Bytes of address space that it may take.
    pub(super) memory: u64,
    /// Seconds of CPU time that it may take.
    pub(super) cpu: u64,
    /// Bytes of the file that follows.
    pub(super) length: u64,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Component,
    Module,
}

impl Order {
    const BYTES: usize = MAGIC.len() + 3 + 3 * size_of::<u64>();

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend(MAGIC);
        bytes.push(u8::from(self.target.class == Class::Concurrent));
        bytes.push(u8::from(self.target.debug_info == DebugInfo::Used));
        bytes.push(u8::from(self.form == Form::Module));
        for number in [self.memory, self.cpu, self.length] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    /// Reads an order, and not a byte beyond it.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        read_magic(from)?;
        let [class, debug_info, form] = read(from)?;
        let class = match class {
            0 => Class::Synchronous,
            1 => Class::Concurrent,
            _ => return Err(invalid("an order for an unknown engine")),
        };
        let debug_info = match debug_info {
            0 => DebugInfo::Ignored,
            1 => DebugInfo::Used,
            _ => return Err(invalid("an order for an unknown use of debug information")),
        };
        let order = Self {
            target: Target { class, debug_info },
            form: match form {
                0 => Form::Component,
                1 => Form::Module,
                _ => return Err(invalid("an order for an unknown form of file")),
            },
            memory: u64::from_le_bytes(read(from)?),
            cpu: u64::from_le_bytes(read(from)?),
            length: u64::from_le_bytes(read(from)?),
        };
        // Limit: COMPONENT_BYTES_MAX
        if order.length > COMPONENT_BYTES_MAX {
            return Err(invalid("an order for a file that is too large"));
        }
        Ok(order)
    }
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Whether code follows, or the reason why there is none.
    pub(super) is_compiled: bool,
    /// The digest of all that the code depends on, but the file.
    pub(super) settings: [u8; 32],
}

impl Reply {
    pub(super) const BYTES: usize = MAGIC.len() + 1 + 32;

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend(MAGIC);
        bytes.push(u8::from(self.is_compiled));
        bytes.extend(self.settings);
        bytes
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        read_magic(from)?;
        let [is_compiled] = read(from)?;
        Ok(Self {
            is_compiled: match is_compiled {
                0 => false,
                1 => true,
                _ => return Err(invalid("an unknown reply")),
            },
            settings: read(from)?,
        })
    }
}

fn read_magic(from: &mut impl Read) -> io::Result<()> {
    if &read(from)? == MAGIC {
        Ok(())
    } else {
        Err(invalid(
            "something other than an order or reply of this version",
        ))
    }
}

fn read<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Order = Order {
        target: Target {
            class: Class::Concurrent,
            debug_info: DebugInfo::Used,
        },
        form: Form::Module,
        memory: 1 << 40,
        cpu: 3,
        length: 5,
    };

    #[test]
    fn what_is_written_is_read_and_no_more() {
        let bytes = [&ORDER.encode()[..], b"file"].concat();
        let mut rest = &bytes[..];
        assert_eq!(Order::read(&mut rest).unwrap(), ORDER);
        assert_eq!(rest, b"file");

        let reply = Reply {
            is_compiled: true,
            settings: [7; 32],
        };
        let bytes = reply.encode();
        assert_eq!(bytes.len(), Reply::BYTES);
        assert_eq!(Reply::read(&mut &bytes[..]).unwrap(), reply);
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let good = ORDER.encode();
        for length in 0..good.len() {
            assert!(Order::read(&mut &good[..length]).is_err(), "{length}");
        }
        for (at, byte) in [(0, b'W'), (8, 2), (9, 2), (10, 2), (34, 1)] {
            let mut bad = good.clone();
            bad[at] = byte;
            assert!(Order::read(&mut &bad[..]).is_err(), "{at}");
        }
    }
}
