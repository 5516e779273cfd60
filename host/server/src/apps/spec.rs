//! The apps as their operator wants them: what a manifest comes to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wasgi_gateway::AppSettings;

use crate::outbound::OutboundSettings;
use crate::routes::{Redirect, Route};
use crate::sql::SqlSettings;
use crate::watch::SourceTree;

/// All that a server is to serve.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    /// The apps, no two of one name.
    pub apps: Vec<AppSpec>,
    /// What is answered with a redirect.
    pub redirects: Vec<Redirect>,
    /// The name of the app that answers what no route matches.
    pub default: Option<String>,
}

/// One app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSpec {
    /// The app itself. Its settings name it.
    pub program: ProgramSpec,
    /// What stands in front of it, the first to see a request first. Each has its own settings.
    pub middleware: Vec<ProgramSpec>,
    /// Where it answers.
    pub routes: Vec<Route>,
    /// The path within the app that a release must answer before it is given requests.
    pub health: Option<String>,
    /// The source that its instances read when they begin, if it is served from that: when it
    /// changes, they are made anew. None of its releases is kept, and it is asked for no health.
    pub source: Option<SourceTree>,
}

/// A component with what it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramSpec {
    /// The file.
    pub component: PathBuf,
    /// Name, isolation, limits and capabilities.
    pub settings: AppSettings,
    /// Whom its guests may send requests to; none: nobody.
    pub outbound: Option<OutboundSettings>,
    /// The databases that its guests may use, no two of one name.
    pub sql: Vec<SqlSettings>,
}

/// What a server's apps come from: when one of these changes, they are to be read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The manifests.
    pub manifests: BTreeSet<PathBuf>,
    /// Folders in which each component is an app.
    pub folders: BTreeSet<PathBuf>,
    /// The source that components are built of, whenever what is wanted is read.
    pub trees: BTreeSet<SourceTree>,
}

impl AppSpec {
    /// The app's name.
    pub fn name(&self) -> &str {
        &self.program.settings.name
    }

    /// Every file that the app is made of.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.program)
            .chain(&self.middleware)
            .map(|program| program.component.as_path())
    }

    /// Requests that all its programs answer at one time, and so the instances that it may have.
    pub(crate) fn instances(&self) -> usize {
        std::iter::once(&self.program)
            .chain(&self.middleware)
            .map(|program| program.settings.limits.concurrency)
            .fold(0, usize::saturating_add)
    }
}

impl Sources {
    /// Whether a file lies in one of the folders.
    pub(crate) fn holds(&self, path: &Path) -> bool {
        let folder = path.parent();
        folder.is_some_and(|folder| self.folders.contains(folder))
    }

    /// Whether components are built of a folder.
    pub(crate) fn builds(&self, folder: &Path) -> bool {
        self.trees.iter().any(|tree| tree.folder == folder)
    }
}
