//! What is told of the apps: which releases there are, which are served, and what went wrong.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::Apps;
use super::changes::ChangeError;
use super::slot::{Slot, Trouble};
use crate::state::{Digest, Origin, Release, Sticky};

/// An app.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AppStatus {
    /// Its name.
    pub name: String,
    /// Where it answers.
    pub routes: Vec<String>,
    /// The file that it comes from.
    pub component: String,
    /// The release that answers requests; none if nothing was loaded yet, or could be.
    pub active: Option<String>,
    /// A second release that gets a part of them.
    pub split: Option<SplitStatus>,
    /// Whether it is in memory.
    pub is_loaded: bool,
    /// Why the last change was refused.
    pub trouble: Option<TroubleStatus>,
}

/// A part of the requests for a second release.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SplitStatus {
    /// The release.
    pub release: String,
    /// Of a hundred requests, how many.
    pub percent: u8,
    /// Whether a client stays with the release that it got.
    #[schema(value_type = String)]
    pub sticky: Sticky,
}

/// Why a change was refused.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TroubleStatus {
    /// When that was.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub at: OffsetDateTime,
    /// What was to be served, and why it is not.
    pub why: String,
}

/// A release of an app.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseStatus {
    /// The first digits of its digest, by which it is called.
    pub id: String,
    /// The SHA-256 of its component.
    pub digest: String,
    /// Bytes of its component.
    pub bytes: u64,
    /// When it was first, or again, made active or given a part of the requests.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created: OffsetDateTime,
    /// Where it came from.
    pub origin: String,
    /// Whether it answers requests.
    pub is_active: bool,
    /// Of a hundred requests, how many it gets as the second release.
    pub percent: Option<u8>,
}

impl Apps {
    /// Every app, by name.
    pub fn list(&self) -> Vec<AppStatus> {
        let slots = self.slots();
        slots.values().map(|slot| app(slot)).collect()
    }

    /// The app of this name.
    pub fn app(&self, name: &str) -> Result<AppStatus, ChangeError> {
        let slot = self.slot(name).ok_or_else(|| self.unknown(name))?;
        Ok(app(&slot))
    }

    /// The releases of an app that are kept, the newest first.
    pub fn releases(&self, name: &str) -> Result<Vec<ReleaseStatus>, ChangeError> {
        let slot = self.slot(name).ok_or_else(|| self.unknown(name))?;
        let record = slot.record();
        let all = record.releases.iter().rev();
        Ok(all.map(|release| of_release(&slot, release)).collect())
    }

    /// Why what the operator wants was refused as a whole.
    pub fn trouble(&self) -> Option<TroubleStatus> {
        self.trouble_lock().clone().map(TroubleStatus::from)
    }

    pub(super) fn release_status(
        &self,
        slot: &Arc<Slot>,
        digest: Digest,
    ) -> Result<ReleaseStatus, ChangeError> {
        let record = slot.record();
        let release = record.find(&digest.release_id())?;
        Ok(of_release(slot, release))
    }
}

fn app(slot: &Slot) -> AppStatus {
    let serving = slot.serving();
    let id = |digest: Digest| digest.release_id().to_string();
    AppStatus {
        name: slot.name.clone(),
        routes: serving
            .spec
            .routes
            .iter()
            .map(ToString::to_string)
            .collect(),
        component: serving.spec.program.component.display().to_string(),
        active: serving.active.as_ref().map(|release| id(release.digest)),
        split: serving.split.as_ref().map(|splitting| SplitStatus {
            release: id(splitting.release.digest),
            percent: splitting.rule.percent,
            sticky: splitting.rule.sticky,
        }),
        is_loaded: serving.is_loaded(),
        trouble: slot.trouble().map(TroubleStatus::from),
    }
}

fn of_release(slot: &Slot, release: &Release) -> ReleaseStatus {
    let serving = slot.serving();
    let digest = release.digest;
    ReleaseStatus {
        id: digest.release_id().to_string(),
        digest: digest.to_string(),
        bytes: release.bytes,
        created: release.created,
        origin: match &release.origin {
            Origin::File { path } => path.clone(),
            Origin::Deploy { file_name } => format!("deployed as {file_name}"),
        },
        is_active: serving
            .active
            .as_ref()
            .is_some_and(|active| active.digest == digest),
        percent: serving
            .split
            .as_ref()
            .filter(|splitting| splitting.release.digest == digest)
            .map(|splitting| splitting.rule.percent),
    }
}

impl From<Trouble> for TroubleStatus {
    fn from(trouble: Trouble) -> Self {
        Self {
            at: trouble.at,
            why: trouble.why,
        }
    }
}
