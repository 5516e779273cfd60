//! The commands for a host that runs: what each asks, and what it tells.
//!
//! - `find`: which host is meant. `client`: HTTP over its socket. `upload`: a component on its way.
//! - `table`: what people read.
//!
//! It decides nothing about apps: the host does, and its word is passed on.

use std::fs::File;
use std::path::Path;

use hyper::Method;
use hyper::body::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use wasgi_gateway::COMPONENT_BYTES_MAX;
use wasgi_server::{AppStatus, ReleaseStatus};

use self::client::{Client, parse};
use self::table::escape;
use self::upload::Upload;
use crate::args::{AdminCommand, DeployArgs, HostArgs, RollbackArgs, SplitArgs};
use crate::failure::{Failure, Failures, reason};

mod client;
mod find;
mod table;
mod upload;

/// Carries out a command. The text is for standard output.
pub(crate) fn run(command: &AdminCommand) -> Result<String, Failures> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::run_time(format!("cannot start: {}", reason(&error))))?;
    Ok(runtime.block_on(carry_out(command))?)
}

async fn carry_out(command: &AdminCommand) -> Result<String, Failure> {
    match command {
        AdminCommand::Status(args) => {
            let status = host(&args.host).await?.get("/status").await?;
            show(&status, args.json, |status| table::status(&status))
        }
        AdminCommand::Apps(args) => {
            let apps = host(&args.host).await?.get("/apps").await?;
            show(&apps, args.json, |apps: Vec<AppStatus>| table::apps(&apps))
        }
        AdminCommand::Releases(args) => {
            let path = path(&args.app, "releases");
            let releases = host(&args.show.host).await?.get(&path).await?;
            let table = |releases: Vec<ReleaseStatus>| table::releases(&releases);
            show(&releases, args.show.json, table)
        }
        AdminCommand::Deploy(args) => deploy(args).await,
        AdminCommand::Rollback(args) => rollback(args).await,
        AdminCommand::Split(args) => split(args).await,
        AdminCommand::Upgrade(args) => {
            let host = host(&args.host).await?;
            host.tell(&Method::POST, "/upgrade", None).await?;
            Ok("a new process serves\n".to_owned())
        }
    }
}

async fn host(args: &HostArgs) -> Result<Client, Failure> {
    find::host(args.state.as_deref(), args.config.as_deref()).await
}

fn show<T: serde::de::DeserializeOwned>(
    answer: &Bytes,
    json: bool,
    table: impl FnOnce(T) -> String,
) -> Result<String, Failure> {
    if json {
        return Ok(table::json(&parse(answer)?));
    }
    parse(answer).map(table)
}

/// The path of something that an app has.
fn path(app: &str, what: &str) -> String {
    format!(
        "/apps/{}/{what}",
        utf8_percent_encode(app, NON_ALPHANUMERIC)
    )
}

async fn deploy(args: &DeployArgs) -> Result<String, Failure> {
    let host = host(&args.host).await?;
    let upload = open(&args.file)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(name) = args.file.file_name() {
        query.append_pair("file-name", &name.to_string_lossy());
    }
    if let Some(percent) = args.percent {
        query.append_pair("percent", &percent.to_string());
    }
    if let Some(sticky) = args.sticky {
        query.append_pair("sticky", sticky.name());
    }
    let path = format!("{}?{}", path(&args.app, "releases"), query.finish());
    let release: ReleaseStatus = parse(&host.send(&path, upload).await?)?;
    Ok(match release.percent {
        Some(percent) => gets(&args.app, &release.id, percent),
        None => is_active(&args.app, &release.id),
    })
}

/// Opens a component that is to be sent.
fn open(path: &Path) -> Result<Upload, Failure> {
    let cannot = |why: &str| Failure::run_time(format!("cannot deploy {}: {why}", path.display()));
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = opened.map_err(|error| cannot(&reason(&error)))?;
    if !metadata.is_file() {
        return Err(cannot(
            "expected a component, got something else than a file",
        ));
    }
    if metadata.len() > COMPONENT_BYTES_MAX {
        return Err(cannot(&format!(
            "it has {} bytes, more than the {COMPONENT_BYTES_MAX} that a component may have",
            metadata.len()
        )));
    }
    Ok(Upload::new(file, metadata.len(), path))
}

async fn rollback(args: &RollbackArgs) -> Result<String, Failure> {
    let body = args
        .release
        .as_ref()
        .map(|release| json!({ "release": release }));
    let path = path(&args.app, "rollback");
    let answer = host(&args.host)
        .await?
        .tell(&Method::POST, &path, body)
        .await?;
    let release: ReleaseStatus = parse(&answer)?;
    Ok(is_active(&args.app, &release.id))
}

async fn split(args: &SplitArgs) -> Result<String, Failure> {
    let path = path(&args.app, "split");
    let host = host(&args.host).await?;
    let (Some(release), Some(percent)) = (&args.release, args.percent) else {
        let app: AppStatus = parse(&host.tell(&Method::DELETE, &path, None).await?)?;
        return Ok(match app.active {
            Some(active) => format!(
                "{}: release {} takes all requests\n",
                escape(&args.app),
                escape(&active)
            ),
            None => format!("{}: there is no split\n", escape(&args.app)),
        });
    };
    let mut body = json!({ "release": release, "percent": percent });
    if let Some(sticky) = args.sticky {
        body["sticky"] = sticky.name().into();
    }
    let app: AppStatus = parse(&host.tell(&Method::PUT, &path, Some(body)).await?)?;
    let release = app
        .split
        .map_or_else(|| release.clone(), |split| split.release);
    Ok(gets(&args.app, &release, percent))
}

fn is_active(app: &str, release: &str) -> String {
    format!("{}: release {} is active\n", escape(app), escape(release))
}

fn gets(app: &str, release: &str, percent: u8) -> String {
    let (app, release) = (escape(app), escape(release));
    format!("{app}: release {release} gets {percent} % of the requests\n")
}
