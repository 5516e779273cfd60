//! A folder with a manifest and apps, served by hosts that come and go: for tests of what changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tempfile::TempDir;

use super::host::{End, Host, run};
use super::output::PATIENCE;
use super::{Response, guests};

/// What the fixture guest `version` holds in its data, and answers.
const TEXT: &[u8] = b"version-000000;healthy;";

/// The files of one deployment.
pub(crate) struct Site {
    folder: TempDir,
}

/// The component of a version, which answers [`answer`].
pub(crate) fn version(number: u32) -> Vec<u8> {
    version_saying(&text(number))
}

/// The component of a version that fails its health check.
pub(crate) fn ill_version(number: u32) -> Vec<u8> {
    version_saying(&format!("version-{number:06};failing;"))
}

fn version_saying(text: &str) -> Vec<u8> {
    let mut bytes = fs::read(guests::path("version")).unwrap();
    let found = bytes.windows(TEXT.len()).position(|part| part == TEXT);
    let at = found.expect("the guest holds its text in one piece");
    bytes[at..at + TEXT.len()].copy_from_slice(text.as_bytes());
    bytes
}

fn text(number: u32) -> String {
    format!("version-{number:06};healthy;")
}

/// What a version answers.
pub(crate) fn answer(number: u32) -> String {
    text(number) + "\n"
}

impl Site {
    /// A folder with this manifest.
    pub(crate) fn new(manifest: &str) -> Self {
        let site = Self {
            folder: TempDir::new().unwrap(),
        };
        site.put("wasgi.toml", manifest.as_bytes());
        site
    }

    /// A folder with one app, `app`, of which this version is there.
    pub(crate) fn of_version(number: u32) -> Self {
        let site = Self::new("[[app]]\nname = 'app'\ncomponent = 'app.wasm'\n");
        site.put("app.wasm", &version(number));
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder in which hosts keep what was released.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// Put a file in its place at once, as deployment tools do.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let part = self.path(&format!("{name}.part"));
        fs::write(&part, bytes).unwrap();
        fs::rename(part, self.path(name)).unwrap();
    }

    /// Start a host on this folder.
    pub(crate) fn serve(&self) -> Host {
        self.serve_with(&[])
    }

    /// Start a host on this folder, with more arguments.
    pub(crate) fn serve_with(&self, more: &[&str]) -> Host {
        let manifest = self.path("wasgi.toml");
        let state = self.state();
        let mut args = vec!["--config", as_text(&manifest), "--state", as_text(&state)];
        args.extend(more);
        Host::serve(&args)
    }

    /// Run a command for the host of this folder.
    pub(crate) fn command(&self, command: &[&str]) -> End {
        let state = self.state();
        run(&[command, &["--state", as_text(&state)]].concat())
    }

    /// Run a command that must succeed, and return what it printed.
    pub(crate) fn succeed(&self, command: &[&str]) -> String {
        let end = self.command(command);
        assert_eq!(end.code, Some(0), "{command:?}: {}", end.stderr);
        end.stdout
    }

    /// Run a command that must fail, and return why it did.
    pub(crate) fn fail(&self, command: &[&str]) -> String {
        let end = self.command(command);
        assert_eq!(end.code, Some(1), "{command:?}: {}", end.stdout);
        end.stderr
    }

    /// Deploy a version of `app`, and return its release.
    pub(crate) fn deploy(&self, number: u32, more: &[&str]) -> String {
        let file = self.path(&format!("deploy-{number}.wasm"));
        fs::write(&file, version(number)).unwrap();
        self.succeed(&[&["deploy", "app", as_text(&file)], more].concat());
        release_of(&version(number))
    }
}

/// The name of the release of a component.
pub(crate) fn release_of(component: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};

    let digest = Sha256::digest(component);
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn as_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Ask until this is answered. Every answer before it must be one of `meanwhile`.
pub(crate) fn wait_for_answer(host: &Host, target: &str, expected: &str, meanwhile: &str) {
    // What is compiled meanwhile is less urgent than this loop, and gets little of the CPU.
    let deadline = Instant::now() + 3 * PATIENCE;
    loop {
        let response = host.get(target);
        if response.text() == expected {
            return;
        }
        assert_eq!((response.status, response.text()), (200, meanwhile));
        assert!(Instant::now() < deadline, "still {meanwhile:?}");
    }
}

/// Ask until the response is as it should be.
pub(crate) fn wait_for_response(
    host: &Host,
    target: &str,
    is_right: impl Fn(&Response) -> bool,
) -> Response {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let response = host.get(target);
        if is_right(&response) {
            return response;
        }
        assert!(Instant::now() < deadline, "still {response:?}");
    }
}
