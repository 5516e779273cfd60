//! The rows of the table, and how one becomes tests.
//!
//! A row is a behaviour that a client sees; its guests are the fixtures of that name. What only one
//! contract has is tested beside it: `http03`, `cgi`.

/// Which contract and isolation a test is for, and the hosts that it shares with others.
pub(crate) mod case;

/// A row of the table: a behaviour, the contracts that have it, and what a client sees.
///
/// Each contract and isolation is a test of its own, such as `hello::http02::fresh`. A row that
/// leaves contracts out says why.
macro_rules! parity {
    ($name:ident, |$case:ident| $body:block) => {
        parity!(@row $name, [native, http02, http03, cgi, cgi1], |$case| $body);
    };
    ($name:ident, [$($contract:ident),+] because $reason:literal, |$case:ident| $body:block) => {
        parity!(@row
            #[doc = $reason]
            $name, [$($contract),+], |$case| $body
        );
    };
    (@row $(#[$doc:meta])* $name:ident, [$($contract:ident),+], |$case:ident| $body:block) => {
        $(#[$doc])*
        fn $name($case: &$crate::parity::case::Case) $body

        mod $name {
            $(
                mod $contract {
                    use crate::parity::case::Case;
                    use crate::support::Isolation;

                    #[test]
                    fn fresh() {
                        super::super::$name(&Case::new(stringify!($contract), Isolation::Fresh));
                    }

                    #[test]
                    fn reuse() {
                        super::super::$name(&Case::new(stringify!($contract), Isolation::Reuse));
                    }
                }
            )+
        }
    };
}

/// Bodies, their lengths, and their motion in both directions.
mod bodies;
/// A client that leaves ends the guest.
mod cancel;
/// Each kind of failure: what the client sees, and what the log says.
mod errors;
/// What one request may know of another, and a guest of its host.
mod isolation;
/// Each limit, hit.
mod limits;
/// What a guest is told of a request.
mod request;
/// Heads, and what of them reaches the wire.
mod response;
