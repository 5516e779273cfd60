//! The paths of the admin interface: what each does, and how that is told.
//!
//! Every answer is JSON. Changes are made to their end, whether or not whoever asked for them is
//! still there.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::messages::{DeployQuery, ErrorMessage, HostStatus, Rollback, Split};
use super::refusal::Refusal;
use super::{HostInfo, Upgrade, body, openapi};
use crate::apps::{AppStatus, Apps, ChangeError, ReleaseStatus};
use crate::state::State;

/// Deploys at one time, from the first byte that is read. More wait.
const DEPLOYS_MAX: usize = 4;

/// What the requests of all connections share.
pub(super) struct Api {
    apps: Arc<Apps>,
    host: HostInfo,
    upgrade: Upgrade,
    /// A permit for each deploy that may run.
    deploys: Arc<Semaphore>,
}

impl Api {
    pub(super) fn new(apps: Arc<Apps>, host: HostInfo, upgrade: Upgrade) -> Self {
        Self {
            apps,
            host,
            upgrade,
            deploys: Arc::new(Semaphore::new(DEPLOYS_MAX)),
        }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, mut body) = request.into_parts();
        match self.route(&parts, &mut body).await {
            Ok(response) => response,
            Err(refusal) => {
                body::discard(&mut body).await;
                let mut response = json(refusal.status, &refusal.message);
                if let Some(allow) = refusal.allow {
                    let allow = HeaderValue::from_static(allow);
                    response.headers_mut().insert(ALLOW, allow);
                }
                response
            }
        }
    }

    async fn route(&self, parts: &Parts, body: &mut Incoming) -> Answer {
        let segments = segments(parts.uri.path())?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let method = &parts.method;
        let refuse = |allow| Err(Refusal::no_method(method.as_str(), allow));
        match segments.as_slice() {
            ["openapi.json"] => match *method {
                Method::GET => ok(&openapi::description()),
                _ => refuse("GET"),
            },
            ["status"] => match *method {
                Method::GET => status(self),
                _ => refuse("GET"),
            },
            ["upgrade"] => match *method {
                Method::POST => upgrade(self).await,
                _ => refuse("POST"),
            },
            ["apps"] => match *method {
                Method::GET => apps(self),
                _ => refuse("GET"),
            },
            ["apps", app] => match *method {
                Method::GET => one_app(self, app),
                _ => refuse("GET"),
            },
            ["apps", app, "releases"] => match *method {
                Method::GET => releases(self, app),
                Method::POST => deploy(self, app, parts.uri.query(), body).await,
                _ => refuse("GET, POST"),
            },
            ["apps", app, "rollback"] => match *method {
                Method::POST => rollback(self, app, body).await,
                _ => refuse("POST"),
            },
            ["apps", app, "split"] => match *method {
                Method::PUT => split(self, app, body).await,
                Method::DELETE => end_split(self, app).await,
                _ => refuse("PUT, DELETE"),
            },
            _ => Err(Refusal::no_path(parts.uri.path())),
        }
    }
}

type Answer = Result<Response<Full<Bytes>>, Refusal>;

/// The host, and what it serves.
#[utoipa::path(get, path = "/status", responses((status = 200, body = HostStatus)))]
pub(super) fn status(api: &Api) -> Answer {
    ok(&HostStatus {
        version: api.host.version.clone(),
        pid: std::process::id(),
        started: api.host.started,
        listen: api.host.listen.iter().map(ToString::to_string).collect(),
        state: api.host.state.display().to_string(),
        trouble: api.apps.trouble(),
        apps: api.apps.list(),
    })
}

/// Replace the host by a new process without losing a request. Answered when that one serves.
#[utoipa::path(
    post,
    path = "/upgrade",
    responses(
        (status = 204, description = "A new process serves"),
        (status = 503, body = ErrorMessage, description = "The host goes on as it was"),
    ),
)]
pub(super) async fn upgrade(api: &Api) -> Answer {
    let upgrading = (api.upgrade)();
    to_the_end(async move { upgrading.await.map_err(Refusal::unavailable) }).await?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The apps, by name.
#[utoipa::path(get, path = "/apps", responses((status = 200, body = [AppStatus])))]
pub(super) fn apps(api: &Api) -> Answer {
    ok(&api.apps.list())
}

/// An app.
#[utoipa::path(
    get,
    path = "/apps/{app}",
    params(("app", description = "The app's name")),
    responses((status = 200, body = AppStatus), (status = 404, body = ErrorMessage)),
)]
pub(super) fn one_app(api: &Api, app: &str) -> Answer {
    ok(&api.apps.app(app)?)
}

/// The releases of an app that are kept, the newest first.
#[utoipa::path(
    get,
    path = "/apps/{app}/releases",
    params(("app", description = "The app's name")),
    responses((status = 200, body = [ReleaseStatus]), (status = 404, body = ErrorMessage)),
)]
pub(super) fn releases(api: &Api, app: &str) -> Answer {
    ok(&api.apps.releases(app)?)
}

/// Make a component the active release of an app, or give it a share of the requests.
#[utoipa::path(
    post,
    path = "/apps/{app}/releases",
    params(("app", description = "The app's name"), DeployQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses(
        (status = 201, body = ReleaseStatus),
        (status = 400, body = ErrorMessage, description = "The query is wrong"),
        (status = 404, body = ErrorMessage, description = "There is no such app"),
        (status = 413, body = ErrorMessage, description = "The component is too large"),
        (status = 422, body = ErrorMessage, description = "The component cannot be served"),
        (status = 503, body = ErrorMessage, description = "The host cannot keep releases"),
        (status = 507, body = ErrorMessage, description = "The disk is full"),
    ),
)]
pub(super) async fn deploy(
    api: &Api,
    app: &str,
    query: Option<&str>,
    body: &mut Incoming,
) -> Answer {
    let query = DeployQuery::parse(query.unwrap_or_default()).map_err(Refusal::bad)?;
    // Nobody should send a component for nothing.
    api.apps.app(app)?;
    let state = Arc::clone(api.apps.state().ok_or(ChangeError::Stateless)?);
    // Limit: DEPLOYS_MAX
    let place = Arc::clone(&api.deploys).acquire_owned().await;
    let place = place.expect("the semaphore is never closed");
    let blob = body::component(Arc::clone(&state), body).await?;
    let (apps, app, share) = (Arc::clone(&api.apps), app.to_owned(), query.share());
    let file_name = query.file_name.unwrap_or_else(|| NO_FILE_NAME.to_owned());
    let release = to_the_end(async move {
        let result = apps.deploy(&app, blob, file_name, share).await;
        if result.is_err() {
            // No record names it, so nothing else would remove it soon.
            spawn_blocking(move || remove_unused(&state));
        }
        drop(place);
        Ok(result?)
    });
    Ok(json(StatusCode::CREATED, &release.await?))
}

/// The file's name of a component that came without.
const NO_FILE_NAME: &str = "a file without a name";

/// Removes the components that no release needs. Why a deploy was refused matters more than what
/// may be wrong here.
fn remove_unused(state: &State) {
    if let Err(error) = state.collect() {
        tracing::warn!("cannot remove a component that was refused: {error}");
    }
}

/// Go back to an earlier release.
#[utoipa::path(
    post,
    path = "/apps/{app}/rollback",
    params(("app", description = "The app's name")),
    request_body(content = Option<Rollback>),
    responses(
        (status = 200, body = ReleaseStatus),
        (status = 404, body = ErrorMessage, description = "There is no such app or release"),
        (status = 409, body = ErrorMessage, description = "There is no release to go back to"),
        (status = 422, body = ErrorMessage, description = "The release cannot be served"),
    ),
)]
pub(super) async fn rollback(api: &Api, app: &str, body: &mut Incoming) -> Answer {
    let Rollback { release } = body::json::<Option<Rollback>>(body)
        .await?
        .unwrap_or_default();
    let (apps, app) = (Arc::clone(&api.apps), app.to_owned());
    let release =
        to_the_end(async move { Ok(apps.rollback(&app, release.as_deref()).await?) }).await?;
    ok(&release)
}

/// Give a release a share of the requests.
#[utoipa::path(
    put,
    path = "/apps/{app}/split",
    params(("app", description = "The app's name")),
    request_body(content = Split),
    responses(
        (status = 200, body = AppStatus),
        (status = 400, body = ErrorMessage, description = "The share is wrong"),
        (status = 404, body = ErrorMessage, description = "There is no such app or release"),
        (status = 409, body = ErrorMessage, description = "The release is the active one"),
        (status = 422, body = ErrorMessage, description = "The release cannot be served"),
    ),
)]
pub(super) async fn split(api: &Api, app: &str, body: &mut Incoming) -> Answer {
    let split = body::json::<Option<Split>>(body).await?;
    let split = split.ok_or_else(|| Refusal::bad("expected JSON in the body, got nothing"))?;
    change_split(api, app, Some(split)).await
}

/// Give all requests to the active release again.
#[utoipa::path(
    delete,
    path = "/apps/{app}/split",
    params(("app", description = "The app's name")),
    responses((status = 200, body = AppStatus), (status = 404, body = ErrorMessage)),
)]
pub(super) async fn end_split(api: &Api, app: &str) -> Answer {
    change_split(api, app, None).await
}

async fn change_split(api: &Api, app: &str, split: Option<Split>) -> Answer {
    let (apps, app) = (Arc::clone(&api.apps), app.to_owned());
    let status = to_the_end(async move {
        let split = split
            .as_ref()
            .map(|split| (split.release.as_str(), split.share()));
        apps.split(&app, split).await?;
        Ok(apps.app(&app)?)
    });
    ok(&status.await?)
}

/// Makes a change to its end, even if whoever asked for it goes away: half of one must not stay.
async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::spawn(change)
        .await
        .unwrap_or_else(|error| Err(Refusal::unavailable(format!("the host failed: {error}"))))
}

/// The segments of a path, decoded.
fn segments(path: &str) -> Result<Vec<String>, Refusal> {
    let decode = |segment| percent_decode_str(segment).decode_utf8();
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    segments
        .map(|segment| Ok(decode(segment)?.into_owned()))
        .collect::<Result<_, std::str::Utf8Error>>()
        .map_err(|_| Refusal::bad(format!("expected a path in UTF-8, got {path:?}")))
}

fn ok(body: &impl Serialize) -> Answer {
    Ok(json(StatusCode::OK, body))
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(body).expect("a status has nothing that JSON has not");
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_any_character() {
        for (path, expected) in [
            ("/", &[""][..]),
            ("/apps", &["apps"]),
            ("/apps/", &["apps", ""]),
            ("/apps/a%2Fb%20c/split", &["apps", "a/b c", "split"]),
            ("/apps/%2E%2E/%C3%A9", &["apps", "..", "\u{e9}"]),
            ("/apps/%2", &["apps", "%2"]),
        ] {
            assert_eq!(segments(path).unwrap(), expected, "{path}");
        }
        assert_eq!(segments("/%FF").unwrap_err().status.as_u16(), 400);
    }
}
