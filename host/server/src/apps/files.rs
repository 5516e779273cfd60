//! What follows from an app's files and settings: that another release is active, or the same one
//! with other settings or other middleware.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;
use tokio::task::spawn_blocking;
use wasgi_gateway::Binary;

use super::Apps;
use super::changes::{chain, collect};
use super::loader::Refused;
use super::slot::{Release, Serving, Slot, Splitting};
use super::spec::AppSpec;
use super::waking::{digest_of, read};
use crate::state::{Origin, Record, State, StateError};

impl Apps {
    /// Looks at an app's files again. For when they changed.
    pub(super) async fn refresh(self: &Arc<Self>, slot: &Arc<Slot>) {
        let changing = Arc::clone(&slot.changing).lock_owned().await;
        slot.is_stale.store(false, Ordering::Release);
        let serving = slot.serving();
        let spec = Arc::clone(&serving.spec);
        let result = if serving.active.is_some() {
            self.refresh_active(slot, &serving).await
        } else if slot.trouble().is_some() {
            self.resolve(slot, spec).await
        } else {
            // Nobody has asked for it yet.
            Ok(())
        };
        drop(changing);
        match result {
            Ok(()) => slot.forget_trouble(),
            Err(refused) => slot.refuse(match &serving.active {
                Some(active) => format!("release {} stays: {refused}", active.digest.release_id()),
                None => format!("cannot serve {}: {refused}", slot.name),
            }),
        }
    }

    async fn refresh_active(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        serving: &Serving,
    ) -> Result<(), Refused> {
        let spec = Arc::clone(&serving.spec);
        let binary = read(spec.program.component.clone()).await?;
        let known = match (&spec.source, &serving.active) {
            (Some(_), Some(active)) => Some(active.digest),
            _ => slot.record().source,
        };
        if known != Some(digest_of(&binary)) {
            return self.activate_file(slot, spec, binary).await;
        }
        // It is the middleware's file that changed, or nothing.
        if has_same_middleware(serving).await? {
            return Ok(());
        }
        self.reload(slot, spec).await?;
        tracing::info!(app = slot.name, "its middleware was loaded anew");
        Ok(())
    }

    /// Loads what is served anew, for other settings or other middleware.
    async fn reload(self: &Arc<Self>, slot: &Arc<Slot>, spec: Arc<AppSpec>) -> Result<(), Refused> {
        let old = slot.serving();
        let mut new = Serving::nothing(Arc::clone(&spec));
        if let Some(active) = &old.active {
            new.active = Some(self.release(&spec, active.digest).await?);
        }
        if let Some(split) = &old.split {
            let release = self.release(&spec, split.release.digest).await?;
            new.split = new
                .active
                .as_ref()
                .map(|active| Splitting::new(active.digest, release, split.rule, &spec));
        }
        slot.serve(new);
        Ok(())
    }

    /// Begins an app anew, because its source changed. Requests under way go on with what it was.
    pub(super) async fn renew(self: &Arc<Self>, slot: &Arc<Slot>) {
        let _changing = slot.changing.lock().await;
        let serving = slot.serving();
        let Some(active) = &serving.active else {
            return;
        };
        if let Some(loaded) = active.loaded() {
            let loaded = self.loader.renewed(&serving.spec, &loaded);
            let release = Release::new(active.digest, Some(loaded), false);
            slot.serve(Serving::one(Arc::clone(&serving.spec), release));
            tracing::info!(app = slot.name, "its source changed");
        }
    }

    /// Gives an app other settings.
    pub(super) async fn respecify(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        spec: Arc<AppSpec>,
    ) -> Result<(), Refused> {
        let _changing = slot.changing.lock().await;
        let serving = slot.serving();
        if serving.spec == spec {
            return Ok(());
        }
        let other_file = serving.spec.program.component != spec.program.component;
        let result = match &serving.active {
            None => {
                slot.serve(Serving::nothing(spec));
                Ok(())
            }
            Some(_) if other_file => match read(spec.program.component.clone()).await {
                Ok(binary) => self.activate_file(slot, spec, binary).await,
                Err(refused) => Err(refused),
            },
            Some(_) => self.reload(slot, spec).await,
        };
        match &result {
            Ok(()) => slot.forget_trouble(),
            Err(refused) => slot.refuse(format!("its settings stay as they were: {refused}")),
        }
        result
    }

    /// Makes the component in an app's file its active release. For whoever holds `changing`.
    pub(super) async fn activate_file(
        self: &Arc<Self>,
        slot: &Arc<Slot>,
        spec: Arc<AppSpec>,
        binary: Binary,
    ) -> Result<(), Refused> {
        let digest = digest_of(&binary);
        let loaded = self.checked(&spec, binary.clone()).await?;
        let release = Release::new(digest, Some(loaded), false);
        if spec.source.is_some() {
            slot.serve(Serving::one(spec, release));
            return Ok(());
        }
        let mut record = Record::clone(&slot.record());
        let origin = Origin::File {
            path: spec.program.component.display().to_string(),
        };
        let bytes = binary.bytes().len() as u64;
        record.activate(digest, origin, bytes, OffsetDateTime::now_utc());
        record.source = Some(digest);
        let dropped = record.prune(self.options.releases);
        let before = slot.record();
        let is_known = before.active == record.active && before.source == record.source;
        let kept = Kept {
            release: Arc::clone(&release),
            binary,
            record: (!is_known).then(|| record.clone()),
            has_dropped: !dropped.is_empty(),
        };
        let keeping = Arc::clone(&slot.keeping).lock_owned().await;
        if before.active.is_none() {
            // Until it is written down, its file is what would be served after a crash, too.
            drop(tokio::spawn(Arc::clone(self).keep(
                keeping,
                Arc::clone(slot),
                kept,
            )));
        } else {
            Arc::clone(self).keep(keeping, Arc::clone(slot), kept).await;
            tracing::info!(app = slot.name, release = %digest.release_id(), "serves another file");
        }
        slot.serve(Serving::one(spec, release));
        slot.set_record(record);
        Ok(())
    }

    /// Keeps a release that came as a file, if there is a state folder. That it cannot be kept is
    /// no reason not to serve it.
    async fn keep(self: Arc<Self>, keeping: OwnedMutexGuard<()>, slot: Arc<Slot>, kept: Kept) {
        let Some(state) = self.state.clone() else {
            return;
        };
        let _writing = self.writing.read().await;
        let name = slot.name.clone();
        let written = spawn_blocking(move || {
            let result = write(&state, &name, &kept);
            if let Err(error) = &result {
                let error = chain(error);
                tracing::warn!(app = name, "cannot keep a release: {error}");
            } else if kept.has_dropped {
                collect(&state);
            }
            kept.release
                .is_kept
                .store(result.is_ok(), Ordering::Relaxed);
        });
        // It is cancelled by the end of the host alone: what is kept is then what was kept before.
        if let Err(error) = written.await
            && !error.is_cancelled()
        {
            tracing::warn!(app = slot.name, "cannot keep a release: {error}");
        }
        drop(keeping);
    }
}

/// Whether what is served has the middleware that is in its files. What is not loaded has none.
async fn has_same_middleware(serving: &Serving) -> Result<bool, Refused> {
    let spec = Arc::clone(&serving.spec);
    let loaded = serving.active.as_ref().and_then(|active| active.loaded());
    let Some(loaded) = loaded.filter(|_| !spec.middleware.is_empty()) else {
        return Ok(spec.middleware.is_empty());
    };
    match spawn_blocking(move || loaded.has_middleware_of(&spec)).await {
        Ok(same) => same.map_err(Refused::Load),
        Err(error) => Err(Refused::Host(error.to_string())),
    }
}

/// A release that is to be kept.
struct Kept {
    release: Arc<Release>,
    binary: Binary,
    /// What was decided about it; none if that is known.
    record: Option<Record>,
    /// Whether older releases are to be forgotten.
    has_dropped: bool,
}

/// Writes down a release's component, and then what was decided about it.
fn write(state: &State, name: &str, kept: &Kept) -> Result<(), StateError> {
    let _pinned = state.put(kept.binary.bytes())?;
    match &kept.record {
        Some(record) => state.write(name, record),
        None => Ok(()),
    }
}
