//! The body of a response: what stands in the place of wasmtime's own.
//!
//! wasmtime hands each write over to another task through a channel. Here it goes to the outbox
//! that the client's task takes from. The bodies of requests that guests make stay wasmtime's.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, HostOutgoingBody as _};
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::HostOutgoingResponse;
use wasmtime_wasi_http::{FieldMap, WasiHttpView};

use super::TYPES;
use crate::outbox::{Outbox, Writer, outbox};
use crate::state::State;

/// Adds the four items that make, write, end and drop a response's body.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[method]outgoing-response.body", |store, (response,)| {
        Ok((body(store, &response)?,))
    })?;
    types.func_wrap("[method]outgoing-body.write", |store, (body,)| {
        Ok((write(store, body)?,))
    })?;
    types.func_wrap("[static]outgoing-body.finish", |store, (body, trailers)| {
        Ok((finish(store, body, trailers)?,))
    })?;
    types.resource(
        "outgoing-body",
        ResourceType::host::<HostOutgoingBody>(),
        |mut store, rep| drop_body(store.data_mut(), rep),
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What a handle of an `outgoing-body` stands for if it is that of a response.
struct ResponseBody {
    outbox: Outbox,
    /// The length that the response declares.
    declared: Option<u64>,
    /// The guest has taken the stream, which it can do once.
    is_taken: bool,
}

fn body(
    mut store: StoreContextMut<'_, State>,
    response: &Resource<HostOutgoingResponse>,
) -> wasmtime::Result<Result<Resource<HostOutgoingBody>, ()>> {
    let view = store.data_mut().http();
    let response = view.table.get_mut(response)?;
    if response.body.is_some() {
        return Ok(Err(()));
    }
    let Ok(declared) = declared_length(&response.headers) else {
        return Ok(Err(()));
    };
    let (outbox, body) = outbox();
    response.body = Some(body.map_err(Into::into).boxed_unsync());
    let body = view.table.push(ResponseBody {
        outbox,
        declared,
        is_taken: false,
    })?;
    Ok(Ok(Resource::new_own(body.rep())))
}

/// The length that a head declares; it may not declare two.
fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, ()> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let length = value.to_str().ok().and_then(|digits| digits.parse().ok());
    match (length, values.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(()),
    }
}

fn write(
    mut store: StoreContextMut<'_, State>,
    body: Resource<HostOutgoingBody>,
) -> wasmtime::Result<Result<Resource<DynOutputStream>, ()>> {
    let mut view = store.data_mut().http();
    let Ok(found) = view.table.get_mut(&own(&body)) else {
        return view.write(body);
    };
    if std::mem::replace(&mut found.is_taken, true) {
        return Ok(Err(()));
    }
    let stream: DynOutputStream = Box::new(BodyStream {
        writer: found.outbox.writer(),
        declared: found.declared,
    });
    Ok(Ok(view.table.push_child(stream, &body)?))
}

fn finish(
    mut store: StoreContextMut<'_, State>,
    body: Resource<HostOutgoingBody>,
    trailers: Option<Resource<FieldMap>>,
) -> wasmtime::Result<Result<(), ErrorCode>> {
    let mut view = store.data_mut().http();
    if view.table.get(&own(&body)).is_err() {
        return match view.finish(body, trailers) {
            Ok(()) => Ok(Ok(())),
            Err(error) => error.downcast().map(Err),
        };
    }
    let ResponseBody {
        outbox, declared, ..
    } = view.table.delete(own(&body))?;
    let trailers = trailers
        .map(|trailers| view.table.delete(trailers))
        .transpose()?;
    let written = outbox.written();
    if declared.is_some_and(|declared| declared != written) {
        return Ok(Err(ErrorCode::HttpResponseBodySize(Some(written))));
    }
    outbox.finish(trailers.map(HeaderMap::from));
    Ok(Ok(()))
}

fn drop_body(state: &mut State, rep: u32) -> wasmtime::Result<()> {
    let mut view = state.http();
    let body = Resource::new_own(rep);
    if view.table.get(&own(&body)).is_err() {
        return view.drop(body);
    }
    view.table.delete(own(&body))?;
    Ok(())
}

/// The handle as that of a response's body, if it is one.
fn own(body: &Resource<HostOutgoingBody>) -> Resource<ResponseBody> {
    Resource::new_own(body.rep())
}

/// The stream that a guest writes its response to.
struct BodyStream {
    writer: Writer,
    declared: Option<u64>,
}

impl BodyStream {
    /// Bytes that may be written; an error if nobody takes them.
    fn room(&self) -> StreamResult<usize> {
        self.writer.room().ok_or(StreamError::Closed)
    }

    fn push(&self, bytes: Bytes) -> StreamResult<()> {
        let written = self.writer.written().saturating_add(bytes.len() as u64);
        if self.declared.is_some_and(|declared| written > declared) {
            // A stream whose operation has failed is closed (`wasi:io/streams`).
            self.writer.refuse(bytes.len());
            let error = ErrorCode::HttpResponseBodySize(Some(written));
            return Err(StreamError::LastOperationFailed(error.into()));
        }
        self.writer.write(bytes);
        Ok(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for BodyStream {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| self.writer.poll_room(cx)).await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for BodyStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > self.room()? {
            return Err(StreamError::trap(
                "it wrote more than `check-write` permitted",
            ));
        }
        self.push(bytes)
    }

    /// The outbox is what a write is flushed to: its other end takes whatever is there.
    fn flush(&mut self) -> StreamResult<()> {
        self.room().map(drop)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.room()
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ready().await;
        self.room()?;
        // One such write has 4 KiB at most (`wasi:io/streams`), which fits beyond what was ahead.
        self.push(bytes)
    }
}
