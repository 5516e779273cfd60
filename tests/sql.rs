/// One test, run on each kind of database, as `sqlite` and as `postgresql`.
macro_rules! sql {
    ($name:ident, |$case:ident| $body:block) => {
        fn $name($case: &$crate::sql::case::Case) $body

        mod $name {
            use crate::sql::case::{Case, Dialect};

            #[test]
            fn sqlite() {
                super::$name(&Case::new(Dialect::Sqlite));
            }

            #[test]
            fn postgresql() {
                super::$name(&Case::new(Dialect::Postgresql));
            }
        }
    };
}

/// A database, and a host whose app is granted it.
pub(crate) mod case;
/// Each kind of failure, as a guest is told of it.
mod errors;
/// What an app was granted, and what it was not.
mod grants;
/// Each limit, hit.
mod limits;
/// What only PostgreSQL has: a server that goes away, passwords, TLS.
mod postgres;
/// Results, read piece by piece.
mod rows;
/// What only SQLite has: a file, and SQL that tries to leave it.
mod sqlite;
/// What a request leaves, and what requests beside each other see.
mod transactions;
/// Values of each type, in and out.
mod values;
