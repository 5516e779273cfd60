use std::thread;

use super::case::{Case, is_failure};
use crate::support::Isolation;

const TABLE: &str = "execute CREATE TABLE t (v integer)";

sql!(a_transaction_is_seen_when_it_is_committed, |case| {
    let served = case.serve("");
    let answers = served.run(&[
        TABLE,
        "begin",
        "execute INSERT INTO t VALUES (1)",
        "in-transaction",
        "open default",
        "execute SELECT count(*) FROM t",
        "next",
        "@1 commit",
        "@1 in-transaction",
        "execute SELECT count(*) FROM t",
        "next",
        "@1 begin",
        "@1 execute DELETE FROM t",
        "@1 rollback",
        "execute SELECT count(*) FROM t",
        "next",
    ]);
    assert_eq!(
        (answers[3].as_str(), answers[8].as_str()),
        ("true", "false")
    );
    let counts = [&answers[6], &answers[10], &answers[15]];
    assert_eq!(counts, ["[integer:0]", "[integer:1]", "[integer:1]"]);
});

sql!(savepoints_undo_a_part, |case| {
    let served = case.serve("");
    let found = served.last(&[
        TABLE,
        "begin",
        "execute INSERT INTO t VALUES (1)",
        "execute SAVEPOINT inner_one",
        "execute INSERT INTO t VALUES (2)",
        "execute ROLLBACK TO SAVEPOINT inner_one",
        "execute RELEASE SAVEPOINT inner_one",
        "commit",
        "execute SELECT v FROM t",
        "next",
    ]);
    assert_eq!(found, "[integer:1]");
});

sql!(a_transaction_in_a_transaction_is_refused, |case| {
    let served = case.serve("");
    let answers = served.run(&["begin", "begin", "commit", "commit", "rollback"]);
    is_failure(&answers[1], "internal 25001");
    assert_eq!(
        [&answers[0], &answers[2], &answers[3], &answers[4]],
        ["ok"; 4]
    );
});

sql!(a_transaction_that_reads_alone_does_not_write, |case| {
    let served = case.serve("");
    let answers = served.run(&[
        TABLE,
        "begin read-only",
        "execute SELECT count(*) FROM t",
        "next",
        "execute INSERT INTO t VALUES (1)",
        "rollback",
        "execute INSERT INTO t VALUES (1)",
    ]);
    assert_eq!(answers[3], "[integer:0]");
    is_failure(&answers[4], "internal 25006");
    assert!(answers[6].starts_with("ok affected 1"), "{}", answers[6]);
});

sql!(a_batch_is_done_whole_or_not_at_all, |case| {
    let served = case.serve("");
    let answers = served.run(&[
        "execute CREATE TABLE t (v integer UNIQUE)",
        "batch INSERT INTO t VALUES ($1)\tinteger:1\tinteger:2\tinteger:1",
        "execute SELECT count(*) FROM t",
        "next",
        "in-transaction",
        "batch INSERT INTO t VALUES ($1)\tinteger:1\tinteger:2\tinteger:3",
    ]);
    is_failure(&answers[1], "integrity 23505");
    assert_eq!(answers[3..], ["[integer:0]", "false", "affected 3"]);
});

sql!(a_script_is_several_statements, |case| {
    let served = case.serve("");
    let found = served.last(&[
        "script CREATE TABLE t (v text); INSERT INTO t VALUES ('a;b'); -- a comment; with one",
        "execute SELECT v FROM t",
        "next",
    ]);
    assert_eq!(found, "[text:a;b]");
    let answer = served.last(&["execute SELECT 1; SELECT 2"]);
    is_failure(&answer, "programming 42601");
});

/// What a request may end with while a transaction is open, and the status that it then has.
const ENDS: [(&str, u16); 2] = [("in-transaction", 200), ("trap", 502)];

fn is_undone(case: &Case, isolation: Isolation) {
    // The next request is given the same connection.
    let served = case.serve_with(isolation, "concurrency = 1", "pool = 1");
    served.last(&[TABLE]);
    for (end, status) in ENDS {
        let commands = [
            "open default",
            "begin",
            "execute INSERT INTO t VALUES (1)",
            end,
        ];
        let response = served
            .0
            .send(crate::support::post("/sql?keep=1", &commands.join("\n")));
        assert_eq!(response.status, status, "{response:?}");
        assert_eq!(
            served.query("SELECT count(*) FROM t"),
            "[integer:0]",
            "after {end}"
        );
        assert_eq!(served.last(&["in-transaction"]), "false");
    }
    // A handle that an instance kept is given another connection, and knows of no transaction.
    served.run_as_told(
        "/sql?keep=1",
        &["open default", "begin", "execute INSERT INTO t VALUES (1)"],
    );
    if isolation == Isolation::Reuse {
        let answers = served.run_as_told(
            "/sql?keep=1",
            &[
                "in-transaction",
                "execute SELECT count(*) FROM t",
                "next",
                "commit",
            ],
        );
        assert_eq!(
            (answers[0].as_str(), answers[2].as_str()),
            ("false", "[integer:0]")
        );
    }
    assert_eq!(served.query("SELECT count(*) FROM t"), "[integer:0]");
}

sql!(what_a_request_leaves_open_is_undone, |case| {
    is_undone(case, Isolation::Fresh);
});

sql!(
    what_a_request_of_a_reused_instance_leaves_open_is_undone,
    |case| {
        is_undone(case, Isolation::Reuse);
    }
);

sql!(what_a_client_that_leaves_left_open_is_undone, |case| {
    let served = case.serve("pool = 1");
    served.last(&[TABLE]);
    let mut streamed = served.begin(&[
        "open default",
        "begin",
        "execute INSERT INTO t VALUES (1)",
        "sleep 600000",
    ]);
    streamed.succeed(3);
    drop(streamed);
    assert_eq!(served.query("SELECT count(*) FROM t"), "[integer:0]");
});

sql!(
    settings_and_temporary_tables_stay_with_their_request,
    |case| {
        let served = case.serve("pool = 1");
        served.last(&["script CREATE TABLE parent (id integer PRIMARY KEY); \
         CREATE TABLE child (id integer REFERENCES parent (id))"]);
        let settings: &[&str] = case.of(
            &[
                "execute PRAGMA foreign_keys = OFF",
                "execute CREATE TEMP TABLE own (v integer)",
            ],
            &[
                "execute SET search_path = pg_catalog",
                "execute SET default_transaction_read_only = on",
                "execute PREPARE own_statement AS SELECT 1",
                "execute CREATE TEMP TABLE own (v integer)",
            ],
        );
        served.run(settings);
        is_failure(
            &served.last(&["execute SELECT * FROM own"]),
            "programming 42P01",
        );
        is_failure(
            &served.last(&["execute INSERT INTO child VALUES (1)"]),
            "integrity 23503",
        );
        if !case.is_sqlite() {
            is_failure(
                &served.last(&["execute EXECUTE own_statement"]),
                "programming 26000",
            );
        }
    }
);

sql!(writers_come_one_after_the_other, |case| {
    const REQUESTS: usize = 24;
    // More of them than connections.
    let served = case.serve("pool = 4\nwait = '60s'\nconnect = '60s'");
    served.last(&["script CREATE TABLE t (v integer); INSERT INTO t VALUES (0)"]);
    let select = case.of(
        "execute SELECT v FROM t",
        "execute SELECT v FROM t FOR UPDATE",
    );
    thread::scope(|scope| {
        for _ in 0..REQUESTS {
            scope.spawn(|| {
                served.last(&[
                    "begin",
                    select,
                    "next",
                    "execute UPDATE t SET v = v + 1",
                    "commit",
                ]);
            });
        }
    });
    assert_eq!(
        served.query("SELECT v FROM t"),
        format!("[integer:{REQUESTS}]")
    );
});

sql!(readers_do_not_wait_for_a_writer, |case| {
    let served = case.serve("wait = '200ms'");
    served.last(&[TABLE]);
    let mut writer = served.begin(&[
        "open default",
        "begin",
        "execute INSERT INTO t VALUES (1)",
        "sleep 600000",
    ]);
    writer.succeed(3);
    assert_eq!(served.query("SELECT count(*) FROM t"), "[integer:0]");
});

sql!(isolated_transactions_that_meet_fail, |case| {
    let served = case.serve("");
    served.last(&["script CREATE TABLE t (v integer); INSERT INTO t VALUES (0)"]);
    // Both read what the other one writes.
    let answers = served.run(&[
        "begin deferred serializable",
        "execute SELECT v FROM t",
        "next",
        "open default",
        "begin deferred serializable",
        "execute SELECT v FROM t",
        "next",
        "execute UPDATE t SET v = v + 1",
        "commit",
        "@1 execute UPDATE t SET v = v + 1",
        "@1 rollback",
        "execute SELECT v FROM t",
        "next",
    ]);
    is_failure(
        &answers[9],
        case.of("operational 55P03", "operational 40001"),
    );
    assert_eq!(answers[12], "[integer:1]");
});
