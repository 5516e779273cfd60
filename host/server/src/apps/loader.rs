//! From a component's bytes to an app that can be called: middleware in front, health checked.
//!
//! Compiling blocks, so it is done on threads for that, a few at one time. Must not know which
//! release is active.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::request::Builder;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use wasgi_gateway::{
    App, Binary, Gateway, Grants, Isolation, LoadError, Origin, Outbound, Peer, Sql,
};

use super::ahead::Ahead;
use super::spec::{AppSpec, ProgramSpec};
use super::waking::digest_of;
use crate::outbound::OutboundClient;
use crate::request_ids::RequestIds;
use crate::sql::Databases;
use crate::state::Digest;

/// Bytes of a health check's response that are read.
const PROBE_BODY_MAX: usize = 1024 * 1024;

/// The method of the request that asks for nothing but an instance that is ready. A component that
/// runs source answers it itself.
const PREPARE: &str = "WASGI-PREPARE";

/// Loads at one time, each on a thread that may block.
const LOADS_MAX: usize = 256;

/// Makes apps of components.
pub(crate) struct Loader {
    gateway: Gateway,
    /// Loads at one time. Most are over in milliseconds; some wait for a compilation, of which
    /// there are few at one time, and must not keep the others from theirs.
    places: Semaphore,
    ids: RequestIds,
}

/// An app that can be called.
pub(crate) struct Loaded {
    /// The outermost middleware, or the app if it has none.
    pub(crate) entry: Arc<App>,
    /// The app, then its middleware, outwards.
    layers: Vec<Arc<App>>,
    /// What the files of its middleware held, outwards.
    middleware: Vec<Digest>,
    /// The instance that is made before anybody asks, if the app is served from source.
    pub(crate) ahead: Option<Ahead>,
}

/// Why a release is not to be given requests.
#[derive(Debug)]
pub enum Refused {
    /// A component cannot be loaded.
    Load(LoadError),
    /// It did not answer its health check.
    Unhealthy(String),
    /// The host cannot read or write what it has to.
    Host(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Unhealthy(why) | Self::Host(why) => f.write_str(why),
        }
    }
}

impl From<LoadError> for Refused {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl Loaded {
    /// The app and its middleware.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Arc<App>> {
        self.layers.iter()
    }

    /// Whether the files of its middleware still hold what it was loaded from. It reads them.
    pub(crate) fn has_middleware_of(&self, spec: &AppSpec) -> Result<bool, LoadError> {
        let files = spec.middleware.iter().rev();
        for (program, digest) in files.zip(&self.middleware) {
            if digest_of(&Binary::read(&program.component)?) != *digest {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Loader {
    pub(crate) fn new(gateway: Gateway) -> Self {
        Self {
            gateway,
            // Limit: LOADS_MAX
            places: Semaphore::new(LOADS_MAX),
            ids: RequestIds::new(),
        }
    }

    /// Makes room for so many instances at one time.
    pub(crate) fn reserve(&self, instances: usize) {
        self.gateway.reserve(instances);
    }

    /// Makes what the first app would have to wait for. What goes wrong, that one is told.
    pub(crate) async fn prepare(self: &Arc<Self>) {
        let this = Arc::clone(self);
        let prepared = spawn_blocking(move || this.gateway.prepare()).await;
        if let Ok(Err(error)) = prepared {
            tracing::warn!("{error}");
        }
    }

    /// Loads an app of this component, and its middleware from their files.
    pub(crate) async fn load(
        self: &Arc<Self>,
        spec: &Arc<AppSpec>,
        binary: Binary,
    ) -> Result<Loaded, Refused> {
        let _place = self.places.acquire().await.expect("it is never closed");
        let (this, wanted) = (Arc::clone(self), Arc::clone(spec));
        let loaded = spawn_blocking(move || this.load_now(&wanted, &binary))
            .await
            .unwrap_or_else(|error| Err(Refused::Host(format!("loading it failed: {error}"))))?;
        Ok(self.with_ahead(spec, loaded))
    }

    /// The same app and middleware without instances.
    pub(crate) fn renewed(self: &Arc<Self>, spec: &Arc<AppSpec>, loaded: &Loaded) -> Loaded {
        let mut layers: Vec<Arc<App>> = Vec::with_capacity(loaded.layers.len());
        for layer in &loaded.layers {
            layers.push(layer.renewed(layers.last().cloned()));
        }
        let entry = layers.last().expect("the app is one of them");
        let loaded = Loaded {
            entry: Arc::clone(entry),
            layers,
            middleware: loaded.middleware.clone(),
            ahead: None,
        };
        self.with_ahead(spec, loaded)
    }

    /// Makes the first instance of an app that is served from source.
    fn with_ahead(self: &Arc<Self>, spec: &Arc<AppSpec>, loaded: Loaded) -> Loaded {
        let app = loaded.layers.first().expect("the app comes first");
        let is_reused = matches!(app.settings().isolation, Isolation::Reuse(_));
        let ahead = || Ahead::begin(self, spec, app);
        Loaded {
            ahead: (spec.source.is_some() && is_reused).then(ahead),
            ..loaded
        }
    }

    fn load_now(&self, spec: &AppSpec, binary: &Binary) -> Result<Loaded, Refused> {
        let mut entry = self.make(binary, &spec.program, None)?;
        let mut layers = vec![Arc::clone(&entry)];
        let mut middleware = Vec::with_capacity(spec.middleware.len());
        for program in spec.middleware.iter().rev() {
            let binary = Binary::read(&program.component)?;
            middleware.push(digest_of(&binary));
            entry = self.make(&binary, program, Some(entry))?;
            layers.push(Arc::clone(&entry));
        }
        Ok(Loaded {
            entry,
            layers,
            middleware,
            ahead: None,
        })
    }

    fn make(
        &self,
        binary: &Binary,
        program: &ProgramSpec,
        next: Option<Arc<App>>,
    ) -> Result<Arc<App>, LoadError> {
        let component = self.gateway.load(binary)?;
        let outbound = program
            .outbound
            .clone()
            .map(|settings| Arc::new(OutboundClient::new(settings)) as Arc<dyn Outbound>);
        let grants = Grants {
            outbound,
            sql: Databases::new(&program.sql).map(|sql| Arc::new(sql) as Arc<dyn Sql>),
        };
        App::new(&component, program.settings.clone(), grants, next)
    }

    /// Asks an app for its health, if it has a path for that. Its middleware is left out: it may
    /// well refuse a request without credentials.
    pub(crate) async fn probe(&self, spec: &AppSpec, loaded: &Loaded) -> Result<(), Refused> {
        // Whoever works on a source wants to see what is wrong with it.
        let (Some(health), None) = (&spec.health, &spec.source) else {
            return Ok(());
        };
        let app = loaded.layers.first().expect("the app comes first");
        let unhealthy =
            |why: String| Refused::Unhealthy(format!("its health check {health} {why}"));
        let wait = spec.program.settings.limits.wall;
        // Limit: Limits::wall
        match timeout(wait, self.ask(spec, app, health)).await {
            Ok(Ok(status)) if status.is_success() || status.is_redirection() => Ok(()),
            Ok(Ok(status)) => Err(unhealthy(format!(
                "answered {status}: expected a status from 200 to 399"
            ))),
            Ok(Err(error)) => Err(unhealthy(format!("failed: {error}"))),
            Err(_) => Err(unhealthy(format!("was not answered within {wait:?}"))),
        }
    }

    async fn ask(
        &self,
        spec: &AppSpec,
        app: &Arc<App>,
        health: &str,
    ) -> Result<StatusCode, String> {
        let route = spec.routes.first();
        let script_name = route.map_or("", |route| route.path.script_name());
        let uri: Uri = format!("{script_name}{health}")
            .parse()
            .map_err(|error| format!("it is no path: {error}"))?;
        let host = route.and_then(|route| route.host.as_ref());
        let host = host.map_or_else(
            || "localhost".to_owned(),
            // Any name will do that the route is for.
            |host| host.to_string().replace("*.", "health."),
        );
        let request = Request::get(uri)
            .header(HOST, host)
            .header(USER_AGENT, "wasgi-health");
        self.send(app, request, script_name.len()).await
    }

    /// Has an app make an instance, which imports the source before anybody asks. Middleware does
    /// not see the request.
    pub(crate) async fn make_ready(&self, app: &Arc<App>) -> Result<StatusCode, String> {
        let request = Request::builder()
            .method(PREPARE)
            .uri("/")
            .header(HOST, "localhost")
            .header(USER_AGENT, "wasgi");
        self.send(app, request, 0).await
    }

    /// Sends a request of the host's own, and reads its response to the end.
    async fn send(
        &self,
        app: &Arc<App>,
        request: Builder,
        script_name_length: usize,
    ) -> Result<StatusCode, String> {
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(|error| error.to_string())?;
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let origin = Origin {
            request_id: self.ids.next(),
            local: nowhere,
            remote: Arc::new(Peer::from(nowhere)),
            script_name_length,
            route_parameters: Vec::new(),
            server: None,
        };
        let response = app
            .call(request, origin)
            .await
            .map_err(|error| crate::answer::explain(&error))?;
        let status = response.status();
        // Limit: PROBE_BODY_MAX
        Limited::new(response.into_body(), PROBE_BODY_MAX)
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok(status)
    }
}
