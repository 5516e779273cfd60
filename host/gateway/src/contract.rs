//! The contracts that a component may serve, one module each.
//!
//! A module owns its bindings and how a request becomes a call of its exports. What is generated
//! from a WIT never leaves it.

pub(crate) mod cgi;
pub(crate) mod http;
pub(crate) mod http02;
pub(crate) mod http03;
pub(crate) mod native;

use std::sync::Arc;

use self::cgi::Command;
use self::http02::Http02;
use self::http03::Http03;
use self::native::Native;

/// A program that was checked against the contract which it serves.
#[derive(Clone)]
pub(crate) enum Program {
    Native(Arc<Native>),
    Http02(Arc<Http02>),
    Http03(Arc<Http03>),
    Command(Arc<Command>),
}
