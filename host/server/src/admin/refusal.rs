//! Why something was not done, and which status that is.
//!
//! The only place of the admin interface that names the status of an error.

use std::io::ErrorKind;

use hyper::StatusCode;

use super::messages::ErrorMessage;
use crate::apps::{ChangeError, Refused};
use crate::state::{ReleaseError, StateError};

/// Why something was not done.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: ErrorMessage,
    /// The methods that are allowed, if it was the method.
    pub(super) allow: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            message: ErrorMessage {
                error: error.into(),
                hint: None,
            },
            allow: None,
        }
    }

    /// What was asked for is not as it should be.
    pub(super) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// The client was too slow.
    pub(super) fn late(error: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, error)
    }

    /// More came than is taken.
    pub(super) fn large(error: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    }

    /// The host cannot do it now.
    pub(super) fn unavailable(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    /// Nothing has this path.
    pub(super) fn no_path(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no path {path:?}"))
            .hint("GET /openapi.json lists those that there are")
    }

    /// Something has this path, but takes other methods.
    pub(super) fn no_method(method: &str, allow: &'static str) -> Self {
        let error = format!("expected the method {allow}, got {method:?}");
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, error)
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.message.hint = Some(hint.into());
        self
    }
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        let text = error.to_string();
        match error {
            ChangeError::NoApp(..) => Self::new(StatusCode::NOT_FOUND, text),
            ChangeError::NoId(_) => Self::bad(text),
            ChangeError::Release(error) => Self::new(of_release(&error), text),
            ChangeError::Refused(Refused::Load(error)) => {
                let refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, text);
                match error.hint() {
                    Some(hint) => refusal.hint(hint),
                    None => refusal,
                }
            }
            ChangeError::Refused(Refused::Unhealthy(_)) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, text)
            }
            ChangeError::FromSource(_) => Self::new(StatusCode::CONFLICT, text),
            ChangeError::State(error) => Self::new(of_state(&error), text),
            ChangeError::Refused(Refused::Host(_)) | ChangeError::Stateless => {
                Self::unavailable(text)
            }
        }
    }
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        ChangeError::from(error).into()
    }
}

fn of_release(error: &ReleaseError) -> StatusCode {
    match error {
        ReleaseError::Unknown { .. } => StatusCode::NOT_FOUND,
        ReleaseError::Percent(_) => StatusCode::BAD_REQUEST,
        ReleaseError::Active(_)
        | ReleaseError::Ambiguous { .. }
        | ReleaseError::Dropped { .. }
        | ReleaseError::NoneActive
        | ReleaseError::NoneReplaced { .. } => StatusCode::CONFLICT,
    }
}

fn of_state(error: &StateError) -> StatusCode {
    match error {
        StateError::Io { source, .. } => match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                StatusCode::INSUFFICIENT_STORAGE
            }
            _ => StatusCode::SERVICE_UNAVAILABLE,
        },
        StateError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        // The release is there no longer; the way out is to deploy it again.
        StateError::DamagedBlob { .. } | StateError::MissingBlob { .. } => StatusCode::CONFLICT,
        StateError::DamagedRecord { .. }
        | StateError::Held { .. }
        | StateError::NotPrivate { .. }
        | StateError::UnfitRecord { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;

    use super::*;

    fn io_failed(kind: ErrorKind) -> StateError {
        StateError::Io {
            action: "write",
            path: PathBuf::from("blobs"),
            source: io::Error::from(kind),
        }
    }

    #[test]
    fn a_status_says_who_can_mend_it() {
        let id = "3fa9c07be214".parse().unwrap();
        let no_id = "x".parse::<crate::state::ReleaseId>().unwrap_err();
        let kept = String::new();
        for (error, status) in [
            (ChangeError::NoApp("a".to_owned(), Vec::new()), 404),
            (no_id.into(), 400),
            (ReleaseError::Unknown { id, kept }.into(), 404),
            (ReleaseError::Percent(0).into(), 400),
            (ReleaseError::NoneActive.into(), 409),
            (Refused::Unhealthy("ill".to_owned()).into(), 422),
            (Refused::Host("no threads".to_owned()).into(), 503),
            (StateError::TooLarge { bytes_max: 1 }.into(), 413),
            (io_failed(ErrorKind::StorageFull).into(), 507),
            (io_failed(ErrorKind::QuotaExceeded).into(), 507),
            (io_failed(ErrorKind::NotFound).into(), 503),
            (ChangeError::Stateless, 503),
        ] {
            let text = error.to_string();
            let refusal = Refusal::from(error);
            assert_eq!(refusal.status.as_u16(), status, "{text}");
            assert_eq!(refusal.message.error, text);
        }
    }

    #[test]
    fn a_component_that_cannot_be_loaded_is_refused_with_the_way_out() {
        let refused = Refused::Load(wasgi_gateway::LoadError::new("it is no component"));
        let refusal = Refusal::from(ChangeError::from(refused));
        assert_eq!(refusal.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refusal.message.error, "it is no component");
    }
}
