//! The gateway of wasgi: it runs WebAssembly components that answer HTTP requests.
//!
//! An [`http::Request`] goes in, an [`http::Response`] comes out, and in between a guest ran in a
//! sandbox with every limit in force. It can be used inside any server; it opens no socket, but for
//! guests that were granted one.
//!
//! - [`Gateway`] makes a [`Component`] of a [`Binary`], which is a file's bytes.
//! - [`App`] is a component with its [`AppSettings`]; [`App::call`] answers a request.
//! - [`Body`] is the response's body, which pulls the guest as it is polled.
//! - [`Error`] says what went wrong, whose fault it was and which status that is.
//! - [`inspect()`] tells what a file is without running any of it.

mod account;
mod admission;
mod app;
mod background;
mod binary;
mod body;
mod cache;
mod call;
mod compile;
mod contract;
mod crypto;
mod engine;
mod error;
mod failure;
mod gateway;
mod idle;
mod input;
mod inspect;
mod instance;
mod lane;
mod limits;
mod linked;
mod log;
mod meter;
mod outbound;
mod outbox;
#[cfg(test)]
mod properties;
mod pull;
mod push;
mod pushed;
mod request;
mod request_id;
mod response;
mod settings;
mod sockets;
mod sql;
mod state;
mod ticker;
mod tmp;
mod turns;
mod wasi;
mod wrapped;

pub use app::{App, Grants, MIDDLEWARE_MAX};
pub use binary::{Binary, COMPONENT_BYTES_MAX};
pub use body::Body;
pub use compile::{CompileLimits, Compiler, compile_stdio};
pub use engine::{DebugInfo, INSTANCES_MAX};
pub use error::{BoxError, Error, Fault, GuestReport, Kind, LoadError};
pub use gateway::{Component, Gateway, GatewayOptions, check_cache};
pub use inspect::{Contract, Inspection, Memory, inspect};
pub use limits::Limits;
pub use outbound::{
    Outbound, OutboundAddresses, OutboundBody, OutboundError, OutboundPlace, OutboundResponse,
    OutboundTimeouts,
};
pub use push::LocalRedirect;
pub use request::{Origin, Peer, Server};
pub use request_id::RequestId;
pub use settings::{
    Access, AppSettings, CgiForm, Dir, Isolation, Reuse, WEIGHT_DEFAULT, WEIGHT_MAX,
};
pub use sql::{
    Sql, SqlAccess, SqlColumn, SqlDialect, SqlError, SqlFetch, SqlFuture, SqlIsolation, SqlOutcome,
    SqlReport, SqlRows, SqlSession, SqlValue,
};
