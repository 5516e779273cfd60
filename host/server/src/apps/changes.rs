//! What makes another release answer: a deploy, a rollback, a split.
//!
//! Each is the same: load, check its health, write down what will be served, serve it. Whatever
//! fails leaves what is served as it was. Changes of one app go one after another.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use super::Apps;
use super::loader::Refused;
use super::slot::{Release, Serving, Slot, Splitting};
use super::spec::AppSpec;
use super::status::ReleaseStatus;
use crate::state::{
    Blob, Digest, HexError, Origin, Record, ReleaseError, ReleaseId, State, StateError, Sticky,
};

/// Why a change was not made.
#[derive(Debug)]
pub enum ChangeError {
    /// There is no app of this name. The names of those that are there.
    NoApp(String, Vec<String>),
    /// What was given is not the beginning of a release's digest.
    NoId(HexError),
    /// There is no such release, or nothing to go back to.
    Release(ReleaseError),
    /// The release cannot be given requests.
    Refused(Refused),
    /// The state folder cannot be written to.
    State(StateError),
    /// The host has no state folder.
    Stateless,
    /// The app of this name is served from its source.
    FromSource(String),
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoApp(name, there) => {
                let there = there.join(", ");
                write!(f, "there is no app {name}: expected one of {there}")
            }
            Self::NoId(error) => error.fmt(f),
            Self::Release(error) => error.fmt(f),
            Self::Refused(refused) => refused.fmt(f),
            Self::State(error) => f.write_str(&chain(error)),
            Self::FromSource(name) => write!(
                f,
                "{name} is served from its source, of which there are no releases: \
                 build it with `wasgi build`, and serve the component"
            ),
            Self::Stateless => f.write_str("the host has no state folder: start it with `--state`"),
        }
    }
}

impl From<Refused> for ChangeError {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<HexError> for ChangeError {
    fn from(error: HexError) -> Self {
        Self::NoId(error)
    }
}

impl From<ReleaseError> for ChangeError {
    fn from(error: ReleaseError) -> Self {
        Self::Release(error)
    }
}

impl From<StateError> for ChangeError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// A part of the requests for a second release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Of a hundred requests, how many: 1 to 99.
    pub percent: u8,
    /// Whether a client stays with the release that it got.
    pub sticky: Sticky,
}

impl Apps {
    /// Makes a component that the state folder holds an app's active release, or gives it a share
    /// of the requests.
    pub async fn deploy(
        self: &Arc<Self>,
        name: &str,
        component: Blob,
        file_name: String,
        share: Option<Share>,
    ) -> Result<ReleaseStatus, ChangeError> {
        let (slot, state) = self.changeable(name)?;
        let digest = component.digest();
        // What is active now is what a rollback goes back to. If it cannot be loaded, this is the
        // way out.
        let _tried = self.wake(&slot).await;
        let _changing = slot.changing.lock().await;
        let spec = Arc::clone(&slot.serving().spec);
        let binary = self.binary(&spec, digest).await?;
        let bytes = binary.bytes().len() as u64;
        let loaded = self.checked(&spec, binary).await?;
        let release = Release::new(digest, Some(loaded), true);
        let mut record = Record::clone(&slot.record());
        let (origin, now) = (Origin::Deploy { file_name }, OffsetDateTime::now_utc());
        match share {
            None => record.activate(digest, origin, bytes, now),
            Some(share) => {
                record.add(digest, origin, bytes, now);
                record.split(&digest.release_id(), share.percent, share.sticky)?;
            }
        }
        let dropped = record.prune(self.options.releases);
        self.switch(&slot, &state, spec, release, record).await?;
        if !dropped.is_empty() {
            drop(spawn_blocking(move || collect(&state)));
        }
        self.release_status(&slot, digest)
    }

    /// Goes back to an earlier release: the one that the active one replaced, or the one whose id
    /// begins so.
    pub async fn rollback(
        self: &Arc<Self>,
        name: &str,
        to: Option<&str>,
    ) -> Result<ReleaseStatus, ChangeError> {
        let (slot, state) = self.changeable(name)?;
        let _tried = self.wake(&slot).await;
        let _changing = slot.changing.lock().await;
        let spec = Arc::clone(&slot.serving().spec);
        let mut record = Record::clone(&slot.record());
        let to = to.map(str::parse::<ReleaseId>).transpose()?;
        let digest = record.rollback(to.as_ref())?;
        let release = self.loaded_or_load(&slot, &spec, digest).await?;
        self.switch(&slot, &state, spec, release, record).await?;
        self.release_status(&slot, digest)
    }

    /// Gives a release a share of the requests, or with none ends that: the active one takes all.
    pub async fn split(
        self: &Arc<Self>,
        name: &str,
        split: Option<(&str, Share)>,
    ) -> Result<(), ChangeError> {
        let (slot, state) = self.changeable(name)?;
        self.wake(&slot).await?;
        let _changing = slot.changing.lock().await;
        let serving = slot.serving();
        let spec = Arc::clone(&serving.spec);
        let mut record = Record::clone(&slot.record());
        let release = match split {
            None => {
                record.end_split();
                None
            }
            Some((prefix, share)) => {
                let id: ReleaseId = prefix.parse()?;
                let digest = record.split(&id, share.percent, share.sticky)?;
                Some(self.loaded_or_load(&slot, &spec, digest).await?)
            }
        };
        let active = serving.active.clone();
        match release.or(active) {
            Some(release) => self.switch(&slot, &state, spec, release, record).await,
            None => Err(ChangeError::Refused(Refused::Host(
                "nothing of it is loaded".to_owned(),
            ))),
        }
    }

    /// Writes down what an app will serve, then serves it.
    async fn switch(
        &self,
        slot: &Slot,
        state: &Arc<State>,
        spec: Arc<AppSpec>,
        release: Arc<Release>,
        record: Record,
    ) -> Result<(), ChangeError> {
        let _keeping = slot.keeping.lock().await;
        let _writing = self.writing.read().await;
        let (state, name) = (Arc::clone(state), slot.name.clone());
        let written = spawn_blocking(move || state.write(&name, &record).map(|()| record)).await;
        let record = written.map_err(|error| Refused::Host(error.to_string()))??;
        let serving = match record.split {
            Some(rule) if rule.release == release.digest => {
                let old = slot.serving();
                let splitting = |active: &Arc<Release>| match &old.split {
                    Some(split) if split.rule.release == rule.release => split.with(release, rule),
                    _ => Splitting::new(active.digest, release, rule, &spec),
                };
                Serving {
                    split: old.active.as_ref().map(splitting),
                    active: old.active.clone(),
                    spec: Arc::clone(&spec),
                }
            }
            _ => Serving::one(spec, release),
        };
        for release in serving.releases() {
            tracing::info!(app = slot.name, release = %release.digest.release_id(), "serves a release");
        }
        slot.set_record(record);
        slot.serve(serving);
        slot.forget_trouble();
        Ok(())
    }

    async fn loaded_or_load(
        self: &Arc<Self>,
        slot: &Slot,
        spec: &Arc<AppSpec>,
        digest: Digest,
    ) -> Result<Arc<Release>, Refused> {
        let serving = slot.serving();
        let known = serving
            .releases()
            .find(|release| release.digest == digest && release.loaded().is_some());
        match known {
            Some(release) => Ok(Arc::clone(release)),
            None => self.release(spec, digest).await,
        }
    }

    fn changeable(&self, name: &str) -> Result<(Arc<Slot>, Arc<State>), ChangeError> {
        let slot = self.slot(name).ok_or_else(|| self.unknown(name))?;
        if slot.serving().spec.source.is_some() {
            return Err(ChangeError::FromSource(slot.name.clone()));
        }
        let state = self.state.clone().ok_or(ChangeError::Stateless)?;
        Ok((slot, state))
    }

    pub(super) fn unknown(&self, name: &str) -> ChangeError {
        ChangeError::NoApp(name.to_owned(), self.slots().keys().cloned().collect())
    }
}

/// An error and what it comes from, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

/// Removes the components of releases that are kept no longer.
pub(super) fn collect(state: &State) {
    if let Err(error) = state.collect() {
        tracing::warn!("cannot remove old releases: {}", chain(&error));
    }
}
