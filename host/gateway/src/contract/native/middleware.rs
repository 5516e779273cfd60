//! What a middleware imports: `wasgi:gateway/app`, as the app that it wraps.
//!
//! Owns how the guest's calls become calls of that app. Whatever the guest hands over, it gets an
//! error to read and no trap.

mod environ;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};

use super::bindings::middleware::wasgi::gateway::app;
use super::bindings::middleware::wasgi::gateway::types::Environ;
use super::{InputHandle, owned};
use crate::meter::Meter;
use crate::response::Field;
use crate::state::State;
use crate::wrapped::{Content, Wrapped};

/// The host's side of the resource `body`. Its representation is the generation of the request
/// that it belongs to.
#[expect(
    unreachable_pub,
    reason = "the bindings export it, and go no further themselves"
)]
pub enum BodyHandle {}

/// Adds what a middleware imports.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut app = linker.instance("wasgi:gateway/app@0.1.0")?;
    app.resource("body", ResourceType::host::<BodyHandle>(), |store, rep| {
        close(store, rep);
        Ok(())
    })?;
    app.func_wrap_async("[method]body.next", |store, (body,)| {
        Box::new(async move { Ok((next(store, &body).await,)) })
    })?;
    app.func_wrap_async("[method]body.trailers", |mut store, (body,)| {
        Box::new(async move { Ok((trailers(&mut store, &body),)) })
    })?;
    app.func_wrap_async("handle", |store, (environ, input)| {
        Box::new(async move { Ok((handle(store, environ, &input).await,)) })
    })
}

async fn handle(
    mut store: StoreContextMut<'_, State>,
    environ: Environ,
    input: &Resource<InputHandle>,
) -> Result<app::Response, String> {
    let State {
        input: body,
        wrapped,
        meter,
        ..
    } = store.data_mut();
    // An earlier request's input is nothing to call the app with: nobody asks for its response.
    let wrapped = of(wrapped, input.rep()).ok_or(NO_REQUEST)?;
    let rest = body.hand_on(input.rep());
    let rest = rest.map_err(|failure| format!("cannot hand the input on: {failure}"))?;
    let (request, origin) = environ::request(environ, wrapped.origin())?;
    let call = wrapped.call(request.map(|()| rest), origin);
    let (head, content) = apart(meter, call).await?.into_parts();
    let content = match content {
        Content::Empty => app::Content::Empty,
        Content::Bytes(bytes) => app::Content::Bytes(bytes.into()),
        Content::Chunks => app::Content::Chunks(Resource::new_own(wrapped.generation())),
    };
    Ok(app::Response {
        status: head.status.as_u16(),
        headers: owned(&head.headers),
        content,
    })
}

async fn next(
    mut store: StoreContextMut<'_, State>,
    body: &Resource<BodyHandle>,
) -> Result<Option<Bytes>, String> {
    let State { wrapped, meter, .. } = store.data_mut();
    let wrapped = of(wrapped, body.rep()).ok_or(NO_REQUEST)?;
    apart(meter, wrapped.next()).await
}

fn trailers(store: &mut StoreContextMut<'_, State>, body: &Resource<BodyHandle>) -> Vec<Field> {
    let wrapped = of(&mut store.data_mut().wrapped, body.rep());
    wrapped.map_or_else(Vec::new, |wrapped| owned(&wrapped.take_trailers()))
}

/// The guest has dropped a body. The inner guest ends with it.
fn close(mut store: StoreContextMut<'_, State>, generation: u32) {
    let State { wrapped, meter, .. } = store.data_mut();
    if let Some(wrapped) = of(wrapped, generation) {
        meter.exclude(|| wrapped.close());
    }
}

/// What the guest wraps, if a handle of this generation is one of the running request.
fn of(wrapped: &mut Option<Box<Wrapped>>, generation: u32) -> Option<&mut Wrapped> {
    let wrapped = wrapped.as_deref_mut();
    wrapped.filter(|wrapped| wrapped.is_of(generation))
}

/// The error of a guest that calls before its first request, or with what is left of an earlier one.
const NO_REQUEST: &str = "the request that this belongs to is over";

/// Awaits what the inner guest does, none of which the middleware's meter counts.
async fn apart<F: Future>(meter: &Arc<Meter>, inner: F) -> F::Output {
    let mut inner = pin!(inner);
    poll_fn(|cx| meter.exclude(|| inner.as_mut().poll(cx))).await
}
