//! Versions of one component that answer differently: copies with another text in their data.

use std::path::Path;

use anyhow::{Context, Result};

/// What the fixture guest `version` answers, and so what stands in its data.
const TEXT: &[u8] = b"version-000000;healthy;";

/// The component that versions are made of.
pub(super) struct Versions {
    bytes: Vec<u8>,
    at: usize,
}

impl Versions {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("no {}", path.display()))?;
        let at = bytes
            .windows(TEXT.len())
            .position(|window| window == TEXT)
            .context("the guest does not hold its text in one piece")?;
        Ok(Self { bytes, at })
    }

    /// A version's component.
    pub(super) fn make(&self, number: u32) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let text = text(number);
        bytes[self.at..self.at + text.len()].copy_from_slice(text.as_bytes());
        bytes
    }

    /// What it answers.
    pub(super) fn answer(&self, number: u32) -> Vec<u8> {
        format!("{}\n", text(number)).into_bytes()
    }
}

fn text(number: u32) -> String {
    format!("version-{number:06};healthy;")
}
