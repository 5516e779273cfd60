//! The commands for a host that runs.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// What to ask of a host that runs, or to tell it.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Show the host that runs: where it listens, its apps, and what went wrong.
    Status(ShowArgs),
    /// Show the apps of the host that runs.
    Apps(ShowArgs),
    /// Make a component the active release of an app, or give it a share of the requests.
    ///
    /// The component is kept by the host. If it cannot be served, what is served stays.
    Deploy(DeployArgs),
    /// Show the releases of an app, the newest first.
    Releases(ReleasesArgs),
    /// Go back to an earlier release of an app.
    Rollback(RollbackArgs),
    /// Give a release a share of an app's requests, or end that.
    Split(SplitArgs),
    /// Replace the host that runs by a new process, without losing a request.
    ///
    /// The new one is started as the old one was, so a program that was replaced takes effect.
    Upgrade(UpgradeArgs),
}

/// Which host is meant.
///
/// Without either: the host of the `wasgi.toml` in the current folder, else the only one that runs.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct HostArgs {
    /// The host with this state folder.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub(crate) state: Option<PathBuf>,

    /// The host that serves this manifest.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// The arguments of `wasgi status` and `wasgi apps`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Which host is meant.
    #[command(flatten)]
    pub(crate) host: HostArgs,

    /// Write JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `wasgi deploy`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DeployArgs {
    /// The app's name.
    #[arg(value_name = "APP")]
    pub(crate) app: String,

    /// The component.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Give the release so many of a hundred requests, and leave the others to the active one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub(crate) percent: Option<u8>,

    /// What keeps a client with the release that it met first. Without it: nothing.
    #[arg(long, value_name = "HOW", requires = "percent")]
    pub(crate) sticky: Option<StickyChoice>,

    /// Which host is meant.
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// The arguments of `wasgi releases`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReleasesArgs {
    /// The app's name.
    #[arg(value_name = "APP")]
    pub(crate) app: String,

    /// How it is shown, and which host is meant.
    #[command(flatten)]
    pub(crate) show: ShowArgs,
}

/// The arguments of `wasgi rollback`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RollbackArgs {
    /// The app's name.
    #[arg(value_name = "APP")]
    pub(crate) app: String,

    /// The first digits of the release. Without it: the one that the active release replaced.
    #[arg(value_name = "RELEASE")]
    pub(crate) release: Option<String>,

    /// Which host is meant.
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// The arguments of `wasgi split`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SplitArgs {
    /// The app's name.
    #[arg(value_name = "APP")]
    pub(crate) app: String,

    /// The first digits of the release.
    #[arg(value_name = "RELEASE", required_unless_present = "end")]
    pub(crate) release: Option<String>,

    /// Of a hundred requests, how many it gets.
    #[arg(
        value_name = "PERCENT",
        required_unless_present = "end",
        value_parser = clap::value_parser!(u8).range(1..=99),
    )]
    pub(crate) percent: Option<u8>,

    /// What keeps a client with the release that it met first. Without it: nothing.
    #[arg(long, value_name = "HOW")]
    pub(crate) sticky: Option<StickyChoice>,

    /// Give all requests to the active release again.
    #[arg(long, conflicts_with_all = ["release", "percent", "sticky"])]
    pub(crate) end: bool,

    /// Which host is meant.
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// The arguments of `wasgi upgrade`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct UpgradeArgs {
    /// Which host is meant.
    #[command(flatten)]
    pub(crate) host: HostArgs,
}

/// What keeps a client with a release, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StickyChoice {
    /// The client's address.
    Client,
    /// A cookie.
    Cookie,
    /// Nothing: each request is decided anew.
    None,
}

impl StickyChoice {
    /// The choice as the host is told it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Cookie => "cookie",
            Self::None => "none",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Args;

    #[test]
    fn commands_are_told_apart() {
        let parse = |line: &str| Args::try_parse_from(line.split(' ')).map(|_| ());
        for good in [
            "wasgi status",
            "wasgi status --json --state a",
            "wasgi apps --config wasgi.toml",
            "wasgi deploy shop shop.wasm",
            "wasgi deploy shop shop.wasm --percent 10 --sticky cookie --state a",
            "wasgi releases shop --json",
            "wasgi rollback shop",
            "wasgi rollback shop 3fa9",
            "wasgi split shop 3fa9 10",
            "wasgi split shop 3fa9 10 --sticky client",
            "wasgi split shop --end",
            "wasgi upgrade",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "wasgi status --state a --config b",
            "wasgi deploy shop",
            "wasgi deploy shop shop.wasm --sticky cookie",
            "wasgi deploy shop shop.wasm --percent 100",
            "wasgi deploy shop shop.wasm --percent 5 --sticky glue",
            "wasgi releases",
            "wasgi split shop",
            "wasgi split shop 3fa9",
            "wasgi split shop 3fa9 0",
            "wasgi split shop 3fa9 10 --end",
            "wasgi split shop --end --sticky none",
        ] {
            assert_eq!(parse(bad).expect_err(bad).exit_code(), 2, "{bad}");
        }
    }
}
