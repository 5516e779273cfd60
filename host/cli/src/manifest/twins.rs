//! Names and routes that are taken: two apps cannot have the same.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use toml::Spanned;
use wasgi_server::Route;

use super::faults::{Faults, Wrong};
use super::table::Table;

/// What the apps and redirects that were read have taken.
#[derive(Default)]
pub(super) struct Twins {
    /// Each app's line.
    names: HashMap<String, usize>,
    /// Who is at each route, as a sentence begins.
    routes: BTreeMap<Route, String>,
}

impl Twins {
    /// Takes an app's name and routes. `place` is where it is named if it does not say so itself.
    pub(super) fn add_app(
        &mut self,
        table: &Table<'_>,
        name: &str,
        place: &Range<usize>,
        routes: &[Spanned<Route>],
    ) {
        let faults = table.faults;
        let who = format!("the app `{}` is mounted at", name.escape_debug());
        let mut pointed_at = Vec::new();
        for route in routes {
            if self.is_taken(faults, route, &who, "give each app its own `path`") {
                pointed_at.push(route.span());
            }
        }
        let place = table.span_of("name").unwrap_or(place.clone());
        let line = faults.source.line(place.start) + 1;
        match self.names.get(name) {
            // An app that stands there twice is one fault.
            Some(_) if pointed_at.contains(&place) => {}
            Some(earlier) => {
                let name = name.escape_debug();
                let message = format!("an app has the name `{name}` already, on line {earlier}");
                let wrong = Wrong::from(message).hint("give each app its own `name`");
                faults.absent(Some(&place), wrong);
            }
            None => {
                self.names.insert(name.to_owned(), line);
            }
        }
    }

    /// Takes the route of a redirect.
    pub(super) fn add_redirect(&mut self, faults: &Faults<'_>, route: &Spanned<Route>) {
        let line = faults.source.line(route.span().start) + 1;
        let who = format!("the redirect on line {line} is from");
        self.is_taken(faults, route, &who, "give each redirect its own `from`");
    }

    /// Notes a fault if no app has this name.
    pub(super) fn expect_app(&self, faults: &Faults<'_>, name: &Spanned<String>) {
        if !self.names.contains_key(name.get_ref()) {
            let known: Vec<_> = self
                .names
                .keys()
                .map(String::as_str)
                .take(NAMES_MAX)
                .collect();
            let wrong = Wrong::unknown("app", name.get_ref(), &known);
            faults.absent(Some(&name.span()), wrong);
        }
    }

    fn is_taken(
        &mut self,
        faults: &Faults<'_>,
        route: &Spanned<Route>,
        who: &str,
        hint: &str,
    ) -> bool {
        if let Some(earlier) = self.routes.get(route.get_ref()) {
            let message = format!("{earlier} {} already", route.get_ref());
            faults.absent(Some(&route.span()), Wrong::from(message).hint(hint));
            return true;
        }
        self.routes.insert(route.get_ref().clone(), who.to_owned());
        false
    }
}

/// The most names that are compared with a misspelt one, or listed.
const NAMES_MAX: usize = 20;
