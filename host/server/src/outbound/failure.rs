//! Why an exchange failed, from hyper's errors and the system's.
//!
//! What this crate's own parts refuse passes through hyper as the `OutboundError` that it is.

use std::error::Error;
use std::io;

use wasgi_gateway::OutboundError;

/// Why there is no connection: what the resolver said, or the system.
pub(super) fn refused(error: &(dyn Error + 'static)) -> OutboundError {
    if let Some(error) = cause::<OutboundError>(error) {
        return error.clone();
    }
    match cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::TimedOut) => OutboundError::ConnectionTimeout,
        _ => OutboundError::ConnectionRefused(chain(error)),
    }
}

/// Why there is no response.
pub(super) fn failed(error: &(dyn Error + 'static)) -> OutboundError {
    if let Some(error) = cause::<OutboundError>(error) {
        return error.clone();
    }
    match cause::<hyper::Error>(error) {
        Some(error) => broken(error),
        None => OutboundError::ConnectionTerminated(chain(error)),
    }
}

/// Why an exchange broke off.
pub(super) fn broken(error: &hyper::Error) -> OutboundError {
    let invalid = cause::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        )
    });
    if invalid || error.is_parse() || error.is_user() {
        OutboundError::Protocol(chain(error))
    } else {
        OutboundError::ConnectionTerminated(chain(error))
    }
}

/// The first error of a type among an error and its causes.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error and its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    texts.join(": ")
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
