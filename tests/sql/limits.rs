use std::thread;

use super::case::{Case, is_failure};
use crate::support::{Isolation, post};

/// A statement that does not end by itself.
fn endless(case: &Case) -> &'static str {
    case.of(
        "execute WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
        "execute SELECT pg_sleep(600)",
    )
}

sql!(a_statement_has_a_time, |case| {
    let served = case.serve("statement = '300ms'\npool = 1");
    let answers = served.run(&[endless(case), "execute SELECT 1", "next"]);
    assert_eq!(
        answers[0],
        "operational 57014: the statement took longer than 300ms"
    );
    assert_eq!(answers[2], "[integer:1]");
    served.still_works();
});

sql!(a_script_and_a_batch_have_the_same_time, |case| {
    let served = case.serve("statement = '300ms'\npool = 1");
    let endless = case.of(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
         SELECT count(*) FROM n WHERE i <> $1",
        "SELECT pg_sleep(600 + $1)",
    );
    for command in [
        format!("script SELECT 1; {}", endless.replace("$1", "0")),
        format!("batch {endless}\tinteger:0\tinteger:0"),
    ] {
        let answers = served.run(&[&command, "in-transaction"]);
        is_failure(&answers[0], "operational 57014");
        assert_eq!(answers[1], "false", "{command}");
    }
    served.still_works();
});

sql!(a_request_has_so_many_connections, |case| {
    let served = case.serve("");
    let answers = served.run(&["open default"; 8]);
    assert_eq!(answers[..7], ["ok"; 7]);
    is_failure(&answers[7], "operational 53300");
    let answers = served.run(&[&["open default"; 7][..], &["close", "open default"]].concat());
    assert_eq!(answers, ["ok"; 9]);
});

sql!(a_request_has_so_many_results, |case| {
    let served = case.serve("");
    let answers = served.run(&["execute SELECT 1"; 257]);
    is_failure(&answers[256], "operational 53000");
    let commands = [
        &["execute SELECT 1"; 256][..],
        &["drop", "execute SELECT 1"],
    ]
    .concat();
    assert_eq!(served.last(&commands), answers[0]);
});

sql!(connections_are_waited_for_so_long, |case| {
    let served = case.serve("pool = 2\nwait = '200ms'");
    let hold = [
        "open default",
        "begin deferred",
        "execute SELECT 1",
        "sleep 600000",
    ];
    let mut holders = [served.begin(&hold), served.begin(&hold)];
    for holder in &mut holders {
        holder.succeed(3);
    }
    let answer = served.last(&["execute SELECT 1"]);
    assert_eq!(
        answer,
        "operational 53300: all 2 connections to the database were in use for 200ms"
    );
    drop(holders);
    served.still_works();
});

sql!(many_requests_share_few_connections, |case| {
    let served = case.serve_with(
        Isolation::Fresh,
        "concurrency = 64\nqueue-wait = '60s'",
        "pool = 3\nwait = '60s'\nconnect = '60s'",
    );
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| assert_eq!(served.query("SELECT 1"), "[integer:1]"));
        }
    });
});

sql!(a_statement_may_be_long, |case| {
    let served = case.serve("");
    let comment = "x".repeat((1 << 20) - 100);
    assert_eq!(
        served.query(&format!("SELECT 1 /* {comment} */")),
        "[integer:1]"
    );
    let answer = served.last(&[&format!("execute SELECT 1 /* {comment}{comment} */")]);
    match case.is_sqlite() {
        true => is_failure(&answer, "data 54000"),
        false => assert!(answer.starts_with("ok"), "{answer}"),
    }
});

sql!(a_call_passes_so_many_bytes, |case| {
    let served = case.serve_with(Isolation::Fresh, "host-call = '1MiB'", "");
    let insert = "execute SELECT 1 WHERE $1 IS NOT NULL";
    let answer = served.last(&[&format!(
        "{}\tzeros:1000000",
        insert.replace("$1", "length($1)")
    )]);
    assert!(answer.starts_with("ok"), "{answer}");
    let body = format!("open default\n{insert}\tzeros:1100000");
    let response = served.0.send(post("/sql", &body));
    assert_eq!(response.status, 502, "{response:?}");
    served.0.stderr().wait_for(&[response.request_id(), "call"]);
    served.still_works();
});

sql!(a_statement_has_so_many_parameters, |case| {
    let served = case.serve("");
    for count in [case.of(32_766, 65_535), case.of(32_767, 65_536), 100_000] {
        let marks: Vec<_> = (1..=count).map(|number| format!("${number}")).collect();
        let values = "\tinteger:1".repeat(count);
        let answer = served.last(&[&format!(
            "execute SELECT 1 WHERE 1 IN ({}){values}",
            marks.join(",")
        )]);
        if count < 100_000 && count % 2 == case.of(0, 1) {
            assert!(answer.starts_with("ok"), "{answer}");
        } else {
            assert!(
                answer.starts_with("programming ") || answer.starts_with("data "),
                "{answer}"
            );
        }
    }
    served.still_works();
});

sql!(a_client_that_leaves_cancels_its_statement, |case| {
    let served = case.serve("pool = 1\nwait = '20s'");
    let mut streamed = served.begin(&["open default", "execute SELECT 1", endless(case)]);
    streamed.succeed(2);
    drop(streamed);
    // The only connection is free again long before the statement would have ended.
    served.still_works();
    if !case.is_sqlite() {
        let running = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()";
        served.wait_for(running, "[integer:0]");
    }
});
