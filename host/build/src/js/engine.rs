//! What evaluates an app, and is in its component.

use serde::{Deserialize, Serialize};

use crate::error::BuildError;

/// An engine of JavaScript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Engine {
    /// Small, and quick to begin; the package `wasgi` gives it the web's functions.
    #[default]
    QuickJs,
    /// Large, with more of the web's functions, `fetch` among them.
    StarlingMonkey,
}

impl Engine {
    /// Finds an engine by its name in `[build]`.
    pub(super) fn named(name: &str) -> Result<Self, BuildError> {
        match name {
            "quickjs" => Ok(Self::QuickJs),
            "starlingmonkey" => Ok(Self::StarlingMonkey),
            other => Err(BuildError::usage(format!(
                "expected one of the engines quickjs, starlingmonkey, got {other:?}"
            ))),
        }
    }
}
