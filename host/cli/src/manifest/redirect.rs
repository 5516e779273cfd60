//! `[[redirect]]`: what is answered with another address.

use toml::Spanned;
use wasgi_server::{HostPattern, PathPattern, REDIRECT_STATUS_DEFAULT, Redirect, Route, Target};

use super::table::Table;
use super::twins::Twins;

/// Reads one. None: it has no route or no target.
pub(super) fn read(table: &mut Table<'_>, twins: &mut Twins) -> Option<Redirect> {
    let has_host = table.has("host");
    let host: Option<HostPattern> = table.parsed("host");
    let from = table.required("from");
    let to = table.required("to");
    let status = table
        .one_of("status", STATUSES)
        .unwrap_or(REDIRECT_STATUS_DEFAULT);
    if has_host && host.is_none() {
        return None;
    }
    let from = from?;
    let path: PathPattern = table.parse(&from)?;
    let route = Spanned::new(from.span(), Route { host, path });
    twins.add_redirect(table.faults, &route);
    let to = to?;
    let target: Target = table.parse(&to)?;
    let redirect = Redirect::new(route.into_inner(), target, status);
    table
        .faults
        .check(&to.span(), redirect.map_err(|error| error.to_string()))
}

/// The statuses that send a client elsewhere.
const STATUSES: &[u16] = &[301, 302, 303, 307, 308];
