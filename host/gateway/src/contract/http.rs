//! What both versions of `wasi:http` share: which fields are the host's own, and where the requests
//! go that guests make.

use std::sync::{Arc, LazyLock};

use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx,
    WasiHttpHooks,
};

use crate::error::Kind;
use crate::input::Failure;
use crate::outbound::{Outbound, OutboundError, OutboundTimeouts};
use crate::outbox::Incomplete;
use crate::request::{self, Origin};

/// The part of a store's data that `wasi:http` works on.
pub(crate) struct Http {
    pub(crate) ctx: WasiHttpCtx,
    pub(crate) hooks: Hooks,
}

/// The host's decisions.
#[derive(Default)]
pub(crate) struct Hooks {
    /// Who sends the guest's requests. None: it was granted no host.
    outbound: Option<Arc<dyn Outbound>>,
}

impl Http {
    pub(crate) fn new(outbound: Option<Arc<dyn Outbound>>) -> Self {
        Self {
            ctx: WasiHttpCtx::new(),
            hooks: Hooks { outbound },
        }
    }
}

/// Sending a request: the response, and what is left to do for it, which is nothing.
type Sending = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Transfer), Error>> + Send>;
type Transfer = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        static FILTER: LazyLock<ForbiddenHeaderFilter> = LazyLock::new(|| Arc::new(is_forbidden));
        FILTER.clone()
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Transfer,
    ) -> Sending {
        let Some(outbound) = &self.outbound else {
            return Box::new(async { Err(Error::HttpRequestDenied) });
        };
        let timeouts = options.map(|options| OutboundTimeouts {
            connect: options.connect_timeout,
            first_byte: options.first_byte_timeout,
            between_bytes: options.between_bytes_timeout,
        });
        let request = request.map(|body| body.map_err(sent_badly).boxed_unsync());
        let sending = outbound.send(request, timeouts.unwrap_or_default());
        Box::new(async move {
            let response = sending.await.map_err(error)?;
            let response = response.map(|body| body.map_err(error).boxed_unsync());
            let nothing: Transfer = Box::new(async { Ok(()) });
            Ok((response, nothing))
        })
    }
}

/// Whether a field is the host's, and guests neither see nor set it.
fn is_forbidden(name: &HeaderName) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
}

/// The error of a request whose body the guest did not send as it had said.
#[expect(clippy::needless_pass_by_value, reason = "it is mapped from an error")]
fn sent_badly(error: Error) -> OutboundError {
    OutboundError::Protocol(error.to_string())
}

fn error(error: OutboundError) -> Error {
    match error {
        OutboundError::RequestDenied(_) => Error::HttpRequestDenied,
        OutboundError::AddressProhibited(_) => Error::DestinationIpProhibited,
        OutboundError::Dns(rcode) => Error::DnsError {
            rcode: Some(rcode),
            info_code: None,
        },
        OutboundError::ConnectionRefused(_) => Error::ConnectionRefused,
        OutboundError::ConnectionTimeout => Error::ConnectionTimeout,
        OutboundError::ConnectionTerminated(_) => Error::ConnectionTerminated,
        OutboundError::ConnectionLimitReached(_) => Error::ConnectionLimitReached,
        OutboundError::Tls(_) => Error::TlsProtocolError,
        OutboundError::ResponseTimeout => Error::HttpResponseTimeout,
        OutboundError::ReadTimeout => Error::ConnectionReadTimeout,
        OutboundError::RequestBodySize(bytes) => Error::HttpRequestBodySize(Some(bytes)),
        OutboundError::ResponseBodySize(bytes) => Error::HttpResponseBodySize(Some(bytes)),
        OutboundError::Protocol(_) => Error::HttpProtocolError,
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TooLarge(bytes) => Self::HttpRequestBodySize(Some(bytes)),
            Failure::TimedOut(_) => Self::ConnectionReadTimeout,
            Failure::Closed => Self::ConnectionTerminated,
            Failure::Malformed => Self::HttpProtocolError,
        }
    }
}

impl From<Incomplete> for Error {
    fn from(incomplete: Incomplete) -> Self {
        Self::InternalError(Some(incomplete.to_string()))
    }
}

/// A request as `wasi:http` is handed it, which leaves out the host's own fields itself: without
/// the other fields of the connection, and with the authority that it was for in the `host` field.
pub(crate) fn request<B>(
    mut parts: Parts,
    origin: &Origin,
    body: B,
) -> Result<http::Request<B>, crate::error::Error> {
    remove_hops(&mut parts.headers);
    if parts.uri.authority().is_none() && is_empty(parts.headers.get(header::HOST)) {
        // A client of HTTP/1.0 may say nothing; it reached this listener.
        let host = HeaderValue::try_from(request::authority(origin));
        let host = host.map_err(|_| no_authority(&parts))?;
        parts.headers.insert(header::HOST, host);
    }
    Ok(http::Request::from_parts(parts, body))
}

/// The same with an absolute target, for a contract that reads scheme and authority there.
pub(crate) fn absolute<B>(
    parts: Parts,
    origin: &Origin,
    body: B,
) -> Result<http::Request<B>, crate::error::Error> {
    let mut request = request(parts, origin, body)?;
    let mut target = std::mem::take(request.uri_mut()).into_parts();
    if target.authority.is_none() {
        let host = request.headers().get(header::HOST);
        target.authority = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    }
    target.scheme = Some(Scheme::HTTP);
    match Uri::from_parts(target) {
        Ok(target) => {
            *request.uri_mut() = target;
            Ok(request)
        }
        Err(_) => Err(no_authority(&request.into_parts().0)),
    }
}

fn is_empty(value: Option<&HeaderValue>) -> bool {
    value.is_none_or(HeaderValue::is_empty)
}

fn no_authority(parts: &Parts) -> crate::error::Error {
    let message = format!("the target {:?} has no absolute form", parts.uri);
    crate::error::Error::new(Kind::BadRequest, message)
}

/// Leaves out what concerns the connection only: the fields that HTTP names, and those that the
/// client does.
fn remove_hops(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named = request::Named::new(headers);
        let is_named = |name: &&HeaderName| named.contains(name);
        let names: Vec<_> = headers.keys().filter(is_named).cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }
    headers.remove(header::TE);
}
