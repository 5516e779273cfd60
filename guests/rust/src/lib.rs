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
//! what `?` makes of any error. A [`middleware!`] also has the [`Next`] application, which it
//! wraps. The specification of the contract below this crate is in
//! `wit/README.md`, and `README.md` shows how to do without the crate.

#![forbid(unsafe_code)]

mod answer;
#[doc(hidden)]
#[expect(clippy::mem_forget, reason = "generated code")]
pub mod bindings;
mod body;
mod error;
mod fields;
mod input;
mod next;
mod request;
mod response;
#[doc(hidden)]
pub mod wrapped;

pub use answer::IntoResult;
pub use bindings::wasgi::gateway::types::{Environ, Field, Peer, TlsSession};
pub use body::Body;
pub use error::{Error, Result};
pub use http;
pub use input::{Input, InputError};
pub use next::Next;
pub use request::Request;
pub use response::Response;

#[doc(hidden)]
pub mod __private {
    //! What the code that the macros write needs, and nobody else.
    pub use crate::answer::{Answer, answer, wrap};
    pub use crate::bindings::exports::wasgi::gateway::app::Guest;
    pub use crate::bindings::wasgi::gateway::types::Input;
    pub use crate::body::Chunks;
    pub use crate::wrapped;
    pub use wit_bindgen::{generate, rt};
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
        $crate::__export!(|environ, input| $crate::__private::answer(environ, input, $handler));
    };
}

/// Make a function (or a closure) from a [`Request`] and the [`Next`] application to an
/// [`IntoResult`] the middleware that this component is: it answers by itself, or calls what it
/// wraps, with the request and the response changed as it likes. Once in a crate, which must be a
/// `cdylib`, in the place of [`export!`].
///
/// ```
/// use wasgi_guest::{Next, Request, Response, Result};
///
/// fn handle(mut request: Request, next: Next) -> Result<Response> {
///     request.remove_header("x-debug");
///     let id = request.environ().request_id.clone();
///     Ok(next.call(request)?.set_header("x-request-id", id))
/// }
///
/// wasgi_guest::middleware!(handle);
/// # fn main() {}
/// ```
///
/// The response's body is handed on as it is made: nothing is collected, an error breaks the
/// response off, trailers follow, and the wrapped application ends when the client leaves.
/// [`Response::map_body`] changes it, and a [`Body`] is an iterator of chunks.
///
/// What is sent to the host's log, and what the manifest grants, is the middleware's own.
///
/// The component imports `wasgi:gateway/app`. The dependency must have its own name,
/// `wasgi-guest`.
#[macro_export]
macro_rules! middleware {
    ($handler:expr) => {
        const _: () = {
            #[allow(clippy::mem_forget, reason = "generated code")]
            mod wrapped {
                $crate::__wrapped!();
            }

            $crate::__export!(|environ, input| {
                $crate::__private::wrap(environ, input, wrapped::handle, $handler)
            });
        };
    };
}

/// Export a closure as the contract's `handle`.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    (|$environ:ident, $input:ident| $answer:expr) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct App;

            impl $crate::__private::Guest for App {
                type Body = $crate::__private::Chunks;

                fn handle(
                    $environ: $crate::Environ,
                    $input: $crate::__private::Input,
                ) -> $crate::__private::Answer {
                    $answer
                }
            }

    $crate::bindings::export!(App with_types_in $crate::bindings);
        };

        #[cfg(not(target_arch = "wasm32"))]
        const _: fn($crate::Environ, $crate::__private::Input) -> $crate::__private::Answer =
            |$environ, $input| $answer;
    };
}
