//! Loading what is asked for: an app's first release, and one that was let go.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tokio::time::Instant;
use wasgi_gateway::Binary;

use super::changes::chain;
use super::loader::{Loaded, Refused};
use super::slot::{Release, Serving, Slot, Splitting};
use super::spec::AppSpec;
use super::{Apps, to_the_end};
use crate::state::Digest;

impl Apps {
    /// Makes an app ready for requests, if it is not.
    pub(super) async fn wake(self: &Arc<Self>, slot: &Arc<Slot>) -> Result<(), Refused> {
        let changing = Arc::clone(&slot.changing).lock_owned().await;
        if slot.serving().is_loaded() {
            return Ok(());
        }
        if let Some(why) = slot.recent_trouble() {
            return Err(Refused::Host(why));
        }
        let (this, slot) = (Arc::clone(self), Arc::clone(slot));
        to_the_end(async move {
            let began = Instant::now();
            let result = this.bring_up(&slot).await;
            if let Err(refused) = &result {
                slot.note_trouble(refused.to_string(), began.elapsed());
            }
            drop(changing);
            result
        })
        .await
    }

    async fn bring_up(self: &Arc<Self>, slot: &Arc<Slot>) -> Result<(), Refused> {
        let serving = slot.serving();
        if serving.active.is_none() {
            return self.resolve(slot, Arc::clone(&serving.spec)).await;
        }
        for release in serving.releases() {
            if release.loaded().is_none() {
                let binary = self.binary(&serving.spec, release.digest).await?;
                let loaded = self.loader.load(&serving.spec, binary).await?;
                release.set_loaded(loaded);
            }
        }
        Ok(())
    }

    /// Decides what an app of which nothing is served begins with: its file if that has changed
    /// since the last release was activated, else that release. For whoever holds `changing`.
    pub(super) async fn resolve(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        spec: Arc<AppSpec>,
    ) -> Result<(), Refused> {
        let record = slot.record();
        let file = read(spec.program.component.clone()).await;
        let Some(active) = record.active.filter(|_| spec.source.is_none()) else {
            return self.activate_file(slot, spec, file?).await;
        };
        match file {
            Ok(binary) if record.source == Some(digest_of(&binary)) => {
                self.restore(slot, spec, active).await
            }
            Ok(binary) => match self.activate_file(slot, Arc::clone(&spec), binary).await {
                Ok(()) => Ok(()),
                Err(refused) => self.fall_back(slot, spec, active, refused).await,
            },
            Err(refused) => self.fall_back(slot, spec, active, refused).await,
        }
    }

    async fn fall_back(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        spec: Arc<AppSpec>,
        active: Digest,
        refused: Refused,
    ) -> Result<(), Refused> {
        self.restore(slot, spec, active).await?;
        slot.refuse(format!("release {} stays: {refused}", active.release_id()));
        Ok(())
    }

    /// Serves what was served when the host last ran.
    async fn restore(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        spec: Arc<AppSpec>,
        active: Digest,
    ) -> Result<(), Refused> {
        let release = self.release(&spec, active).await?;
        let mut serving = Serving::one(Arc::clone(&spec), release);
        if let Some(rule) = slot.record().split {
            match self.release(&spec, rule.release).await {
                Ok(release) => {
                    serving.split = Some(Splitting::new(active, release, rule, &spec));
                }
                Err(refused) => slot.refuse(format!(
                    "release {} gets no part of the requests: {refused}",
                    rule.release.release_id()
                )),
            }
        }
        slot.serve(serving);
        Ok(())
    }

    /// Loads a release that is kept, or whose file is there.
    pub(super) async fn release(
        self: &Arc<Self>,
        spec: &Arc<AppSpec>,
        digest: Digest,
    ) -> Result<Arc<Release>, Refused> {
        let binary = self.binary(spec, digest).await?;
        let loaded = self.checked(spec, binary).await?;
        Ok(Release::new(digest, Some(loaded), self.state.is_some()))
    }

    /// Loads an app of this component and has it answer its health check.
    pub(super) async fn checked(
        self: &Arc<Self>,
        spec: &Arc<AppSpec>,
        binary: Binary,
    ) -> Result<Loaded, Refused> {
        let loaded = self.loader.load(spec, binary).await?;
        self.loader.probe(spec, &loaded).await?;
        Ok(loaded)
    }

    /// The component of a release: as it is kept, else from the app's file if it is still that.
    pub(super) async fn binary(
        &self,
        spec: &Arc<AppSpec>,
        digest: Digest,
    ) -> Result<Binary, Refused> {
        let kept = match self.state.clone() {
            None => Err(Refused::Host(format!(
                "release {} is not kept: the host has no state folder",
                digest.release_id()
            ))),
            Some(state) => spawn_blocking(move || {
                let blob = state.open_blob(digest);
                blob.map_err(|error| Refused::Host(chain(&error)))
                    .and_then(|path| Ok(Binary::read(&path)?))
            })
            .await
            .unwrap_or_else(|error| Err(Refused::Host(error.to_string()))),
        };
        match kept {
            Ok(binary) => Ok(binary),
            Err(refused) => match read(spec.program.component.clone()).await {
                Ok(binary) if digest_of(&binary) == digest => Ok(binary),
                _ => Err(refused),
            },
        }
    }
}

/// Reads a component.
pub(super) async fn read(path: PathBuf) -> Result<Binary, Refused> {
    spawn_blocking(move || Binary::read(&path))
        .await
        .unwrap_or_else(|error| Err(wasgi_gateway::LoadError::new(error.to_string())))
        .map_err(Refused::Load)
}

/// The digest that names a release of this component.
pub(super) fn digest_of(binary: &Binary) -> Digest {
    let digits = binary.digest().parse();
    digits.expect("the gateway writes a SHA-256 in hexadecimal digits")
}
