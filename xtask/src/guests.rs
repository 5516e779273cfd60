//! Building the guests of this repository and laying them out as `target/guests/NAME.wasm`.
//!
//! Tests, examples and benchmarks read them there. A build script would run nested cargo for
//! every build of the host; this runs when it is asked to.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::setup;
use crate::workspace::{GUEST_TARGET, Group, Workspace};

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
    let groups: &[Group] = match selection {
        Selection::All => &[Group::Example, Group::Fixture],
        Selection::Examples => &[Group::Example],
    };
    let mut cargo = workspace.cargo(&["build", "--profile=guest", "--target", GUEST_TARGET]);
    cargo.args([
        "--lib",
        "--bins",
        "--examples",
        "--message-format=json-render-diagnostics",
    ]);
    cargo.args(workspace.packages(groups));
    eprintln!("$ cargo build --profile=guest --target {GUEST_TARGET} …");
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the guests do not build");

    let folder = workspace.guests();
    fs::create_dir_all(&folder)?;
    let (mut built, mut changed) = (0, 0);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: Value = serde_json::from_str(line)?;
        let Some((name, file)) = component(workspace, &message) else {
            continue;
        };
        built += 1;
        changed += u32::from(copy_if_changed(Path::new(file), &folder.join(name))?);
    }
    eprintln!(
        "{built} guests in {}, {changed} of them new",
        folder.display()
    );
    Ok(())
}

/// Makes the committed `examples/hello.wasm` from its source.
pub(crate) fn renew_prebuilt(workspace: &Workspace) -> Result<()> {
    let prebuilt = workspace.root.join("examples/hello.wasm");
    let changed = copy_if_changed(&workspace.guests().join("hello-example.wasm"), &prebuilt)?;
    eprintln!(
        "{} {}",
        prebuilt.display(),
        if changed { "renewed" } else { "is up to date" }
    );
    Ok(())
}

/// The name and the built file of a component that one of cargo's messages reports.
fn component<'a>(workspace: &Workspace, message: &'a Value) -> Option<(String, &'a str)> {
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
