//! The import of `wasgi:gateway/app`, for the crates that use [`middleware!`](crate::middleware).
//!
//! Owns what the bindings of one crate and [`Next`](crate::Next) say to each other. The bindings
//! are generated in that crate and not in this one: what a component imports follows from the
//! worlds of all that is linked into it, and an application must not import `app`.

use crate::bindings::wasgi::gateway::types;
use crate::{Environ, Field};

/// The imported `handle`.
pub type Handle = fn(&Environ, types::Input) -> Result<Response, String>;

/// The imported `response`.
pub struct Response {
    pub status: u16,
    pub headers: Vec<Field>,
    pub content: Content,
}

/// The imported `content`.
pub enum Content {
    Empty,
    Bytes(Vec<u8>),
    Chunks(Box<dyn Body>),
}

/// The imported `body`.
pub trait Body {
    fn next(&self) -> Result<Option<Vec<u8>>, String>;
    fn trailers(&self) -> Vec<Field>;
}

/// Write the bindings of the imported `app`, and the function `handle`.
///
/// The WIT is that of `wit/` without its documents: a macro cannot name a file of another crate.
#[doc(hidden)]
#[macro_export]
macro_rules! __wrapped {
    () => {
        $crate::__private::generate!({
            path: [],
            inline: "
package wasgi:gateway@0.1.0;

interface types {
  type field = tuple<string, list<u8>>;
  record peer {
    address: string,
    port: u16,
  }
  record tls-session {
    version: string,
    cipher: string,
    client-certificate: option<list<u8>>,
  }
  record environ {
    request-method: string,
    url-scheme: string,
    server-name: string,
    server-port: u16,
    script-name: string,
    path-info: string,
    query-string: option<string>,
    server-protocol: string,
    remote: option<peer>,
    tls: option<tls-session>,
    request-id: string,
    route-parameters: list<tuple<string, string>>,
    headers: list<field>,
  }
  variant input-error {
    too-large,
    timed-out,
    closed,
    other(string),
  }
  resource input {
    read: func(max: u32) -> result<list<u8>, input-error>;
    trailers: func() -> result<list<field>, input-error>;
  }
}
interface app {
  use types.{environ, field, input};
  resource body {
    next: func() -> result<option<list<u8>>, string>;
    trailers: func() -> list<field>;
  }
  variant content {
    empty,
    bytes(list<u8>),
    chunks(body),
  }
  record response {
    status: u16,
    headers: list<field>,
    content: content,
  }
  handle: func(environ: environ, input: input) -> result<response, string>;
}

world middleware {
  import app;
}
",
            runtime_path: "::wasgi_guest::__private::rt",
            with: { "wasgi:gateway/types@0.1.0": ::wasgi_guest::bindings::wasgi::gateway::types },
        });

        use wasgi::gateway::app;

        pub(super) fn handle(
            environ: &$crate::Environ,
            input: $crate::__private::Input,
        ) -> ::core::result::Result<$crate::__private::wrapped::Response, ::std::string::String> {
            use $crate::__private::wrapped::{Content, Response};

            let response = app::handle(environ, input)?;
            ::core::result::Result::Ok(Response {
                status: response.status,
                headers: response.headers,
                content: match response.content {
                    app::Content::Empty => Content::Empty,
                    app::Content::Bytes(bytes) => Content::Bytes(bytes),
                    app::Content::Chunks(body) => Content::Chunks(::std::boxed::Box::new(body)),
                },
            })
        }

        impl $crate::__private::wrapped::Body for app::Body {
            fn next(
                &self,
            ) -> ::core::result::Result<
                ::core::option::Option<::std::vec::Vec<u8>>,
                ::std::string::String,
            > {
                app::Body::next(self)
            }

            fn trailers(&self) -> ::std::vec::Vec<$crate::Field> {
                app::Body::trailers(self)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    /// What a WIT file declares, without its documents.
    fn declarations(wit: &str) -> Vec<&str> {
        let lines = wit.lines().filter(|line| {
            let line = line.trim();
            let is_beside = line.is_empty() || line.starts_with("///") || line.starts_with('@');
            !is_beside && !line.starts_with("package ")
        });
        lines.collect()
    }

    #[test]
    fn the_wit_in_the_macro_is_the_contract() {
        let (_, inline) = include_str!("wrapped.rs").split_once("inline: \"").unwrap();
        let (inline, _) = inline.split_once("\nworld ").unwrap();
        let contract = [
            include_str!("../wit/types.wit"),
            include_str!("../wit/app.wit"),
        ];
        assert_eq!(declarations(inline), contract.map(declarations).concat());
        let package = include_str!("../wit/app.wit").lines().next().unwrap();
        assert!(inline.contains(package), "{package}");
    }
}
