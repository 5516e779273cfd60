//! Which of two releases answers a request while an app's traffic is split between them.
//!
//! It decides, and knows nothing of apps: the caller finds the releases, and sends the cookie.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::state::Sticky;

/// One of two releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The release that was there before.
    Old,
    /// The one that gets a part of the traffic.
    New,
}

/// How an app's traffic is split. A clone goes on with the same draws.
#[derive(Clone, Debug)]
pub(crate) struct Splitter {
    sticky: Sticky,
    percent: u8,
    cookie: Option<Cookie>,
    draws: Arc<Draws>,
}

/// The release for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) side: Side,
    /// The value of a `set-cookie` field for the response.
    pub(crate) cookie: Option<HeaderValue>,
}

impl Splitter {
    /// Splits the traffic of the app with this name and mount.
    ///
    /// `percent` of it goes to the new release; more than 100 is 100. A release's id is its hash in
    /// hex. With ids or a mount that no cookie can carry, requests are drawn for each time.
    pub(crate) fn new(sticky: Sticky, percent: u8, app: &str, mount: &str, ids: Ids<'_>) -> Self {
        Self {
            sticky,
            percent,
            cookie: Cookie::new(app, mount, ids),
            draws: Arc::new(Draws::new()),
        }
    }

    /// The same split with another share. With more for the new release, clients only move to it.
    pub(crate) fn with(&self, sticky: Sticky, percent: u8) -> Self {
        Self {
            sticky,
            percent,
            ..self.clone()
        }
    }

    /// Chooses the release for a request with these fields from this client.
    pub(crate) fn choose(&self, client: IpAddr, fields: &HeaderMap) -> Choice {
        let drawn = || side(self.percent, self.draws.next());
        let (side, cookie) = match (self.sticky, &self.cookie) {
            (Sticky::Client, _) => (side(self.percent, self.draws.of(client)), None),
            (Sticky::Cookie, Some(cookie)) => match cookie.find(fields) {
                Some(side) => (side, None),
                None => {
                    let side = drawn();
                    (side, Some(cookie.set(side).clone()))
                }
            },
            (Sticky::None, _) | (Sticky::Cookie, None) => (drawn(), None),
        };
        Choice { side, cookie }
    }
}

/// The ids of the releases: the old one's and the new one's.
pub(crate) type Ids<'a> = [&'a str; 2];

/// The side of a number that is spread evenly over all there are. A number that is on the new side
/// stays there when the share grows.
fn side(percent: u8, number: u64) -> Side {
    let hundredth = (u128::from(number) * 100) >> u64::BITS;
    if hundredth < u128::from(percent) {
        Side::New
    } else {
        Side::Old
    }
}

/// Where the numbers come from.
#[derive(Debug)]
struct Draws {
    /// Keyed at random, so that no client can choose its side.
    key: RandomState,
    count: AtomicU64,
}

impl Draws {
    fn new() -> Self {
        Self {
            key: RandomState::new(),
            count: AtomicU64::new(0),
        }
    }

    fn next(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.key.hash_one(count)
    }

    fn of(&self, client: IpAddr) -> u64 {
        let mut hasher = self.key.build_hasher();
        // A client is the same whether its listener speaks IPv4 or both.
        match client.to_canonical() {
            IpAddr::V4(address) => hasher.write(&address.octets()),
            IpAddr::V6(address) => hasher.write(&address.octets()),
        }
        hasher.finish()
    }
}

/// The cookie that names the release of a browser.
#[derive(Clone, Debug)]
struct Cookie {
    name: Arc<str>,
    ids: [Arc<str>; 2],
    fields: [HeaderValue; 2],
}

impl Cookie {
    fn new(app: &str, mount: &str, ids: Ids<'_>) -> Option<Self> {
        let name = cookie_name(app);
        let path = cookie_path(mount);
        let field = |id: &str| {
            let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let field = format!("{name}={id}; Path={path}; HttpOnly; SameSite=Lax");
            HeaderValue::try_from(field).ok().filter(|_| is_plain)
        };
        let fields = [field(ids[0])?, field(ids[1])?];
        Some(Self {
            name: name.into(),
            ids: ids.map(Arc::from),
            fields,
        })
    }

    fn set(&self, side: Side) -> &HeaderValue {
        match side {
            Side::Old => &self.fields[0],
            Side::New => &self.fields[1],
        }
    }

    /// The side that a request's cookies name: the first one that names any, since a browser sends
    /// the one with the longest path first (RFC 6265, 5.4).
    fn find(&self, fields: &HeaderMap) -> Option<Side> {
        let fields = fields.get_all(COOKIE).iter();
        let pairs = fields.flat_map(|field| field.as_bytes().split(|&byte| byte == b';'));
        // Limit: COOKIES_MAX
        pairs.take(COOKIES_MAX).find_map(|pair| self.side_of(pair))
    }

    fn side_of(&self, pair: &[u8]) -> Option<Side> {
        let pair = pair.trim_ascii();
        let value = pair.strip_prefix(self.name.as_bytes())?.trim_ascii_start();
        let value = value.strip_prefix(b"=")?.trim_ascii_start();
        // Quotes around a value are part of RFC 6265's grammar, and mean nothing.
        let unquoted = value
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""));
        let value = unquoted.unwrap_or(value);
        let [old, new] = &self.ids;
        if value == old.as_bytes() {
            Some(Side::Old)
        } else if value == new.as_bytes() {
            Some(Side::New)
        } else {
            None
        }
    }
}

/// More than any browser sends to one host; what is beyond is not looked at.
const COOKIES_MAX: usize = 256;

/// A name of its own for each app of a host, made of characters that a cookie's name may have.
fn cookie_name(app: &str) -> String {
    let is_token = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
    let token = |char| if is_token(char) { char } else { '_' };
    let app: String = app.chars().map(token).collect();
    format!("wasgi-release-{app}")
}

/// A mount in the form that browsers compare with a target's path, in which `;` would end it.
fn cookie_path(mount: &str) -> String {
    let mut path = String::new();
    if !mount.starts_with('/') {
        path.push('/');
    }
    for byte in mount.bytes() {
        if byte.is_ascii_graphic() && byte != b';' {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path
}

#[cfg(test)]
mod tests;
