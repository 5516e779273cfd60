//! Apps in source: from a project's folder to a component that runs it, with what it needs.
//!
//! Owns where such an app finds its files, and which limits it has that one that was built does not.
//! What a project is and how its requirements are installed is for `wasgi-build` to know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use wasgi_build::{Cache, Language, Project, Settings, python};
use wasgi_gateway::{Access, AppSettings, Dir, Isolation, Limits, Reuse};
use wasgi_server::{Digest, SourceTree};

use crate::args::IsolationChoice;
use crate::failure::{Failure, Failures, cannot};
use crate::plan::{Plan, PlannedApp};
use crate::progress::Steps;

/// The source that an app is served from.
#[derive(Debug)]
pub(crate) struct PlannedSource {
    /// What it is.
    pub(crate) project: Project,
    /// The app in it.
    app: python::App,
    /// The file that lists what it requires, if it is named.
    requirements: Option<PathBuf>,
}

/// Looks for an app in a folder. What the settings do not say is looked for where frameworks have
/// it.
pub(crate) fn find(folder: &Path, settings: Settings) -> Result<Box<PlannedSource>, Failure> {
    let requirements = settings.requirements.clone();
    let project = wasgi_build::detect(folder, settings)?;
    let Language::Python(app) = &project.language else {
        let folder = project.folder.display();
        let failure = Failure::usage(format!("{folder} is not in Python, whose source is served"));
        return Err(failure.hint("build it with `wasgi build`, and serve the component"));
    };
    let app = app.clone();
    let requirements = requirements.map(|file| project.folder.join(file));
    Ok(Box::new(PlannedSource {
        project,
        app,
        requirements,
    }))
}

/// The `module:attribute` that a target is, if it is one.
pub(crate) fn module(target: &Path) -> Option<&str> {
    let text = target.to_str()?;
    let (module, attribute) = text.split_once(':')?;
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters
            .next()
            .is_some_and(|c| c.is_alphabetic() || c == '_')
            && letters.all(|c| c.is_alphanumeric() || c == '_')
    };
    let attribute = attribute
        .split_once('(')
        .map_or(attribute, |(name, _)| name);
    let is_module = module.split('.').all(is_name) && attribute.split('.').all(is_name);
    is_module.then_some(text)
}

/// Gives an app what importing its source takes, and instances that are used again: each of them
/// imports the source first. `choice` is what the command line says.
pub(crate) fn adapt(settings: &mut AppSettings, choice: Option<IsolationChoice>) {
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

/// Finds or makes what the apps in source run on: the component, and what they require.
pub(crate) fn provide(plan: &mut Plan, cache: Option<PathBuf>) -> Result<(), Failures> {
    if plan.apps.iter().all(|app| app.source.is_none()) {
        return Ok(());
    }
    let Some(folder) = cache else {
        let failure = Failure::run_time("there is no folder for what the app requires");
        return Err(failure.hint("name one with --cache").into());
    };
    let cache = Cache::new(&folder.join("build"))?;
    let mut steps = Steps;
    let mut wrong = Failures::default();
    for app in &mut plan.apps {
        if let Err(failure) = provide_one(app, &cache, &folder, &mut steps) {
            wrong.extend([failure]);
        }
    }
    wrong.into_result()
}

fn provide_one(
    app: &mut PlannedApp,
    cache: &Cache,
    folder: &Path,
    steps: &mut Steps,
) -> Result<(), Failure> {
    let Some(source) = &app.source else {
        return Ok(());
    };
    let (project, python) = (&source.project, &source.app);
    let site = python::site(project, cache, steps)?;
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
fn component(cache: &Cache, site: &python::Site, steps: &mut Steps) -> Result<PathBuf, Failure> {
    if site.has_libraries() {
        return Ok(python::dev_component(cache, Some(site), steps)?);
    }
    let program = std::env::current_exe().map_err(|error| cannot("find its file", &error))?;
    let beside = program.with_file_name(COMPONENT);
    if beside.is_file() {
        return Ok(beside);
    }
    Ok(python::dev_component(cache, None, steps)?)
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

/// A name for what is kept of a folder of source.
fn label(source: &Path) -> String {
    let place = source.canonicalize();
    let place = place.as_deref().unwrap_or(source);
    let digest = Digest::of(place.as_os_str().as_encoded_bytes()).to_string();
    digest[..HASH_DIGITS].to_owned()
}

/// Digits that tell the sources of one user apart.
const HASH_DIGITS: usize = 16;

/// What is watched for an app: its source, but for the folders that the app itself writes to.
pub(crate) fn tree(app: &PlannedApp) -> Option<SourceTree> {
    let python = &app.source.as_ref()?.app;
    let writable = app.settings.dirs.iter();
    let writable = writable.filter(|dir| dir.access == Access::ReadWrite);
    Some(SourceTree {
        folder: python.source.clone(),
        except: writable
            .map(|dir| dir.host.clone())
            .collect::<BTreeSet<_>>(),
    })
}

/// The files that say what a project is and requires. None of them need be there.
pub(crate) fn declarations(source: &PlannedSource) -> impl Iterator<Item = PathBuf> {
    let folder = &source.project.folder;
    let usual = ["pyproject.toml", "requirements.txt"].map(|name| folder.join(name));
    usual.into_iter().chain(source.requirements.clone())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_target_with_a_colon_may_be_a_module() {
        for good in [
            "app:app",
            "shop.wsgi:application",
            "a_1:create_app()",
            "a:b.c",
            "a:f('x')",
        ] {
            assert_eq!(module(Path::new(good)), Some(good));
        }
        for bad in [
            "app",
            "app.py",
            "app.wasm",
            "./app:app",
            "1a:b",
            "app:",
            ":app",
            "C:\\a",
            "a:1",
        ] {
            assert_eq!(module(Path::new(bad)), None, "{bad}");
        }
    }

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
