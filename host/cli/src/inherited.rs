//! What the process that started this one handed over: descriptors by name, and systemd's service.
//!
//! Owns the crate's only `unsafe`, and the form in which descriptors are named to a child. What
//! they are for is known by `listeners` and `upgrade`.

use std::env;
use std::ffi::OsStr;
use std::os::fd::{AsRawFd as _, OwnedFd, RawFd};
use std::process::Command;

use command_fds::CommandFdExt as _;
use command_fds::inherited::{init_inherited_fds, take_fd_ownership};

use crate::failure::{Failure, reason};
use crate::systemd::{self, Service};

/// Listening sockets that the host before had bound.
pub(crate) const LISTEN: &str = "listen";

/// Listening sockets that systemd had bound, whoever handed them over.
pub(crate) const ACTIVATED: &str = "activated";

/// The lock of the state folder.
pub(crate) const STATE: &str = "state";

/// The pipe that tells the host before that this one serves.
pub(crate) const READY: &str = "ready";

/// A descriptor and what it is for.
pub(crate) type Named<Name> = (Name, OwnedFd);

/// What was handed over. Dropping it closes what nobody took.
#[derive(Debug)]
pub(crate) struct Inherited {
    descriptors: Vec<Named<String>>,
    /// The service of systemd that this process belongs to.
    pub(crate) service: Service,
}

impl Inherited {
    /// Takes everything out of the environment and the table of descriptors, so that no child sees
    /// it.
    ///
    /// # Safety
    ///
    /// No other thread runs, and nobody owns a descriptor yet but the three standard ones.
    #[expect(unsafe_code, reason = "what was handed over is owned by nobody yet")]
    pub(crate) unsafe fn take() -> Result<Self, Failure> {
        let service = Service::from_environment();
        let mut numbers = match env::var_os(VARIABLE) {
            Some(text) => parse(&text)?,
            None => Vec::new(),
        };
        let activated = sd_notify::listen_fds().map_err(|error| {
            let reason = reason(&error);
            Failure::usage(format!("cannot take what LISTEN_FDS names: {reason}"))
        })?;
        numbers.extend(activated.map(|number| (ACTIVATED.to_owned(), number)));
        for name in systemd::VARIABLES.iter().chain([&VARIABLE]) {
            // SAFETY: the caller has seen to it that no other thread reads the environment.
            unsafe { env::remove_var(name) };
        }
        let mut descriptors = Vec::new();
        if !numbers.is_empty() {
            // SAFETY: the caller has seen to it that nobody owns a descriptor yet.
            unsafe { init_inherited_fds() }.map_err(|error| {
                let reason = reason(&error);
                Failure::run_time(format!("cannot list what was handed over: {reason}"))
            })?;
        }
        for (name, number) in numbers {
            let descriptor = take_fd_ownership(number).map_err(|error| {
                Failure::usage(format!("cannot take what was handed over: {error}"))
            })?;
            descriptors.push((name, descriptor));
        }
        Ok(Self {
            descriptors,
            service,
        })
    }

    /// The descriptors of this name, in the order in which they were handed over.
    pub(crate) fn descriptors(&mut self, name: &str) -> Vec<OwnedFd> {
        self.descriptors
            .extract_if(.., |(other, _)| other == name)
            .map(|(_, descriptor)| descriptor)
            .collect()
    }
}

/// Lets a child inherit these descriptors, and tells it so. They stay open here until the command
/// is dropped.
pub(crate) fn hand_over(command: &mut Command, descriptors: Vec<Named<&str>>) {
    let names: Vec<_> = descriptors
        .iter()
        .map(|(name, descriptor)| format!("{name}:{}", descriptor.as_raw_fd()))
        .collect();
    let descriptors = descriptors.into_iter().map(|(_, descriptor)| descriptor);
    command
        .env(VARIABLE, names.join(","))
        .preserved_fds(descriptors.collect());
}

/// The variable that names descriptors: `listen:7,listen:8,ready:9`.
const VARIABLE: &str = "WASGI_INHERIT";

fn parse(text: &OsStr) -> Result<Vec<(String, RawFd)>, Failure> {
    let text = text.to_string_lossy();
    text.split(',')
        .map(|part| {
            let (name, number) = part.split_once(':')?;
            Some((name.to_owned(), number.parse().ok()?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            Failure::usage(format!(
                "expected NAME:NUMBER,… in {VARIABLE}, got {text:?}"
            ))
            .hint(format!(
                "a host sets {VARIABLE} for its successor; unset it"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_read() {
        let two = parse(OsStr::new("listen:7,lock:12")).unwrap();
        assert_eq!(two, [("listen".to_owned(), 7), ("lock".to_owned(), 12)]);
        for bad in ["", "7", "listen:", "listen:x", "listen:7,", "listen:7;8"] {
            let message = parse(OsStr::new(bad)).unwrap_err().to_string();
            assert!(message.contains("expected NAME:NUMBER"), "{bad}: {message}");
        }
    }

    #[test]
    fn a_child_sees_what_it_is_handed_and_no_more() {
        let (reader, writer) = std::io::pipe().unwrap();
        let number = writer.as_raw_fd();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("echo $WASGI_INHERIT > /proc/self/fd/{number}"),
        ]);
        hand_over(&mut command, vec![("ready", writer.into())]);
        assert!(command.status().unwrap().success());
        drop(command);
        let text = std::io::read_to_string(reader).unwrap();
        assert_eq!(text, format!("ready:{number}\n"));
    }
}
