//! Python: its source is run as it is, by a component for all such apps.
//!
//! Owns where such an app finds its files, and which limits it has that one that was built does not.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use wasgi_build::{Cache, python as py};
use wasgi_gateway::{Access, AppSettings, Dir, Isolation, Limits, Reuse};

use super::label;
use crate::args::IsolationChoice;
use crate::failure::{Failure, cannot};
use crate::plan::PlannedApp;
use crate::progress::Steps;

/// Gives an app what importing its source takes, and instances that are used again: each of them
/// imports the source first. `choice` is what the command line says.
pub(super) fn adapt(settings: &mut AppSettings, choice: Option<IsolationChoice>) {
    let limits = &mut settings.limits;
    *limits = Limits {
        memory: limits.memory.max(MEMORY),
        cpu: limits.cpu.max(CPU),
        wall: limits.wall.max(WALL),
        concurrency: limits.concurrency.min(CONCURRENCY),
        ..limits.clone()
    };
    let reuse = match settings.isolation {
        Isolation::Reuse(reuse) => reuse,
        Isolation::Request => Reuse::DEFAULT,
    };
    settings.isolation = match choice {
        Some(IsolationChoice::Request) => Isolation::Request,
        None | Some(IsolationChoice::Reuse) => Isolation::Reuse(Reuse {
            memory: limits.memory,
            idle: IDLE,
            patience: PATIENCE,
            ..reuse
        }),
    };
}

/// What the first import of a large framework takes, before there is byte code of it.
const CPU: Duration = Duration::from_secs(60);
const WALL: Duration = Duration::from_secs(120);

/// Compiling source takes more than running it.
const MEMORY: u64 = 512 << 20;

/// Each instance may take all of that memory.
const CONCURRENCY: usize = 16;

/// Longer than a developer is away.
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);

/// Longer than most requests, so that they share one instance and what the app remembers in it;
/// shorter than importing the source.
const PATIENCE: Duration = Duration::from_millis(250);

/// Gives an app in source the component that runs it, and folders with what it needs.
pub(super) fn provide(
    app: &mut PlannedApp,
    cache: &Cache,
    folder: &Path,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let Some((project, python)) = app
        .source
        .as_ref()
        .and_then(|source| Some((&source.project, source.python()?)))
    else {
        return Ok(());
    };
    let site = py::site(project, cache, steps)?;
    let byte_code = byte_code(folder, &python.source)
        .map_err(|error| cannot("make a folder for byte code", &error))?;
    let dirs = [
        (&python.source, "/app", Access::ReadOnly),
        (&site.folder, "/site", Access::ReadOnly),
        (&byte_code, "/cache", Access::ReadWrite),
    ];
    for (host, guest, access) in dirs {
        if app.settings.dirs.iter().any(|dir| dir.guest == guest) {
            let name = &app.settings.name;
            return Err(
                Failure::usage(format!("the app {name} is granted a folder at {guest}"))
                    .at(app.place.clone())
                    .hint("give that folder another path: an app in source has its files there"),
            );
        }
        app.settings.dirs.push(Dir {
            host: host.clone(),
            guest: guest.to_owned(),
            access,
        });
    }
    let shown = python.source.display().to_string();
    let given = [
        ("WASGI_MODULE", python.module.clone()),
        ("WASGI_SOURCE", shown),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value));
    let built_in = python.env.clone();
    // What the manifest grants comes last, and so holds.
    app.settings
        .env
        .splice(0..0, given.into_iter().chain(built_in));
    app.component = component(cache, &site, steps)?;
    Ok(())
}

/// The component that runs source: it lies beside this program, or is built once. Requirements that
/// have native code are linked into one of their own.
fn component(cache: &Cache, site: &py::Site, steps: &mut Steps) -> Result<PathBuf, Failure> {
    if site.has_libraries() {
        return Ok(py::dev_component(cache, Some(site), steps)?);
    }
    let program = std::env::current_exe().map_err(|error| cannot("find its file", &error))?;
    let beside = program.with_file_name(COMPONENT);
    if beside.is_file() {
        return Ok(beside);
    }
    Ok(py::dev_component(cache, None, steps)?)
}

const COMPONENT: &str = "python.wasm";

/// The folder that keeps the byte code of a source. Those of the sources that were served least
/// recently are removed.
fn byte_code(cache: &Path, source: &Path) -> io::Result<PathBuf> {
    let all = cache.join("byte-code");
    let own = all.join(label(source));
    fs::create_dir_all(&own)?;
    // It says when the source was last served.
    fs::write(own.join("served"), [])?;
    let mut served = Vec::new();
    for entry in fs::read_dir(&all)? {
        let folder = entry?.path();
        if let Ok(mark) = fs::metadata(folder.join("served")) {
            served.push((mark.modified()?, folder));
        }
    }
    served.sort();
    // Limit: BYTE_CODE_MAX
    for (_, old) in served.iter().rev().skip(BYTE_CODE_MAX) {
        // Another host may do the same. What is in use is written anew.
        fs::remove_dir_all(old).unwrap_or_default();
    }
    Ok(own)
}

/// Sources of which byte code is kept. That of a large project is some 30 MiB.
const BYTE_CODE_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn byte_code_is_kept_of_a_few_sources() {
        let cache = tempfile::tempdir().unwrap();
        let folder = |number: usize| PathBuf::from(format!("/source/{number}"));
        let last = BYTE_CODE_MAX + 5;
        for number in 0..last {
            let own = byte_code(cache.path(), &folder(number)).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(number as u64);
            let mark = fs::File::options().write(true).open(own.join("served"));
            mark.unwrap().set_modified(time).unwrap();
        }
        let newest = byte_code(cache.path(), &folder(last)).unwrap();
        let kept = fs::read_dir(cache.path().join("byte-code"))
            .unwrap()
            .count();
        assert_eq!(kept, BYTE_CODE_MAX);
        assert!(newest.exists());
        assert!(
            !cache
                .path()
                .join("byte-code")
                .join(label(&folder(0)))
                .exists()
        );
    }

    #[test]
    fn an_app_in_source_has_what_importing_takes() {
        let mut settings = AppSettings::new("a");
        settings.limits.wall = Duration::from_secs(3600);
        adapt(&mut settings, None);
        let limits = &settings.limits;
        assert_eq!((limits.cpu, limits.wall), (CPU, Duration::from_secs(3600)));
        assert_eq!((limits.memory, limits.concurrency), (MEMORY, CONCURRENCY));
        assert!(
            matches!(settings.isolation, Isolation::Reuse(reuse) if reuse.patience == PATIENCE)
        );
        adapt(&mut settings, Some(IsolationChoice::Request));
        assert_eq!(settings.isolation, Isolation::Request);
    }
}
