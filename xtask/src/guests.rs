//! Building the guests of this repository and laying them out as `target/guests/NAME.wasm`.
//!
//! Tests, examples and benchmarks read them there. A build script would run nested cargo for
//! every build of the host; this runs when it is asked to.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::command;
use crate::setup;
use crate::workspace::{CORE_TARGET, GUESTS, Group, Workspace};

/// Which guests to build.
#[derive(Clone, Copy)]
pub(crate) enum Selection {
    /// Every one.
    All,
    /// The examples.
    Examples,
}

/// Builds guests, each into `target/guests`. A file that did not change is not touched.
pub(crate) fn build(workspace: &Workspace, selection: Selection) -> Result<()> {
    setup::ensure(workspace)?;
    fs::create_dir_all(workspace.guests())?;
    let (mut built, mut changed) = (0, 0);
    for (target, groups) in GUESTS {
        let groups = match selection {
            Selection::All => groups,
            Selection::Examples if groups.contains(&Group::Example) => &[Group::Example],
            Selection::Examples => continue,
        };
        for (name, file) in compile(workspace, target, groups)? {
            built += 1;
            let place = workspace.guests().join(name);
            changed += u32::from(copy_if_changed(&file, &place)?);
        }
    }
    let folder = workspace.guests();
    eprintln!(
        "{built} guests in {}, {changed} of them new",
        folder.display()
    );
    Ok(())
}

/// Compiles the guests of some groups. Returns the name and the built file of each.
fn compile(
    workspace: &Workspace,
    target: &str,
    groups: &[Group],
) -> Result<Vec<(String, PathBuf)>> {
    let mut cargo = workspace.cargo(&["build", "--profile=guest", "--target", target]);
    cargo.args([
        "--lib",
        "--bins",
        "--examples",
        "--message-format=json-render-diagnostics",
    ]);
    cargo.args(workspace.packages(groups));
    eprintln!("$ cargo build --profile=guest --target {target} …");
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the guests do not build");

    let mut guests = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: Value = serde_json::from_str(line)?;
        let Some((name, file)) = guest(workspace, &message) else {
            continue;
        };
        // A program has a name for each of its two forms.
        let name = match name.strip_prefix("cgi-") {
            Some(program) if target == CORE_TARGET => format!("cgi1-{program}"),
            _ => name,
        };
        guests.push((name, file.into()));
    }
    Ok(guests)
}

/// Makes the committed `examples/hello.wasm` from its source. No path of this machine is in it.
pub(crate) fn renew_prebuilt(workspace: &Workspace) -> Result<()> {
    setup::ensure(workspace)?;
    let home = std::env::home_dir().context("there is no home folder")?;
    let home = std::env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
    let flags = [(&home, "/cargo"), (&workspace.root, "/wasgi")]
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let target = workspace.target.join("prebuilt");
    let mut cargo = workspace.cargo(&["build", "--profile=guest", "--target=wasm32-wasip2"]);
    cargo
        .args(["-p", "example-hello", "--target-dir"])
        .arg(&target)
        // An argument each, with what no path has between them.
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    command::run(&mut cargo)?;
    let mut built = fs::read(target.join("wasm32-wasip2/guest/example_hello.wasm"))?;
    // The standard library was compiled before, with its own place written into it.
    let sysroot = command::text(Command::new("rustc").args(["--print", "sysroot"]))?;
    blank(&mut built, sysroot.trim());
    let prebuilt = workspace.root.join("examples/hello.wasm");
    let is_new = fs::read(&prebuilt).ok().as_ref() != Some(&built);
    fs::write(&prebuilt, built)?;
    let what = if is_new { "renewed" } else { "is up to date" };
    eprintln!("{} {what}", prebuilt.display());
    Ok(())
}

/// Overwrites a path wherever it stands. The length stays, since other bytes depend on it.
fn blank(bytes: &mut [u8], path: &str) {
    let mut rest = bytes;
    while let Some(at) = rest
        .windows(path.len())
        .position(|part| part == path.as_bytes())
    {
        let (found, after) = rest[at..].split_at_mut(path.len());
        found.fill(b'/');
        rest = after;
    }
}

/// The name and the built file of a guest that one of cargo's messages reports.
fn guest<'a>(workspace: &Workspace, message: &'a Value) -> Option<(String, &'a str)> {
    let mut files = message["filenames"]
        .as_array()?
        .iter()
        .filter_map(Value::as_str);
    let file = files.find(|file| file.ends_with(".wasm"))?;
    let target = &message["target"];
    if target["kind"]
        .as_array()?
        .iter()
        .any(|kind| kind == "example")
    {
        return Some((
            format!("{}.wasm", target["name"].as_str()?.replace('_', "-")),
            file,
        ));
    }
    let manifest = Path::new(message["manifest_path"].as_str()?);
    let folder = manifest.parent()?.strip_prefix(&workspace.root).ok()?;
    let name = folder.file_name()?.to_str()?;
    let name = match folder.parent()?.to_str()? {
        "examples" => format!("{name}-example"),
        "tests/bench" => format!("bench-{name}"),
        _ => return None,
    };
    Some((format!("{name}.wasm"), file))
}

/// Whether `to` had to be written. It is replaced as a whole: somebody may be serving it.
fn copy_if_changed(from: &Path, to: &Path) -> Result<bool> {
    let new = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    match fs::read(to) {
        Ok(old) if old == new => return Ok(false),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let part = to.with_extension("part");
    fs::write(&part, new)?;
    fs::rename(&part, to)?;
    Ok(true)
}
