use super::case::{Case, is_failure};
use crate::support::Isolation;

/// A query of so many numbers, each beside a text of this expression.
fn numbers(case: &Case, count: u32, text: &str) -> String {
    case.of(
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
             SELECT i, {text} FROM n"
        ),
        format!("SELECT i, {text} FROM generate_series(1, {count}) AS i"),
    )
}

sql!(a_million_rows_pass_in_bounded_memory, |case| {
    let served = case.serve_with(
        Isolation::Fresh,
        "cpu = '120s'\nwall = '120s'",
        "statement = '120s'",
    );
    served.query("SELECT 1");
    let before = served.0.peak_memory();
    let text = case.of("printf('%0100d', i)", "lpad(i::text, 100, '0')");
    let found = served.last(&[
        &format!("execute {}", numbers(case, 1_000_000, text)),
        "count",
    ]);
    assert_eq!(found, "1000000 rows");
    let more = served.0.peak_memory() - before;
    assert!(more < 32 << 20, "{more} bytes more for 100 MB of rows");
});

sql!(rows_come_piece_by_piece, |case| {
    let served = case.serve("");
    let answers = served.run(&[
        &format!("execute {}", numbers(case, 5, "'a'")),
        "next 2",
        "next 2",
        "next 2",
        "next 2",
        "next",
    ]);
    assert_eq!(
        answers[1..],
        [
            "[integer:1,text:a][integer:2,text:a]",
            "[integer:3,text:a][integer:4,text:a]",
            "[integer:5,text:a]",
            "[]",
            "[]",
        ]
    );
});

sql!(a_query_without_rows_has_columns, |case| {
    let served = case.serve("");
    let answers = served.run(&["execute SELECT 1 AS one WHERE 1 = 0", "columns", "next"]);
    assert!(answers[0].ends_with(" rows"), "{}", answers[0]);
    assert!(answers[1].starts_with("one:"), "{}", answers[1]);
    assert_eq!(answers[2], "[]");
});

sql!(
    another_statement_may_begin_before_the_rows_are_read,
    |case| {
        let served = case.serve("");
        let answers = served.run(&[
            &format!("execute {}", numbers(case, 3_000, "'a'")),
            "next 10",
            "execute SELECT 'other'",
            "next",
            "@2 count",
            "execute CREATE TABLE t (v integer)",
            "@2 count",
        ]);
        assert_eq!(
            [answers[3].as_str(), &answers[4], &answers[6]],
            ["[text:other]", "2990 rows", "0 rows"]
        );
    }
);

sql!(rows_that_are_kept_are_bounded, |case| {
    let served = case.serve_with(Isolation::Fresh, "host-call = '1MiB'", "");
    let wide = numbers(
        case,
        3_000,
        case.of("printf('%01000d', i)", "lpad(i::text, 1000, '0')"),
    );
    let answers = served.run(&[
        &format!("execute {wide}"),
        "execute SELECT 'other'",
        "next",
        "@2 next 1",
        "@2 count",
    ]);
    assert_eq!(answers[2], "[text:other]");
    assert!(answers[3].starts_with("[integer:1,"), "{}", answers[3]);
    is_failure(&answers[4], "operational 53200");
    assert!(
        answers[4].contains("expected 1048576 bytes"),
        "{}",
        answers[4]
    );
    served.still_works();
});

sql!(a_row_has_a_size, |case| {
    let served = case.serve_with(Isolation::Fresh, "host-call = '1MiB'", "");
    let zeros = |count: u32| {
        case.of(
            format!("zeroblob({count})"),
            format!("decode(repeat('00', {count}), 'hex')"),
        )
    };
    assert_eq!(
        served.query(&format!("SELECT {}", zeros(1_000_000))),
        "[zeros:1000000]"
    );
    let answer = served.last(&[&format!("execute SELECT {}", zeros(1_100_000))]);
    is_failure(&answer, "data 54000");
    assert!(answer.contains("`host-call`"), "{answer}");
    served.still_works();
});

sql!(rows_that_nobody_wants_are_not_made, |case| {
    let served = case.serve("pool = 1");
    // There is no end to them.
    let endless = case.of(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "SELECT generate_series(1, 1000000000000)",
    );
    let answers = served.run(&[
        &format!("execute {endless}"),
        "next 1",
        "drop",
        "execute SELECT 1",
        "next",
        &format!("execute {endless}"),
    ]);
    assert_eq!([&answers[1], &answers[4]], ["[integer:1]"; 2]);
    // Those of a request that is over neither.
    served.still_works();
});

sql!(rows_end_with_their_connection, |case| {
    let served = case.serve("");
    let answers = served.run(&[
        &format!("execute {}", numbers(case, 3_000, "'a'")),
        "close",
        "@2 count",
    ]);
    is_failure(&answers[2], "internal 24000");
});

sql!(rows_of_a_request_before_are_over, |case| {
    let served = case.serve_with(Isolation::Reuse, "concurrency = 1", "");
    let query = format!("execute {}", numbers(case, 3_000, "'a'"));
    served.run_as_told("/sql?keep=1", &["open default", &query, "next 1"]);
    let answers = served.run_as_told(
        "/sql?keep=1",
        &["@2 next", "@2 columns", "execute SELECT 1", "next"],
    );
    is_failure(&answers[0], "internal 24000");
    assert_eq!(answers[3], "[integer:1]");
});
