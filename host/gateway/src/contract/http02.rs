//! `wasi:http/incoming-handler@0.2`: the contract of Spin, wasmCloud, `wasmtime serve` and jco.
//!
//! Requests, fields and futures are wasmtime's; the way of a response out is [`body`]'s.

mod body;

use std::sync::{Arc, OnceLock};

use wasmtime::component::{
    Component, ComponentExportIndex, InstancePre, Linker, Resource, TypedFunc,
};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};
use wasmtime_wasi_http::{FieldMap, WasiHttpView};

use super::http;
use crate::call::{Call, Entered};
use crate::error::{Error, Kind};
use crate::failure;
use crate::input::Stream;
use crate::instance::Live;
use crate::push::{Reply, Stage};
use crate::response;
use crate::state::State;

/// A component of this contract, checked against the host once for all of its instances.
pub(crate) struct Http02 {
    pre: InstancePre<State>,
    /// Set once the type of `handle` was checked, on the first instance.
    checked: OnceLock<()>,
    handle: ComponentExportIndex,
}

/// The version under which wasmtime links `wasi:http`: what is linked under it replaces that.
const TYPES: &str = "wasi:http/types@0.2.12";

type Handle = (
    Resource<HostIncomingRequest>,
    Resource<HostResponseOutparam>,
);

/// The outparam, a status and fields.
type Informational = (Resource<HostResponseOutparam>, u16, Resource<FieldMap>);

impl Http02 {
    /// Adds what this contract lets a guest import.
    pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
        body::link(linker)?;
        let mut types = linker.instance(TYPES)?;
        types.func_wrap(
            "[method]response-outparam.send-informational",
            |mut store, (_, status, fields): Informational| {
                store.data_mut().http().table.delete(fields)?;
                Ok((Err::<(), _>(not_informational(status)),))
            },
        )
    }

    /// Matches a component's imports and exports with the host's.
    pub(crate) fn new(linker: &Linker<State>, component: &Component) -> wasmtime::Result<Self> {
        let pre = linker.instantiate_pre(component)?;
        let handler = component.get_export_index(None, "wasi:http/incoming-handler@0.2.0");
        let handle = handler
            .and_then(|handler| component.get_export_index(Some(&handler), "handle"))
            .ok_or_else(|| {
                wasmtime::format_err!("wasi:http/incoming-handler has no function handle")
            })?;
        Ok(Self {
            pre,
            checked: OnceLock::new(),
            handle,
        })
    }

    /// Calls `handle`. Its answer goes to `reply`.
    async fn handle(
        &self,
        live: &mut Live,
        request: ::http::Request<Stream>,
        reply: Reply,
    ) -> wasmtime::Result<()> {
        let handle = self.function(live)?;
        let store = &mut live.store;
        let mut view = store.data_mut().http();
        let request = view.new_incoming_request(Scheme::Http, request)?;
        let outparam = view.new_response_outparam_from_callback(move |answer| {
            reply.set(answer.map_err(|code| refused(&code)));
        })?;
        handle.call_async(store, (request, outparam)).await
    }

    /// The export as a function of the type that it was checked against.
    #[expect(
        unsafe_code,
        reason = "checking types costs as much as a call, and they do not change"
    )]
    fn function(&self, live: &mut Live) -> wasmtime::Result<TypedFunc<Handle, ()>> {
        let Live {
            store, instance, ..
        } = live;
        if self.checked.get().is_none() {
            instance.get_typed_func::<Handle, ()>(&mut *store, &self.handle)?;
            // Whoever was faster has checked the same.
            let _first = self.checked.set(());
        }
        let function = instance
            .get_func(store, self.handle)
            .expect("`new` found the export");
        // SAFETY: the export was checked against this type on an instance of this component, and
        // all instances of a component have the same types.
        Ok(unsafe { TypedFunc::new_unchecked(function) })
    }
}

/// Runs a guest for one request.
pub(crate) async fn serve(http: Arc<Http02>, call: Call, reply: Reply) -> Result<(), Error> {
    let Entered {
        app,
        parts,
        origin,
        mut live,
        ..
    } = call.enter(&http.pre).await?;
    let stream = live.store.data_mut().input.take();
    let request = http::request(parts, &origin, stream)?;
    let result = http.handle(&mut live, request, reply.clone()).await;
    let state = live.store.data();
    if let Err(error) = result {
        let is_exit = matches!(error.downcast_ref::<I32Exit>(), Some(I32Exit(0)));
        // Whoever has answered may end itself in any way that says that it is well.
        return match reply.stage() {
            Stage::Response if is_exit => Ok(()),
            _ => Err(failure::of_call(&error, state)),
        };
    }
    match reply.stage() {
        Stage::Response => app.release(live),
        // An instance that failed by its own account is not used again.
        Stage::Error => {}
        Stage::Unset => {
            let error = response::bad("it returned without a response: expected one".to_owned());
            return Err(error.with_report(failure::report(None, state)));
        }
    }
    Ok(())
}

/// The error of a 1xx response, which the server does not send: the one that the WIT names.
fn not_informational(status: u16) -> ErrorCode {
    if (100..200).contains(&status) {
        ErrorCode::InternalError(Some("informational responses are not sent".to_owned()))
    } else {
        ErrorCode::HttpProtocolError
    }
}

/// The error of a guest that answered with an error of its own.
fn refused(code: &ErrorCode) -> Error {
    Error::new(
        Kind::GuestFailed,
        format!("it answered with the error {code:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_informational_response_fails_as_the_wit_says() {
        for status in [100, 103, 199] {
            let code = not_informational(status);
            assert!(matches!(code, ErrorCode::InternalError(_)), "{status}");
        }
        for status in [0, 99, 200, u16::MAX] {
            let code = not_informational(status);
            assert!(matches!(code, ErrorCode::HttpProtocolError), "{status}");
        }
    }
}
