//! Which app answers which host and path, and which of them lead elsewhere.
//!
//! Owns the syntax of routes, their precedence, and the table that requests are looked up in. Must
//! not know what an app is, nor speak HTTP: it is a pure function of a host and a target.

mod host;
mod pattern;
mod redirect;
mod tree;

use std::borrow::Cow;
use std::fmt;

use http::{HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;

pub use host::HostPattern;
use host::Hosts;
pub use pattern::{PATH_SEGMENTS_MAX, PathPattern};
pub use redirect::{REDIRECT_STATUS_DEFAULT, Redirect, Target};
use tree::{SentPath, Tree};

/// The hosts and paths whose requests are answered alike. Two are equal if no request could tell
/// them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// Its host, or none for every host.
    pub host: Option<HostPattern>,
    /// Its paths.
    pub path: PathPattern,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{host}{}", self.path),
            None => write!(f, "{}", self.path),
        }
    }
}

/// A part of a route that could not be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("expected {expected}, got {got:?}: {why}")]
pub struct RouteError {
    expected: &'static str,
    got: String,
    why: Cow<'static, str>,
}

/// What answers each request.
///
/// A host itself comes before those that name what it is beneath, of which the longest comes first,
/// and those before the routes for every host. If the routes of one have none for a path, the next
/// are asked. Within each, segment by segment, a literal comes before a parameter, and that before
/// a prefix or a parameter that takes the rest. The default comes last.
///
/// A request costs one look-up for each label of its host, one for each segment of its path (but no
/// more than the longest route has), and a step for each segment on the way to its route. Where
/// one route has a literal and another a parameter, a search may go both ways, but it reaches no
/// place of the hosts' trees twice. How many routes there are matters little.
#[derive(Debug)]
pub struct Routes<T> {
    hosts: Hosts,
    tree: Tree,
    /// By the numbers that the tree has them by.
    entries: Vec<Entry<T>>,
    default: Option<T>,
}

/// What answers a request.
#[derive(Debug)]
pub enum Found<'r, T> {
    /// An app.
    App {
        /// What was given for it.
        value: &'r T,
        /// Bytes at the start of the path that selected it: its script name.
        script_name_length: usize,
        /// The names and decoded values of its route's parameters, in the route's order.
        parameters: Vec<(String, String)>,
    },
    /// A redirect.
    Redirect {
        /// The response's status.
        status: StatusCode,
        /// The response's `location`.
        location: HeaderValue,
    },
}

impl<T> Routes<T> {
    /// Makes the table. The default answers what no route matches.
    ///
    /// Fails if two routes are equal.
    pub fn build(
        apps: Vec<(Route, T)>,
        redirects: Vec<Redirect>,
        default: Option<T>,
    ) -> Result<Self, Box<Conflict>> {
        let mut tree = Tree::default();
        let mut routes = Self {
            hosts: Hosts::new(&mut tree),
            tree,
            entries: Vec::with_capacity(apps.len() + redirects.len()),
            default,
        };
        let mut claims = Vec::with_capacity(apps.len() + redirects.len());
        for (index, (route, value)) in apps.into_iter().enumerate() {
            let by = Claimant::App(index);
            routes.insert(&mut claims, Claim { route, by }, Answer::App(value))?;
        }
        for (index, redirect) in redirects.into_iter().enumerate() {
            let Redirect { from, to, status } = redirect;
            let claim = Claim {
                route: from,
                by: Claimant::Redirect(index),
            };
            routes.insert(&mut claims, claim, Answer::Redirect { to, status })?;
        }
        Ok(routes)
    }

    fn insert(
        &mut self,
        claims: &mut Vec<Claim>,
        claim: Claim,
        answer: Answer<T>,
    ) -> Result<(), Box<Conflict>> {
        let Route { host, path } = &claim.route;
        let root = self.hosts.root(&mut self.tree, host.as_ref());
        if let Err(earlier) = self.tree.insert(root, path, claims.len()) {
            return Err(Box::new(Conflict {
                first: claims.swap_remove(earlier),
                second: claim,
            }));
        }
        self.entries.push(Entry {
            answer,
            script_name_length: path.script_name().len(),
            parameters: path
                .parameters()
                .map(|(place, parameter)| Parameter {
                    name: parameter.name.into(),
                    place,
                    is_rest: parameter.is_rest,
                })
                .collect(),
        });
        claims.push(claim);
        Ok(())
    }

    /// What answers a request: for an authority as it was sent, which may be anything, and a path
    /// and query as they were sent. None if nothing does.
    ///
    /// It allocates only for parameters and for redirects.
    #[must_use]
    pub fn find(
        &self,
        authority: Option<&str>,
        path: &str,
        query: Option<&str>,
    ) -> Option<Found<'_, T>> {
        let path = self.tree.read(path);
        let mut buffer = host::buffer();
        let number = self
            .hosts
            .of(authority, &mut buffer)
            .find_map(|root| self.tree.find(root, &path));
        match number {
            Some(number) => Some(self.entries[number].answer(&path, query)),
            None => self.default.as_ref().map(|value| Found::App {
                value,
                script_name_length: 0,
                parameters: Vec::new(),
            }),
        }
    }
}

/// What a route stands for.
#[derive(Debug)]
struct Entry<T> {
    answer: Answer<T>,
    script_name_length: usize,
    parameters: Box<[Parameter]>,
}

#[derive(Debug)]
enum Answer<T> {
    App(T),
    Redirect { to: Target, status: StatusCode },
}

#[derive(Debug)]
struct Parameter {
    name: Box<str>,
    /// Its segment's place in the path.
    place: usize,
    is_rest: bool,
}

impl<T> Entry<T> {
    fn answer(&self, path: &SentPath<'_>, query: Option<&str>) -> Found<'_, T> {
        match &self.answer {
            Answer::App(value) => Found::App {
                value,
                script_name_length: self.script_name_length,
                parameters: self
                    .parameters
                    .iter()
                    .map(|parameter| (parameter.name.to_string(), parameter.value(path)))
                    .collect(),
            },
            Answer::Redirect { to, status } => {
                let sent = |name: &str| {
                    let mut parameters = self.parameters.iter();
                    parameters
                        .find(|parameter| *parameter.name == *name)
                        .map_or("", |parameter| parameter.sent(path))
                };
                Found::Redirect {
                    status: *status,
                    location: to.locate(sent, query),
                }
            }
        }
    }
}

impl Parameter {
    fn sent<'p>(&self, path: &'p SentPath<'_>) -> &'p str {
        if self.is_rest {
            path.raw_rest(self.place)
        } else {
            path.raw(self.place)
        }
    }

    fn value(&self, path: &SentPath<'_>) -> String {
        // The path would not have matched if it were not UTF-8.
        let value = percent_decode_str(self.sent(path)).decode_utf8_lossy();
        value.into_owned()
    }
}

/// Two routes that no request could tell apart.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{first} and {second} match the same requests: expected routes that differ")]
pub struct Conflict {
    /// The one that was given first.
    pub first: Claim,
    /// The other one.
    pub second: Claim,
}

/// A route and whose it is.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The route.
    pub route: Route,
    /// Whose it is.
    pub by: Claimant,
}

/// Whose a route is, by its place among those that the table was to be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimant {
    /// An app's.
    App(usize),
    /// A redirect's.
    Redirect(usize),
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Claimant::App(_) => write!(f, "an app's route {}", self.route),
            Claimant::Redirect(_) => write!(f, "a redirect's route {}", self.route),
        }
    }
}

#[cfg(test)]
mod tests;
