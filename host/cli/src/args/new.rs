//! The arguments of `wasgi new`.

use std::path::PathBuf;

/// The arguments of `wasgi new`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// What the project is made from: see `--list`. On a terminal, it is asked for.
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: Option<String>,

    /// The project's folder, which is made, or is empty. On a terminal, it is asked for.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,

    /// What the app is called. Without it: as the folder.
    #[arg(long, value_name = "NAME", requires = "folder")]
    pub(crate) name: Option<String>,

    /// Show the templates.
    #[arg(long, conflicts_with = "template")]
    pub(crate) list: bool,
}
