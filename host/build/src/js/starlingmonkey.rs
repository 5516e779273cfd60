//! StarlingMonkey: componentize-js evaluates an app in it, and freezes what is then in memory.
//!
//! Owns the tool's version, in `starlingmonkey/`, and the WIT that this version wants. Its component
//! serves `wasi:http`: the engine has a `fetch` event, and sends requests by that contract, too.

use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::bundle::Bundle;
use super::{App, messages, node};
use crate::cache::Cache;
use crate::digest::Digest;
use crate::embedded::Embedded;
use crate::encode;
use crate::error::BuildError;
use crate::output::remove;
use crate::process;
use crate::progress::Progress;

static TOOL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/js/starlingmonkey");

/// Adds all that a component is made with besides the app and the tools.
pub(super) fn add_to(inputs: &mut Digest) {
    inputs.add(files().digest());
}

/// Makes a component of a bundle, in the folder `made`.
pub(super) fn component(
    app: &App,
    bundle: &Bundle,
    cache: &Cache,
    made: &Path,
    progress: &mut dyn Progress,
) -> Result<Vec<u8>, BuildError> {
    if bundle.is_middleware {
        let message = "expected an app, got a middleware: it is built with QuickJS alone";
        return Err(BuildError::new(message)
            .at(&app.entry, None)
            .hint("remove `engine` from `[build]`"));
    }
    let tool = install(cache, progress)?;
    let file = made.join("core.wasm");
    remove(&file)?;
    let mut command = node::command(&tool.join("componentize.mjs"));
    command.arg(&bundle.file).arg(tool.join("wit")).arg(&file);
    let ended = process::run(command, "make a component of the app", progress)?;
    if !ended.status.success() {
        return Err(messages::of_engine(app, &bundle.sources, &ended.output));
    }
    let core = fs::read(&file).map_err(|error| BuildError::cannot("read", &file, &error))?;
    remove(&file)?;
    encode::component(&core)
}

/// Installs the tool, unless the cache has it. Returns its folder.
fn install(cache: &Cache, progress: &mut dyn Progress) -> Result<PathBuf, BuildError> {
    let digest = files().digest();
    cache.entry("starlingmonkey", &digest, progress, |entry, progress| {
        node::check(NODE_MIN)?;
        progress.step("installing StarlingMonkey and componentize-js, once (80 MB)");
        files().write(entry)?;
        node::install(entry, "StarlingMonkey", progress)
    })
}

/// The oldest major version of Node.js that componentize-js runs on.
const NODE_MIN: u32 = 20;

fn files() -> Embedded {
    Embedded::default().tree("", &TOOL, &["json", "mjs", "js", "wit"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_is_carried_with_its_wit() {
        let files = files();
        for name in [
            "package-lock.json",
            "componentize.mjs",
            "jco/index.js",
            "wit/deps/http/types.wit",
        ] {
            assert!(files.paths().any(|path| path == Path::new(name)), "{name}");
        }
    }
}
