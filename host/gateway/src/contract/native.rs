//! `wasgi:gateway/app@0.1`: the native contract (see `wit/README.md`).

mod bindings;
mod middleware;

use std::sync::OnceLock;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Linker,
    Lower, Resource, ResourceAny, ResourceType, TypedFunc,
};
use wasmtime::{Store, StoreContextMut};

use self::bindings::application::exports::wasgi::gateway::app;
use self::bindings::application::wasgi::gateway::types;
use crate::input::Failure;
use crate::instance::Live;
use crate::request::{self, Origin};
use crate::response::Field;
use crate::state::State;

/// The host's side of the resource `input`. Its representation is the generation of the request
/// that it belongs to.
#[expect(
    unreachable_pub,
    reason = "the bindings export it, and go no further themselves"
)]
pub enum InputHandle {}

/// A component of this contract, checked against the host once for all of its instances.
pub(crate) struct Native {
    pre: InstancePre<State>,
    /// Set once the types of the exports below were checked, on the first instance.
    checked: OnceLock<()>,
    handle: ComponentExportIndex,
    next: ComponentExportIndex,
    trailers: ComponentExportIndex,
}

/// What a guest answered, unchecked.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<Field>,
    pub(crate) content: Content,
}

/// What follows the head.
pub(crate) enum Content {
    Empty,
    Bytes(Bytes),
    Chunks(ResourceAny),
}

type Handle<'a> = (&'a types::Environ<'a>, Resource<InputHandle>);
type Handled = (Result<app::Response, String>,);
type Next = (ResourceAny,);
type Nexted = (Result<Option<Bytes>, String>,);
type Trailers = (ResourceAny,);
type Trailered = (Vec<Field>,);

/// What a call that may fail in the guest's own words returns.
type Fallible<T> = wasmtime::Result<Result<T, String>>;

impl Native {
    /// Adds what this contract lets a guest import.
    pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        let mut types = linker.instance("wasgi:gateway/types@0.1.0")?;
        // Nothing to do when a guest drops its input: the host forgets it with the request.
        types.resource("input", ResourceType::host::<InputHandle>(), |_, _| Ok(()))?;
        types.func_wrap_async("[method]input.read", |store, (input, max)| {
            Box::new(async move { Ok((read(store, &input, max).await,)) })
        })?;
        types.func_wrap_async("[method]input.trailers", |store, (input,)| {
            Box::new(async move { Ok((trailers(store, &input).await,)) })
        })?;
        middleware::link(linker)
    }

    /// Matches a component's imports and exports with the host's.
    pub(crate) fn new(linker: &Linker<State>, component: &Component) -> wasmtime::Result<Self> {
        let pre = linker.instantiate_pre(component)?;
        let app = component
            .get_export_index(None, "wasgi:gateway/app@0.1.0")
            .ok_or_else(|| wasmtime::format_err!("it exports no wasgi:gateway/app@0.1"))?;
        let function = |name: &str| {
            component
                .get_export_index(Some(&app), name)
                .ok_or_else(|| wasmtime::format_err!("wasgi:gateway/app has no function {name}"))
        };
        Ok(Self {
            checked: OnceLock::new(),
            handle: function("handle")?,
            next: function("[method]body.next")?,
            trailers: function("[method]body.trailers")?,
            pre,
        })
    }

    /// What instances are made of.
    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    /// Checks the types of the exports, on the first instance.
    fn check(&self, live: &mut Live) -> wasmtime::Result<()> {
        if self.checked.get().is_none() {
            let Live {
                store, instance, ..
            } = live;
            instance.get_typed_func::<Handle<'_>, Handled>(&mut *store, &self.handle)?;
            instance.get_typed_func::<Next, Nexted>(&mut *store, &self.next)?;
            instance.get_typed_func::<Trailers, Trailered>(&mut *store, &self.trailers)?;
            // Whoever was faster has checked the same.
            let _first = self.checked.set(());
        }
        Ok(())
    }

    /// Calls `handle`. The input is that of the store.
    pub(crate) async fn handle(
        &self,
        live: &mut Live,
        parts: &Parts,
        origin: &Origin,
        generation: u32,
    ) -> Fallible<Answer> {
        self.check(live)?;
        let Live {
            store, instance, ..
        } = live;
        let fields = request::fields(parts);
        let (server_name, server_port) = request::server(parts, origin);
        let (script_name, path_info) = request::split_path(&parts.uri, origin);
        let remote = &origin.remote;
        let matched = origin.route_parameters.iter();
        let route_parameters: Vec<_> = matched.map(|(name, value)| (&**name, &**value)).collect();
        let environ = types::Environ {
            request_method: parts.method.as_str(),
            url_scheme: request::URL_SCHEME,
            server_name: &server_name,
            server_port,
            script_name,
            path_info,
            query_string: parts.uri.query(),
            server_protocol: request::protocol(parts.version),
            remote: (!remote.address.is_empty()).then_some(types::Peer {
                address: &remote.address,
                port: remote.port,
            }),
            tls: None,
            request_id: origin.request_id.as_str(),
            route_parameters: &route_parameters,
            headers: &fields,
        };
        let handle = self.function::<Handle<'_>, Handled>(store, instance, &self.handle);
        let input = Resource::new_own(generation);
        let (result,) = handle.call_async(store, (&environ, input)).await?;
        Ok(result.map(Answer::from))
    }

    /// Calls `body.next`.
    pub(crate) async fn next(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        body: ResourceAny,
    ) -> Fallible<Option<Bytes>> {
        let next = self.function::<Next, Nexted>(store, instance, &self.next);
        let (result,) = next.call_async(store, (body,)).await?;
        Ok(result)
    }

    /// Calls `body.trailers`.
    pub(crate) async fn trailers(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        body: ResourceAny,
    ) -> wasmtime::Result<Vec<Field>> {
        let trailers = self.function::<Trailers, Trailered>(store, instance, &self.trailers);
        let (fields,) = trailers.call_async(store, (body,)).await?;
        Ok(fields)
    }

    /// An export as a function of the types that [`Native::check`] has checked it against.
    #[expect(
        unsafe_code,
        reason = "checking types costs as much as a call, and they do not change"
    )]
    fn function<P, R>(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        export: &ComponentExportIndex,
    ) -> TypedFunc<P, R>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        debug_assert!(self.checked.get().is_some(), "`handle` is called first");
        let function = instance
            .get_func(store, export)
            .expect("`new` found the export");
        // SAFETY: each export is used with one pair of types, which `check` checked on an
        // instance of this component; all instances of a component have the same types.
        unsafe { TypedFunc::new_unchecked(function) }
    }
}

impl From<app::Response> for Answer {
    fn from(response: app::Response) -> Self {
        let content = match response.content {
            app::Content::Empty => Content::Empty,
            app::Content::Bytes(bytes) => Content::Bytes(bytes.into()),
            app::Content::Chunks(body) => Content::Chunks(body),
        };
        Self {
            status: response.status,
            fields: response.headers,
            content,
        }
    }
}

async fn read(
    mut store: StoreContextMut<'_, State>,
    input: &Resource<InputHandle>,
    max: u32,
) -> Result<Bytes, types::InputError> {
    let state = store.data_mut();
    // Limit: Limits::host_call
    let max = max.min(u32::try_from(state.limits().host_call).unwrap_or(u32::MAX));
    Ok(state.input.read(input.rep(), max).await?)
}

async fn trailers(
    mut store: StoreContextMut<'_, State>,
    input: &Resource<InputHandle>,
) -> Result<Vec<Field>, types::InputError> {
    let trailers = store.data_mut().input.trailers(input.rep()).await?;
    Ok(owned(&trailers))
}

/// Fields as a guest is given them.
fn owned(headers: &HeaderMap) -> Vec<Field> {
    let fields = headers.iter();
    let owned = fields.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    owned.collect()
}

impl From<Failure> for types::InputError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TooLarge(_) => Self::TooLarge,
            Failure::TimedOut(_) => Self::TimedOut,
            Failure::Closed => Self::Closed,
            Failure::Malformed => Self::Other("the body's framing is not valid HTTP".to_owned()),
        }
    }
}
