//! TCP sockets of guests: what stands before wasmtime's, so that an app connects to what it was
//! granted and to nothing else.
//!
//! What is granted, and what a name stands for, is decided by whoever sends the app's requests
//! ([`Outbound`]). Owns how that is asked: before a socket is made, before it connects, and when a
//! name is looked up. Nothing listens, and nothing is sent over UDP. Only version 0.2 of
//! `wasi:sockets` is counted here; who imports another one is granted no socket (`gateway.rs`).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::vec;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddress, IpAddressFamily};
use wasmtime_wasi::p2::bindings::sockets::tcp::HostTcpSocket as _;
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket::Host as _;
use wasmtime_wasi::p2::{DynPollable, Network, Pollable, TcpSocket, subscribe};
use wasmtime_wasi::sockets::{SocketAddrUse, WasiSocketsView as _};

use crate::outbound::{Outbound, OutboundError, OutboundPlace};
use crate::state::State;

/// The places of an instance's sockets, by the sockets' handles in the host.
pub(crate) type Places = HashMap<u32, OutboundPlace>;

/// Lets a guest connect to what its app was granted, if that is anything.
pub(crate) fn grant(builder: &mut WasiCtxBuilder, outbound: Option<&Arc<dyn Outbound>>) {
    let Some(outbound) = outbound.filter(|outbound| outbound.grants_sockets()) else {
        return;
    };
    let outbound = Arc::clone(outbound);
    builder
        .allow_tcp(true)
        .socket_addr_check(move |address, used| {
            let permitted = is_permitted(&*outbound, address, used);
            Box::pin(async move { permitted })
        });
}

fn is_permitted(outbound: &dyn Outbound, address: SocketAddr, used: SocketAddrUse) -> bool {
    match used {
        SocketAddrUse::TcpConnect => outbound.may_connect(address),
        // What every socket that connects is bound to: whatever the system takes.
        SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
        SocketAddrUse::TcpListen
        | SocketAddrUse::TcpAccept
        | SocketAddrUse::UdpBind
        | SocketAddrUse::UdpSend
        | SocketAddrUse::UdpReceive => false,
    }
}

/// Replaces what makes and drops a socket, and all that looks names up.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut create = linker.instance("wasi:sockets/tcp-create-socket@0.2.12")?;
    create.func_wrap("create-tcp-socket", |store, (family,)| {
        Ok((create_socket(store, family)?,))
    })?;
    let mut tcp = linker.instance("wasi:sockets/tcp@0.2.12")?;
    tcp.resource(
        "tcp-socket",
        ResourceType::host::<TcpSocket>(),
        |mut store, rep| {
            store.data_mut().sockets().drop(Resource::new_own(rep))?;
            store.data_mut().places.remove(&rep);
            Ok(())
        },
    )?;
    link_lookup(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn link_lookup(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut lookup = linker.instance("wasi:sockets/ip-name-lookup@0.2.12")?;
    lookup.resource(
        "resolve-address-stream",
        ResourceType::host::<Addresses>(),
        |mut store, rep| {
            let addresses = Resource::<Addresses>::new_own(rep);
            store.data_mut().sockets().table.delete(addresses)?;
            Ok(())
        },
    )?;
    lookup.func_wrap_async("resolve-addresses", |store, (network, name)| {
        Box::new(async move { Ok((resolve(store, network, name).await?,)) })
    })?;
    lookup.func_wrap(
        "[method]resolve-address-stream.resolve-next-address",
        |mut store, (addresses,): (Resource<Addresses>,)| {
            let addresses = store.data_mut().sockets().table.get_mut(&addresses)?;
            let next = addresses.0.next().map(IpAddress::from);
            Ok((Ok::<_, ErrorCode>(next),))
        },
    )?;
    lookup.func_wrap(
        "[method]resolve-address-stream.subscribe",
        |mut store, (addresses,): (Resource<Addresses>,)| {
            let pollable: Resource<DynPollable> =
                subscribe(store.data_mut().sockets().table, addresses)?;
            Ok((pollable,))
        },
    )
}

/// What a name stands for: all of it is there from the start.
struct Addresses(vec::IntoIter<IpAddr>);

#[wasmtime_wasi::async_trait]
impl Pollable for Addresses {
    async fn ready(&mut self) {}
}

/// Makes a socket, which has a place among what the app has under way for as long as it is there.
fn create_socket(
    mut store: StoreContextMut<'_, State>,
    family: IpAddressFamily,
) -> wasmtime::Result<Result<Resource<TcpSocket>, ErrorCode>> {
    let state = store.data_mut();
    let granted = state
        .outbound()
        .filter(|outbound| outbound.grants_sockets());
    let place = granted.map(|outbound| outbound.place()).transpose();
    let Ok(place) = place else {
        return Ok(Err(ErrorCode::NewSocketLimit));
    };
    match state.sockets().create_tcp_socket(family) {
        Ok(socket) => {
            state
                .places
                .extend(place.map(|place| (socket.rep(), place)));
            Ok(Ok(socket))
        }
        Err(error) => Ok(Err(error.downcast()?)),
    }
}

async fn resolve(
    mut store: StoreContextMut<'_, State>,
    network: Resource<Network>,
    name: String,
) -> wasmtime::Result<Result<Resource<Addresses>, ErrorCode>> {
    let state = store.data_mut();
    state.sockets().table.get(&network)?;
    let granted = state
        .outbound()
        .filter(|outbound| outbound.grants_sockets());
    let Some(resolving) = granted.map(|outbound| outbound.resolve(name)) else {
        return Ok(Err(ErrorCode::PermanentResolverFailure));
    };
    let addresses = match resolving.await {
        Ok(addresses) => addresses,
        Err(error) => return Ok(Err(code(&error))),
    };
    let found = Addresses(addresses.into_iter());
    Ok(Ok(state.sockets().table.push(found)?))
}

/// What a guest is told of a name that it does not get the addresses of.
fn code(error: &OutboundError) -> ErrorCode {
    match error {
        OutboundError::RequestDenied(_) | OutboundError::AddressProhibited(_) => {
            ErrorCode::AccessDenied
        }
        OutboundError::Dns(_) => ErrorCode::NameUnresolvable,
        OutboundError::ConnectionTimeout => ErrorCode::TemporaryResolverFailure,
        _ => ErrorCode::Unknown,
    }
}
