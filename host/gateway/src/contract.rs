//! The contracts that a component may serve, one module each.
//!
//! A module owns its bindings and how a request becomes a call of its exports. What is generated
//! from a WIT never leaves it.

pub(crate) mod native;
