use tempfile::TempDir;

use super::case::{Served, is_failure, table};
use crate::support::postgres::{PASSWORD, Postgres, ROLE};
use crate::support::{Isolation, Setup, postgres};

/// A host whose app has the database at this address, with more of its table.
fn serve(url: &str, more: &str) -> Served {
    let setup = Setup::new(Isolation::Fresh);
    let app = table(url, setup.folder(), more);
    Served(setup.app("sql", &app).start())
}

#[test]
fn a_server_that_goes_away_ends_what_runs_and_nothing_more() {
    let mut server = Postgres::start();
    let served = serve(&server.database(), "connect = '20s'");
    served.last(&["execute CREATE TABLE t (v integer)"]);
    let mut idle = served.begin(&["open default", "execute SELECT 1", "sleep 600000"]);
    let mut running = served.begin(&[
        "open default",
        "begin",
        "execute INSERT INTO t VALUES (1)",
        "execute SELECT pg_sleep(600)",
        "execute SELECT 1",
        "in-transaction",
        "rollback",
    ]);
    let mut reading = served.begin(&[
        "open default",
        "execute SELECT generate_series(1, 1000000000000)",
        "count",
    ]);
    running.succeed(3);
    idle.succeed(2);
    reading.succeed(2);
    server.stop();

    // A connection that ends is `08…`, unless the server still says that it shuts down: `57P0…`.
    let is_gone = |answer: &str| {
        let is_gone = answer.starts_with("operational 08") || answer.starts_with("operational 57P");
        assert!(is_gone, "{answer}");
    };
    is_gone(&running.answer());
    is_gone(&running.answer());
    assert_eq!([running.answer(), running.answer()], ["false", "ok"]);
    is_gone(&reading.answer());
    is_failure(&served.last(&["execute SELECT 1"]), "operational 08001");
    served
        .0
        .stderr()
        .wait_for(&["cannot connect to PostgreSQL", "database=\"default\""]);

    server.resume();
    assert_eq!(served.query("SELECT count(*) FROM t"), "[integer:0]");
}

#[test]
fn a_connection_that_the_server_ends_is_replaced() {
    let url = postgres::shared().database();
    let served = serve(&url, "pool = 1");
    served.query("SELECT 1");
    let database = url.rsplit('/').next().unwrap();
    let end = format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{database}'"
    );
    assert_eq!(postgres::shared().ask("postgres", &end), "t");
    served.still_works();
}

#[test]
fn a_wrong_password_is_told_to_the_operator_and_shown_to_nobody() {
    let url = postgres::shared()
        .database()
        .replace(ROLE, "app:battery%20staple");
    let served = serve(&url, "password-env = 'PATH'");
    let answer = served.last(&["execute SELECT 1"]);
    is_failure(&answer, "operational 28P01");
    served.0.stderr().wait_for(&[
        "WARN",
        "cannot connect to PostgreSQL",
        "password authentication failed",
    ]);
    let log = served.0.stderr().text();
    for secret in ["battery", "correct horse", "/usr/bin"] {
        assert!(!answer.contains(secret) && !log.contains(secret), "{log}");
    }
}

#[test]
fn a_password_file_may_change() {
    let setup = Setup::new(Isolation::Fresh);
    let app = table(&postgres::shared().database(), setup.folder(), "");
    let file = setup.folder().join("password");
    std::fs::write(&file, "old\n").unwrap();
    let served = Served(setup.app("sql", &app).start());
    is_failure(&served.last(&["execute SELECT 1"]), "operational 28P01");
    std::fs::write(&file, PASSWORD).unwrap();
    served.still_works();
}

#[test]
fn tls_is_used_and_checked_as_the_url_says() {
    let server = postgres::shared();
    let url = server.database();
    let by_name = url.replace("127.0.0.1", "localhost");
    let root = format!("sslrootcert={}", server.certificate().display());
    let asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    for (url, is_used) in [
        (format!("{url}?sslmode=disable"), false),
        (url.clone(), true),
        (format!("{url}?sslmode=require"), true),
        (format!("{by_name}?sslmode=verify-full&{root}"), true),
        (format!("{url}?sslmode=verify-ca&{root}"), true),
    ] {
        let served = serve(&url, "");
        assert_eq!(served.query(asked), format!("[boolean:{is_used}]"), "{url}");
    }
    for (url, why) in [
        // The system's roots know nothing of it, and its name is not this one.
        (format!("{by_name}?sslmode=verify-full"), "UnknownIssuer"),
        (format!("{by_name}?sslmode=verify-ca"), "UnknownIssuer"),
        (
            format!("{url}?sslmode=verify-full&{root}"),
            "not valid for name",
        ),
    ] {
        let served = serve(&url, "");
        let answer = served.last(&["execute SELECT 1"]);
        is_failure(&answer, "operational 08001");
        assert!(answer.contains(why), "{url}: {answer}");
    }
}

#[test]
fn a_server_that_nobody_answers_for_is_given_up() {
    // It takes connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let served = serve(
        &format!("postgres://app@127.0.0.1:{port}/shop"),
        "connect = '300ms'",
    );
    is_failure(&served.last(&["execute SELECT 1"]), "operational 08001");
}

#[test]
fn a_table_that_changes_between_requests_is_read_as_it_is() {
    let folder = TempDir::new().unwrap();
    let url = postgres::shared().database();
    let served = serve(&url, "pool = 1");
    drop(folder);
    served.last(&["script CREATE TABLE t (v integer); INSERT INTO t VALUES (1)"]);
    assert_eq!(served.query("SELECT * FROM t"), "[integer:1]");
    // By somebody else, of whom the connection knows nothing.
    let database = url.rsplit('/').next().unwrap();
    postgres::shared().ask(database, "ALTER TABLE t ADD COLUMN w text DEFAULT 'new'");
    assert_eq!(served.query("SELECT * FROM t"), "[integer:1,text:new]");
}

#[test]
fn a_guest_cannot_leave_its_role() {
    let served = serve(&postgres::shared().database(), "");
    for sql in [
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "COPY (SELECT 1) TO '/tmp/wasgi-test-escape'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER SYSTEM SET fsync = on",
    ] {
        is_failure(
            &served.last(&[&format!("execute {sql}")]),
            "programming 42501",
        );
    }
}
