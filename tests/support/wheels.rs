//! Wheels for the guest, built as anybody builds them.

use std::path::Path;
use std::process::Command;

use super::root;

/// Builds the package in `tests/guests-python/extension` into a folder.
pub(crate) fn build_extension(folder: &Path) {
    let built = Command::new("python3")
        .arg(root().join("guests/python/wheels/build.py"))
        .arg("--output")
        .arg(folder)
        .arg(root().join("tests/guests-python/extension"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{stderr}");
}
