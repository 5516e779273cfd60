//! An app: a component with its settings, and how it answers a request.
//!
//! Owns the order of things: admit, take or make an instance, call, check, keep or end the
//! instance. Must not know how a contract's calls look.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Request, Response};
use tokio::time::Instant;
use wasmtime::component::ResourceAny;

use crate::admission::{Admission, Permit};
use crate::body::Body;
use crate::contract::native::{Answer, Content, Native};
use crate::error::{BoxError, Error, Kind, LoadError};
use crate::failure;
use crate::gateway::Component;
use crate::input::{self, RequestBody};
use crate::instance::{Live, Pool};
use crate::lane::{Lanes, Run};
use crate::log::Rate;
use crate::meter::Meter;
use crate::request::Origin;
use crate::response::Head;
use crate::settings::{AppSettings, Isolation, Reuse};
use crate::state;

/// A component with its settings.
pub struct App {
    pub(crate) native: Native,
    pub(crate) settings: Arc<AppSettings>,
    pub(crate) lanes: Arc<Lanes>,
    engine: wasmtime::Engine,
    admission: Admission,
    pool: Pool,
    rate: Arc<Rate>,
}

/// A request on its way to an instance.
struct Call {
    app: Arc<App>,
    kept: Option<Live>,
    meter: Arc<Meter>,
    permit: Permit,
    parts: Parts,
    body: Option<RequestBody>,
    origin: Origin,
}

impl App {
    /// Makes an app of a component.
    ///
    /// Fails if a folder that the settings grant cannot be opened.
    pub fn new(component: &Component, settings: AppSettings) -> Result<Arc<Self>, LoadError> {
        for dir in &settings.dirs {
            std::fs::read_dir(&dir.host).map_err(|error| {
                let (name, path) = (&settings.name, dir.host.display());
                LoadError::new(format!("cannot grant the folder {path} to {name}: {error}"))
                    .with_hint("make the folder, or correct `host` in its `[[app.dir]]`")
            })?;
        }
        Ok(Arc::new(Self {
            native: component.native.clone(),
            admission: Admission::new(&settings.limits),
            settings: Arc::new(settings),
            lanes: Arc::clone(&component.lanes),
            engine: component.engine.clone(),
            pool: Pool::default(),
            rate: Arc::new(Rate::new()),
        }))
    }

    /// The app's settings.
    pub fn settings(&self) -> &AppSettings {
        &self.settings
    }

    /// Answers a request.
    ///
    /// The guest runs while the returned future and then the response's body are polled; dropping
    /// either ends it. A request body that fails with [`std::io::ErrorKind::InvalidData`] is not
    /// valid HTTP; one that fails otherwise will not be complete.
    pub async fn call<B>(
        self: &Arc<Self>,
        request: Request<B>,
        origin: Origin,
    ) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let deadline = Instant::now() + self.settings.limits.wall;
        let (parts, body) = request.into_parts();
        self.check_length(&parts)?;
        let permit = self.admission.admit().await?;
        let kept = self.reuse().and_then(|bounds| self.pool.take(bounds));
        let meter = kept.as_ref().map_or_else(Arc::default, Live::meter);
        let app = Arc::clone(self);
        let body = input::boxed(body);
        let call = Call {
            app,
            kept,
            meter: Arc::clone(&meter),
            permit,
            parts,
            body,
            origin,
        };
        let run = Run::new(&self.lanes, meter, call.answer());
        let mut run = pin!(run);
        // Most guests answer without a wait, and need no timer.
        if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(run.as_mut().poll(cx))).await {
            return result?;
        }
        // Limit: Limits::wall
        match tokio::time::timeout_at(deadline, run).await {
            Ok(result) => result?,
            Err(_) => Err(Error::new(
                Kind::WallLimit,
                format!(
                    "it made no response head within {:?}",
                    self.settings.limits.wall
                ),
            )),
        }
    }

    /// Ends the reused instances that have waited for too long. To be called now and then.
    pub fn sweep(&self) {
        if let Some(bounds) = self.reuse() {
            self.pool.sweep(bounds);
        }
    }

    /// How long instances are kept, if they are.
    fn reuse(&self) -> Option<&Reuse> {
        match &self.settings.isolation {
            Isolation::Request => None,
            Isolation::Reuse(bounds) => Some(bounds),
        }
    }

    /// Bytes of log output that were dropped since they were last told of.
    pub fn take_dropped_log(&self) -> u64 {
        self.rate.take_dropped()
    }

    /// Refuses a body whose length alone is too much.
    fn check_length(&self, parts: &Parts) -> Result<(), Error> {
        let length = parts
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        let limit = self.settings.limits.request_body;
        match length.and_then(|digits| digits.parse::<u64>().ok()) {
            // Limit: Limits::request_body
            Some(length) if length > limit => Err(Error::new(
                Kind::BodyTooLarge,
                format!("the request's body has {length} bytes: expected at most {limit}"),
            )),
            _ => Ok(()),
        }
    }

    /// Makes an instance.
    async fn instantiate(&self, meter: Arc<Meter>) -> Result<Live, Error> {
        let mut store = state::store(
            &self.engine,
            &self.lanes.ticker,
            &self.settings,
            &self.rate,
            meter,
        );
        match self.native.instantiate(&mut store).await {
            Ok(instance) => Ok(Live {
                store,
                instance,
                served: 0,
                permit: None,
            }),
            Err(error) => Err(failure::of_instantiation(&error, store.data())),
        }
    }

    /// Keeps an instance that has served its request, or ends it.
    pub(crate) fn release(&self, mut live: Live) {
        live.store.data_mut().end();
        if let Some(bounds) = self.reuse() {
            live.permit = None;
            self.pool.keep(live, bounds);
        }
    }
}

impl Call {
    async fn answer(self) -> Result<Response<Body>, Error> {
        let Self {
            app,
            kept,
            meter,
            permit,
            parts,
            body,
            origin,
        } = self;
        let mut live = match kept {
            Some(live) => {
                meter.reset();
                live
            }
            None => app.instantiate(meter).await?,
        };
        live.permit = Some(permit);
        live.served += 1;
        live.rearm();
        let generation = live.store.data_mut().begin(origin.request_id, body);
        let Live {
            store, instance, ..
        } = &mut live;
        let answer = app
            .native
            .handle(store, instance, &parts, &origin, generation)
            .await;
        let state = live.store.data();
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(message)) => return Err(failure::of_guest(&message, state)),
            Err(error) => return Err(failure::of_call(&error, state)),
        };
        if let Some(error) = state.input.client_error() {
            return Err(error);
        }
        respond(app, live, answer, &parts).await
    }
}

/// Checks an answer and makes the response of it.
async fn respond(
    app: Arc<App>,
    live: Live,
    answer: Answer,
    parts: &Parts,
) -> Result<Response<Body>, Error> {
    let Answer {
        status,
        fields,
        content,
    } = answer;
    let head = Head::new(status, fields, &app.settings.limits);
    let mut head = head.map_err(|error| blame(error, &live))?;
    let has_body = head.has_body(&parts.method);
    let body = match content {
        Content::Chunks(body) if has_body && head.length != Some(0) => {
            let trailers = head.announces_trailers();
            let body = Body::chunks(app, live, body, head.length, trailers);
            return Ok(response(head, body));
        }
        Content::Chunks(body) => {
            if !has_body {
                head.forget_body(&parts.method, None);
            }
            close(&app, live, body).await?;
            return Ok(response(head, Body::empty()));
        }
        Content::Bytes(bytes) => bytes,
        Content::Empty => Bytes::new(),
    };
    let length = body.len() as u64;
    if has_body {
        head.check_length(length)
            .map_err(|error| blame(error, &live))?;
    } else {
        head.forget_body(&parts.method, (length > 0).then_some(length));
    }
    app.release(live);
    Ok(response(
        head,
        if has_body {
            Body::whole(body)
        } else {
            Body::empty()
        },
    ))
}

fn response(head: Head, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

/// Drops a body that nobody wants: WSGI's `close()`.
async fn close(app: &App, mut live: Live, body: ResourceAny) -> Result<(), Error> {
    match body.resource_drop_async(&mut live.store).await {
        Ok(()) => {
            app.release(live);
            Ok(())
        }
        Err(error) => Err(failure::of_call(&error, live.store.data())),
    }
}

fn blame(error: Error, live: &Live) -> Error {
    error.with_report(failure::report(None, live.store.data()))
}
