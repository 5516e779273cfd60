//! The plan: everything that the arguments and the manifest decide, resolved and immutable.
//!
//! Owns the defaults and which source overrides which. It loads and binds nothing: see `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use wasgi_gateway::{AppSettings, Isolation, Reuse};
use wasgi_server::{AccessLog, Config, OutboundSettings};

use crate::address;
use crate::args::{AccessLogChoice, IsolationChoice, ServeArgs};
use crate::cache;
use crate::failure::Failure;
use crate::mount;
use crate::targets::{self, Targets};

/// What `wasgi serve` does.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The addresses to listen on. There is one at least.
    pub(crate) listen: Vec<SocketAddr>,
    /// The server's settings.
    pub(crate) server: Config,
    /// The folder for compiled components.
    pub(crate) cache: Option<PathBuf>,
    /// The apps. There is one at least; no two share a mount or a name.
    pub(crate) apps: Vec<PlannedApp>,
}

/// An app before it is loaded.
#[derive(Debug)]
pub(crate) struct PlannedApp {
    /// The path that it answers: "" or "/shop".
    pub(crate) mount: String,
    /// The file.
    pub(crate) component: PathBuf,
    /// Its name, isolation, limits and capabilities.
    pub(crate) settings: AppSettings,
    /// Whom its guests may send requests to; none: nobody.
    pub(crate) outbound: Option<OutboundSettings>,
}

impl Plan {
    /// Reads the manifests and folders that the arguments name.
    pub(crate) fn new(args: &ServeArgs) -> Result<Self, Failure> {
        let Targets { apps, manifest } =
            targets::find(&args.targets, args.config.as_deref(), args.isolation)?;
        refuse_twins(&apps)?;

        let (listen, server) = manifest.unwrap_or((Vec::new(), Config::DEFAULT));
        let listen = [args.addr.clone(), listen, vec![address::DEFAULT]]
            .into_iter()
            .find(|addresses| !addresses.is_empty())
            .expect("the last one is not empty");
        let server = Config {
            access_log: args.access_log.map_or(server.access_log, Into::into),
            expose_errors: args.expose_errors,
            ..server
        };
        let cache = match &args.cache {
            _ if args.no_cache => None,
            Some(folder) => Some(folder.clone()),
            None => cache::default_folder(),
        };
        Ok(Self {
            listen,
            server,
            cache,
            apps,
        })
    }

    /// The most instances that are alive at one time, if every app is as busy as it may be.
    pub(crate) fn instances(&self) -> usize {
        self.apps
            .iter()
            .map(|app| app.settings.limits.concurrency)
            .sum()
    }
}

/// Refuses two apps with one mount or one name. A manifest refuses its own twins earlier and shows
/// the line.
fn refuse_twins(apps: &[PlannedApp]) -> Result<(), Failure> {
    for (index, app) in apps.iter().enumerate() {
        for earlier in &apps[..index] {
            let what = if app.mount == earlier.mount {
                format!("are both mounted at {}", mount::show(&app.mount))
            } else if app.settings.name == earlier.settings.name {
                format!("both have the name `{}`", app.settings.name)
            } else {
                continue;
            };
            let (one, other) = (earlier.component.display(), app.component.display());
            return Err(Failure::usage(format!("{one} and {other} {what}"))
                .hint("give each its own `path` and `name` in a wasgi.toml"));
        }
    }
    Ok(())
}

/// The isolation that a choice stands for.
pub(crate) fn isolation(choice: Option<IsolationChoice>, reuse: Reuse) -> Isolation {
    match choice {
        None | Some(IsolationChoice::Request) => Isolation::Request,
        Some(IsolationChoice::Reuse) => Isolation::Reuse(reuse),
    }
}

impl From<AccessLogChoice> for AccessLog {
    fn from(choice: AccessLogChoice) -> Self {
        match choice {
            AccessLogChoice::Combined => Self::Combined,
            AccessLogChoice::Json => Self::Json,
            AccessLogChoice::Off => Self::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["shop.wasm", "blog.wasm"] {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        folder
    }

    fn write_manifest(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("wasgi.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn arguments_override_the_manifest() {
        let folder = folder();
        let manifest = "[server]\nlisten = [\"127.0.0.1:1\"]\naccess-log = \"json\"\n\
            [[app]]\ncomponent = \"shop.wasm\"\n[app.reuse]\nrequests = 7";
        let config = Some(write_manifest(folder.path(), manifest));
        let plan = Plan::new(&ServeArgs {
            config: config.clone(),
            ..ServeArgs::default()
        })
        .unwrap();
        assert_eq!(plan.listen, ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(plan.server.access_log, AccessLog::Json);
        assert_eq!(plan.apps[0].settings.isolation, Isolation::Request);

        let args = ServeArgs {
            config,
            addr: vec!["127.0.0.1:2".parse().unwrap()],
            access_log: Some(AccessLogChoice::Off),
            isolation: Some(IsolationChoice::Reuse),
            expose_errors: true,
            no_cache: true,
            ..ServeArgs::default()
        };
        let plan = Plan::new(&args).unwrap();
        assert_eq!(plan.listen, args.addr);
        assert_eq!(plan.server.access_log, AccessLog::Off);
        assert!(plan.server.expose_errors);
        assert_eq!(plan.cache, None);
        let reuse = Reuse {
            requests: 7,
            ..Reuse::DEFAULT
        };
        assert_eq!(plan.apps[0].settings.isolation, Isolation::Reuse(reuse));
    }

    #[test]
    fn a_plan_has_defaults() {
        let folder = folder();
        let targets = vec![folder.path().to_owned()];
        let plan = Plan::new(&ServeArgs {
            targets,
            ..ServeArgs::default()
        })
        .unwrap();
        assert_eq!(plan.listen, [address::DEFAULT]);
        assert_eq!(plan.server, Config::DEFAULT);
        assert_eq!(plan.instances(), 128);
    }

    #[test]
    fn twins_are_refused() {
        let folder = folder();
        let file = folder.path().join("shop.wasm");
        let args = ServeArgs {
            targets: vec![file.clone(), file.clone()],
            ..ServeArgs::default()
        };
        let message = Plan::new(&args).unwrap_err().to_string();
        assert!(message.contains("are both mounted at /shop"), "{message}");

        let manifest = "[[app]]\nname = \"shop\"\ncomponent = \"blog.wasm\"";
        let config = Some(write_manifest(folder.path(), manifest));
        let args = ServeArgs {
            targets: vec![file],
            config,
            ..ServeArgs::default()
        };
        let message = Plan::new(&args).unwrap_err().to_string();
        assert!(message.contains("both have the name `shop`"), "{message}");
    }
}
