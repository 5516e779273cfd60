//! What is known of one app's releases: which is active, which came before it, which are kept.
//!
//! Owns the rules by which releases follow each other. Pure: it reads no clock and no file.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::digest::{Digest, ReleaseId};

/// Releases of an app that are kept, unless its manifest says otherwise: some days of deploys.
pub const RELEASES_KEPT: usize = 10;

/// The most that a manifest can ask for; the least is one.
pub const RELEASES_KEPT_MAX: usize = 1000;

/// The releases of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The release that takes requests. None until the first was activated.
    pub active: Option<Digest>,
    /// A second release that takes some of them.
    pub split: Option<Split>,
    /// The digest of the file that the manifest names, when it was last activated or refused. A
    /// file that still has it after a restart has not changed, and does not push a deploy away.
    pub source: Option<Digest>,
    /// Every release that is kept, the one that came last at the end.
    pub releases: Vec<Release>,
}

/// A version of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Of its component.
    pub digest: Digest,
    /// The component's length.
    pub bytes: u64,
    /// When it came, or came again.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// Where it came from.
    pub origin: Origin,
    /// The release that was active when this one came. A rollback goes there; the release may
    /// since have been dropped.
    pub replaced: Option<Digest>,
}

/// Where a release came from: for people, nothing is read from there again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A deploy.
    Deploy {
        /// The name of the file that was deployed.
        file_name: String,
    },
    /// The file that the manifest names.
    File {
        /// Its path.
        path: String,
    },
}

/// A share of the requests for a release that is not the active one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// The release.
    pub release: Digest,
    /// Its share, from 1 to 99.
    pub percent: u8,
    /// What keeps a client with the release that it met first.
    #[serde(default)]
    pub sticky: Sticky,
}

/// What keeps a client with one of two releases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sticky {
    /// The client's address.
    Client,
    /// A cookie.
    Cookie,
    /// Nothing: each request is decided anew.
    #[default]
    None,
}

/// Why a release could not be found, rolled back to, or given a share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The release is the active one already.
    #[error("release {0} is the active one: a split needs another")]
    Active(ReleaseId),
    /// Several releases begin so.
    #[error("several releases begin with {id}: give more digits of one of {found}")]
    Ambiguous {
        /// What was asked for.
        id: ReleaseId,
        /// The releases that begin so, in full.
        found: String,
    },
    /// What the active release replaced is no longer kept.
    #[error(
        "release {active} replaced {replaced}, which is no longer kept: name another; \
         there are {kept}"
    )]
    Dropped {
        /// The active release.
        active: ReleaseId,
        /// What it replaced.
        replaced: ReleaseId,
        /// The releases that are kept.
        kept: String,
    },
    /// The app has no active release.
    #[error("the app has no active release: deploy one first")]
    NoneActive,
    /// The active release is the app's first.
    #[error("release {active} replaced no other: name the one to roll back to; there are {kept}")]
    NoneReplaced {
        /// The active release.
        active: ReleaseId,
        /// The releases that are kept.
        kept: String,
    },
    /// A split's share is none.
    #[error("expected a percentage from 1 to 99, found {0}")]
    Percent(u8),
    /// No release begins so.
    #[error("there is no release {id}: there are {kept}")]
    Unknown {
        /// What was asked for.
        id: ReleaseId,
        /// The releases that are kept.
        kept: String,
    },
}

impl Record {
    /// The release whose digest begins so.
    pub fn find(&self, id: &ReleaseId) -> Result<&Release, ReleaseError> {
        let begins = |release: &&Release| id.begins(&release.digest);
        let found: Vec<&Release> = self.releases.iter().filter(begins).collect();
        match found.as_slice() {
            [] => Err(ReleaseError::Unknown {
                id: id.clone(),
                kept: self.kept(),
            }),
            [release] => Ok(release),
            several => Err(ReleaseError::Ambiguous {
                id: id.clone(),
                found: listed(several.iter().map(|release| release.digest.to_string())),
            }),
        }
    }

    /// The release of a digest.
    pub fn release(&self, digest: Digest) -> Option<&Release> {
        self.releases
            .iter()
            .find(|release| release.digest == digest)
    }

    /// Adds a release that takes no requests yet: one for a split.
    ///
    /// One that is there already becomes the newest, and what is active now is what it replaced,
    /// unless that is itself.
    pub fn add(&mut self, digest: Digest, origin: Origin, bytes: u64, now: OffsetDateTime) {
        let replaced = if self.active == Some(digest) {
            self.release(digest).and_then(|release| release.replaced)
        } else {
            self.active
        };
        self.releases.retain(|release| release.digest != digest);
        self.releases.push(Release {
            digest,
            bytes,
            created: now,
            origin,
            replaced,
        });
    }

    /// Adds a release and makes it the active one. Ends the split, which compared its release with
    /// another active one.
    pub fn activate(&mut self, digest: Digest, origin: Origin, bytes: u64, now: OffsetDateTime) {
        self.add(digest, origin, bytes, now);
        self.active = Some(digest);
        self.split = None;
    }

    /// Makes an older release the active one: the one that begins so, or what the active one
    /// replaced. Ends the split, and leaves every `replaced` as it is: doing it again goes back
    /// further.
    pub fn rollback(&mut self, to: Option<&ReleaseId>) -> Result<Digest, ReleaseError> {
        let digest = match to {
            Some(id) => self.find(id)?.digest,
            None => self.replaced()?,
        };
        self.active = Some(digest);
        self.split = None;
        Ok(digest)
    }

    /// Gives a release a share of the requests.
    pub fn split(
        &mut self,
        to: &ReleaseId,
        percent: u8,
        sticky: Sticky,
    ) -> Result<Digest, ReleaseError> {
        let release = self.find(to)?.digest;
        let active = self.active.ok_or(ReleaseError::NoneActive)?;
        if release == active {
            return Err(ReleaseError::Active(release.release_id()));
        }
        if !PERCENT.contains(&percent) {
            return Err(ReleaseError::Percent(percent));
        }
        self.split = Some(Split {
            release,
            percent,
            sticky,
        });
        Ok(release)
    }

    /// Gives all requests to the active release again. Returns the split that was.
    pub fn end_split(&mut self) -> Option<Split> {
        self.split.take()
    }

    /// Drops the oldest releases until so many are left, and returns their digests. More are left
    /// if more are needed: the active one, what it replaced, and the split's are never dropped.
    pub fn prune(&mut self, keep: usize) -> Vec<Digest> {
        let active = self.active.and_then(|active| self.release(active));
        let replaced = active.and_then(|release| release.replaced);
        let split = self.split.map(|split| split.release);
        let needed = [self.active, replaced, split];

        // Limit: RELEASES_KEPT
        let mut excess = self.releases.len().saturating_sub(keep);
        let mut dropped = Vec::new();
        self.releases.retain(|release| {
            let keeps = excess == 0 || needed.contains(&Some(release.digest));
            if !keeps {
                excess -= 1;
                dropped.push(release.digest);
            }
            keeps
        });
        dropped
    }

    /// Why the record cannot be one that this module made.
    pub(super) fn contradiction(&self) -> Option<String> {
        let named = [self.active, self.split.map(|split| split.release)];
        if let Some(missing) = named
            .into_iter()
            .flatten()
            .find(|digest| self.release(*digest).is_none())
        {
            return Some(format!(
                "it names {missing}, which is not among its releases"
            ));
        }
        if let Some(split) = self.split
            && (!PERCENT.contains(&split.percent) || self.active.is_none_or(|a| a == split.release))
        {
            let Split {
                release, percent, ..
            } = split;
            return Some(format!(
                "its split gives {percent} % to {release}: expected 1 to 99 % for a release \
                 beside the active one"
            ));
        }
        let mut seen = HashSet::new();
        self.releases
            .iter()
            .find(|release| !seen.insert(release.digest))
            .map(|release| format!("it has the release {} twice", release.digest))
    }

    /// What the active release replaced.
    fn replaced(&self) -> Result<Digest, ReleaseError> {
        let active = self
            .active
            .and_then(|digest| self.release(digest))
            .ok_or(ReleaseError::NoneActive)?;
        let Some(replaced) = active.replaced else {
            return Err(ReleaseError::NoneReplaced {
                active: active.digest.release_id(),
                kept: self.kept(),
            });
        };
        if self.release(replaced).is_none() {
            return Err(ReleaseError::Dropped {
                active: active.digest.release_id(),
                replaced: replaced.release_id(),
                kept: self.kept(),
            });
        }
        Ok(replaced)
    }

    /// The names of the releases, the newest first.
    fn kept(&self) -> String {
        listed(self.releases.iter().rev().map(|release| {
            let id = release.digest.release_id();
            if self.active == Some(release.digest) {
                format!("{id} (active)")
            } else {
                id.to_string()
            }
        }))
    }
}

/// The shares that a split can give.
const PERCENT: std::ops::RangeInclusive<u8> = 1..=99;

/// Names in a row, so many that a message stays readable.
fn listed(names: impl ExactSizeIterator<Item = String>) -> String {
    let total = names.len();
    if total == 0 {
        return "none".to_owned();
    }
    let shown: Vec<String> = names.take(LISTED_MAX).collect();
    let text = shown.join(", ");
    // Limit: LISTED_MAX
    match total - shown.len() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// Releases that a message lists.
const LISTED_MAX: usize = 20;

#[cfg(test)]
mod tests;
