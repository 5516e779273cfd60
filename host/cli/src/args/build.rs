//! The arguments of `wasgi build`.

use std::path::PathBuf;

/// The arguments of `wasgi build`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BuildArgs {
    /// The folder of the source, or a core module (`.wasm`) that is to become a component.
    ///
    /// If its `wasgi.toml` has apps with `module` or `source`, each of them is built; `[build]`
    /// there says how.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,

    /// Write the component to this file.
    ///
    /// Without it: what the manifest says, else `NAME.wasm` in the folder of the source.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The app: `package.module:attribute`, or `package.module:create_app()`.
    ///
    /// Without it: what the manifest says, else where its framework has it.
    #[arg(long, value_name = "MODULE:APP")]
    pub(crate) module: Option<String>,

    /// Do not send requests to the app before it is frozen.
    #[arg(long)]
    pub(crate) no_warm: bool,

    /// Write the report as JSON to standard output.
    #[arg(long, conflicts_with = "verbose")]
    pub(crate) json: bool,

    /// Show what the tools write.
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Keep tools and requirements in this folder.
    ///
    /// Without it: `wasgi` in `$XDG_CACHE_HOME` or in `~/.cache`.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}
