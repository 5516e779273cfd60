use std::fmt::Write as _;

use super::example::component;
use crate::sql::case::{Case, Dialect};
use crate::support::redis::{self, Redis};
use crate::support::site::{Site, as_text};
use crate::support::{Host, postgres, root};

/// One test on each kind of database, which its checks know by this name.
macro_rules! databases {
    ($name:ident, $checks:expr) => {
        mod $name {
            use super::{Dialect, passes};

            #[test]
            fn sqlite() {
                passes(Dialect::Sqlite, "lite", $checks);
            }

            #[test]
            fn postgresql() {
                passes(Dialect::Postgresql, "server", $checks);
            }
        }
    };
}

databases!(
    pep_249,
    &[
        "/pep249/module",
        "/pep249/values",
        "/pep249/transactions",
        "/pep249/rows",
        "/pep249/styles",
        "/pep249/errors",
    ]
);

databases!(
    django,
    &[
        "/django/migrate",
        "/django/fields",
        "/django/queries",
        "/django/transactions",
        "/django/many",
        "/django/tables",
    ]
);

databases!(sqlalchemy, &["/sqlalchemy/orm", "/sqlalchemy/core"]);

/// Expect that checks pass, one after the other, on an empty database of this kind.
fn passes(dialect: Dialect, name: &str, checks: &[&str]) {
    let case = Case::new(dialect);
    let served = serve(&case.table(&format!("name = '{name}'")));
    for check in checks {
        asked(&served, &format!("{check}?database={name}"));
    }
}

/// A host with the project of all checks, in a folder that is there as long.
struct Served {
    host: Host,
    _site: Site,
}

/// Serve the project with more of its `[[app]]` table.
fn serve(more: &str) -> Served {
    let source = root().join("tests/projects/databases");
    let component = component("databases", &[as_text(&source)]);
    let limits = "cpu = '120s'\nwall = '240s'\nmemory = '512MiB'";
    let site = Site::new(&format!(
        "[[app]]\ncomponent = '{}'\npath = '/'\n[app.limits]\n{limits}\n{more}",
        component.display()
    ));
    let host = site.serve();
    Served { host, _site: site }
}

/// Expect that a check passes.
fn asked(served: &Served, target: &str) {
    let response = served.host.get(target);
    assert_eq!((response.status, response.text()), (200, "ok"), "{target}");
}

#[test]
fn pg8000_reaches_a_server_that_was_granted() {
    let url = postgres::shared().database();
    let (address, database) = url.rsplit_once('/').unwrap();
    let (_, port) = address.rsplit_once(':').unwrap();
    let served = serve(&granted(port));
    let (user, password) = (postgres::ROLE, postgres::PASSWORD.replace(' ', "+"));
    let mut target = format!("/drivers/pg8000_driver?port={port}&database={database}");
    write!(target, "&user={user}&password={password}").unwrap();
    asked(&served, &target);
}

#[test]
fn redis_py_reaches_a_server_that_was_granted() {
    let redis = Redis::start();
    let served = serve(&granted(&redis.port().to_string()));
    let password = redis::PASSWORD.replace(' ', "+");
    let port = redis.port();
    asked(
        &served,
        &format!("/drivers/redis_driver?port={port}&password={password}"),
    );
    let other = Redis::start();
    asked(
        &served,
        &format!("/drivers/not_granted?port={}", other.port()),
    );
}

fn granted(port: &str) -> String {
    format!("[app.outbound]\nallow = ['tcp://127.0.0.1:{port}']\n")
}
