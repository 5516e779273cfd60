//! Web applications as WebAssembly components, for wasgi and whatever else hosts
//! `wasgi:gateway/app`.
//!
//! An application is one function from a [`Request`] to a [`Response`], or to a [`Result`] of one:
//!
//! ```
//! use wasgi_guest::{Request, Response};
//!
//! fn handle(request: Request) -> Response {
//!     Response::text(format!("Hello from {}\n", request.path()))
//! }
//!
//! wasgi_guest::export!(handle);
//! # fn main() {}
//! ```
//!
//! Build it as a `cdylib` with `cargo build --release --target wasm32-wasip2`, and serve the file
//! with `wasgi serve`.
//!
//! # What to know
//! - The code blocks and needs no `async`: where it waits, the host suspends this instance alone.
//! - By default each request has an instance of its own. Static variables start afresh each time,
//!   so what must last goes into a file or a service.
//! - Nothing is done ahead of need: the header map, the URI and the body are made when asked for.
//! - An error and a panic cost this request alone. The client gets 502 without the text, and the
//!   host's log has the text.
//!
//! # Layout
//! [`Request`] and its [`Input`] come in, a [`Response`] with a [`Body`] goes out; [`Error`] is
//! what `?` makes of any error. The specification of the contract below this crate is in
//! `wit/README.md`, and `README.md` shows how to do without the crate.

#![forbid(unsafe_code)]

mod answer;
#[doc(hidden)]
#[expect(clippy::mem_forget, reason = "generated code")]
pub mod bindings;
mod body;
mod error;
mod input;
mod request;
mod response;

pub use answer::IntoResult;
pub use bindings::wasgi::gateway::types::{Environ, Field, Peer, TlsSession};
pub use body::Body;
pub use error::{Error, Result};
pub use http;
pub use input::{Input, InputError};
pub use request::Request;
pub use response::Response;

#[doc(hidden)]
pub mod __private {
    //! What the code that `export!` writes needs, and nobody else.
    pub use crate::answer::{Answer, answer};
    pub use crate::bindings::exports::wasgi::gateway::app::Guest;
    pub use crate::bindings::wasgi::gateway::types::Input;
    pub use crate::body::Chunks;
}

/// Make a function (or a closure) from [`Request`] to an [`IntoResult`] the application that this
/// component exports. Once in a crate, which must be a `cdylib`.
///
/// ```
/// use wasgi_guest::{Request, Response, Result};
///
/// fn handle(request: Request) -> Result<Response> {
///     let n: u32 = request.query().unwrap_or("0").parse()?;
///     Ok(Response::text(format!("{}\n", n + 1)))
/// }
///
/// wasgi_guest::export!(handle);
/// # fn main() {}
/// ```
///
/// On targets other than Wasm it checks the function's type and exports nothing, so that an
/// application's unit tests build and run natively.
#[macro_export]
macro_rules! export {
    ($handler:expr) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct App;

            impl $crate::__private::Guest for App {
                type Body = $crate::__private::Chunks;

                fn handle(
                    environ: $crate::Environ,
                    input: $crate::__private::Input,
                ) -> $crate::__private::Answer {
                    $crate::__private::answer(environ, input, $handler)
                }
            }

    $crate::bindings::export!(App with_types_in $crate::bindings);
        };

        #[cfg(not(target_arch = "wasm32"))]
        const _: fn($crate::Environ, $crate::__private::Input) -> $crate::__private::Answer =
            |environ, input| $crate::__private::answer(environ, input, $handler);
    };
}
