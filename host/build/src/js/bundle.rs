//! esbuild: from an app's files and packages to one file.
//!
//! Owns how it is run, and what it tells of what it read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::sources::Sources;
use super::tool::Tools;
use super::{App, Built, Engine, messages};
use crate::error::BuildError;
use crate::process;
use crate::progress::Progress;

/// An app in one file.
#[derive(Debug)]
pub(super) struct Bundle {
    /// The file.
    pub(super) file: PathBuf,
    /// What is in it.
    pub(super) content: Vec<u8>,
    /// Where its lines come from.
    pub(super) sources: Sources,
    /// Whether it asks for what is behind it.
    pub(super) is_middleware: bool,
    /// What is told of it.
    pub(super) built: Built,
    /// What esbuild warns of, a sentence each.
    pub(super) warnings: Vec<String>,
}

/// What esbuild read, by its own account.
#[derive(Deserialize)]
struct Account {
    /// By the files, as they are called from the project's folder.
    inputs: BTreeMap<String, IgnoredAny>,
}

/// Makes one file of an app, in `made`.
pub(super) fn make(
    app: &App,
    warm: &[String],
    tools: &Tools,
    made: &Path,
    progress: &mut dyn Progress,
) -> Result<Bundle, BuildError> {
    let folder = &app.folder;
    let entry = made.join("main.js");
    let text = match app.engine {
        Engine::QuickJs => main(&app.entry, warm),
        Engine::StarlingMonkey => main_of_event(&app.entry),
    };
    fs::write(&entry, text).map_err(|error| BuildError::cannot("write", &entry, &error))?;
    let (file, account) = (made.join("bundle.js"), made.join("account.json"));
    let mut command = Command::new(&tools.esbuild);
    command
        .arg(&entry)
        .args(OPTIONS)
        .arg(format!("--outfile={}", file.display()))
        .arg(format!("--metafile={}", account.display()));
    for (name, place) in MODULES {
        command.arg(format!("--alias:{name}={}", tools.sdk(place).display()));
    }
    command.args(LOADERS.map(|(end, loader)| format!("--loader:.{end}={loader}")));
    // Paths are told as they are called from here.
    command.current_dir(folder);
    progress.step(&format!("bundling {}", shown(folder, &app.entry)));
    let ended = process::run(command, "bundle the app", progress)?;
    if !ended.status.success() {
        return Err(messages::of_bundler(folder, &ended.output));
    }
    let mut content = fs::read(&file).map_err(|error| BuildError::cannot("read", &file, &error))?;
    let source_bytes = content.len() as u64;
    let sources = Sources::read(&made.join("bundle.js.map"), made, folder)?;
    // The package `wasgi` reads it when it tells of an error.
    let short = serde_json::to_string(&sources.short()).expect("a text has a form in JSON");
    content.extend(format!("globalThis[Symbol.for(\"wasgi.lines\")] = {short};\n").into_bytes());
    fs::write(&file, &content).map_err(|error| BuildError::cannot("write", &file, &error))?;
    let text = fs::read_to_string(&account)
        .map_err(|error| BuildError::cannot("read", &account, &error))?;
    let account: Account = serde_json::from_str(&text).map_err(|error| {
        BuildError::new(format!(
            "cannot read what esbuild tells of the app: {error}"
        ))
    })?;
    let mut read = account.inputs.keys();
    Ok(Bundle {
        is_middleware: read.any(|path| tools.is_of_middleware(path)),
        built: Built {
            source_bytes,
            ..describe(app, &account, tools)
        },
        warnings: messages::warnings(&ended.output),
        file,
        content,
        sources,
    })
}

/// What the package `wasgi` is called by, and where that lies in it.
const MODULES: [(&str, &str); 4] = [
    ("wasgi/runtime", "runtime/index.js"),
    ("wasgi/middleware", "middleware.js"),
    ("wasgi/starlingmonkey", "starlingmonkey.js"),
    ("wasgi", "index.js"),
];

const OPTIONS: [&str; 13] = [
    "--bundle",
    "--sourcemap=external",
    "--format=esm",
    // Packages choose by this what they are for: the web's names are there, and Node's are not.
    "--platform=browser",
    "--conditions=wasgi,worker,module",
    "--target=es2023",
    "--external:wasi:*",
    "--external:wasgi:*",
    "--define:process.env.NODE_ENV=\"production\"",
    // Stack traces and some frameworks tell functions by their names.
    "--keep-names",
    "--charset=utf8",
    "--log-level=warning",
    "--color=false",
];

/// Files that are no source and can be imported: texts, and bytes.
const LOADERS: [(&str, &str); 15] = [
    ("html", "text"),
    ("css", "text"),
    ("txt", "text"),
    ("md", "text"),
    ("svg", "text"),
    ("sql", "text"),
    ("xml", "text"),
    ("csv", "text"),
    ("png", "binary"),
    ("jpg", "binary"),
    ("webp", "binary"),
    ("ico", "binary"),
    ("woff2", "binary"),
    ("wasm", "binary"),
    ("bin", "binary"),
];

/// The module that the component is made of: the globals first, then the app.
fn main(entry: &Path, warm: &[String]) -> String {
    let text = |value: &str| serde_json::to_string(value).expect("a text has a form in JSON");
    let entry = text(&entry.to_string_lossy());
    let warm = warm.iter().map(|path| text(path)).collect::<Vec<_>>();
    format!(
        "import {{ application, warm }} from \"wasgi/runtime\";\n\
         import * as module from {entry};\n\
         export const app = application(module);\n\
         await warm([{}]);\n",
        warm.join(", ")
    )
}

/// The same for an engine that has the globals itself.
fn main_of_event(entry: &Path) -> String {
    let entry = serde_json::to_string(&entry.to_string_lossy());
    let entry = entry.expect("a text has a form in JSON");
    format!(
        "import {{ listen }} from \"wasgi/starlingmonkey\";\n\
         import * as module from {entry};\n\
         listen(module);\n"
    )
}

fn describe(app: &App, account: &Account, tools: &Tools) -> Built {
    let mut packages = BTreeSet::new();
    let mut files = 0;
    for path in account.inputs.keys().filter(|path| !tools.have(path)) {
        match path.rsplit_once("node_modules/") {
            Some((before, after)) => {
                let place = app.folder.join(before).join("node_modules");
                packages.extend(package(&place, after));
            }
            None => files += usize::from(!path.ends_with("main.js") || !path.starts_with("..")),
        }
    }
    Built {
        entry: shown(&app.folder, &app.entry),
        engine: app.engine,
        packages: packages.into_iter().collect(),
        files,
        source_bytes: 0,
    }
}

/// The name and version of the package that a file is in.
fn package(place: &Path, file: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    let parts = if file.starts_with('@') { 2 } else { 1 };
    let name = file.split('/').take(parts).collect::<Vec<_>>().join("/");
    let text = fs::read_to_string(place.join(&name).join("package.json")).ok()?;
    let Version { version } = serde_json::from_str(&text).ok()?;
    Some(format!("{name} {version}"))
}

/// A file as it is called from the project's folder.
pub(super) fn shown(folder: &Path, file: &Path) -> String {
    let file = file.strip_prefix(folder).unwrap_or(file);
    file.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_globals_are_there_before_the_app() {
        let main = main(Path::new("/a/\"b\".ts"), &["/".to_owned(), "/x".to_owned()]);
        let runtime = main.find("wasgi/runtime").unwrap();
        assert!(runtime < main.find(r#""/a/\"b\".ts""#).unwrap());
        assert!(main.contains(r#"await warm(["/", "/x"]);"#), "{main}");
    }
}
