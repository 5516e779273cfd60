use super::case::is_failure;

const TABLES: &str = "script CREATE TABLE parent (id integer PRIMARY KEY, name varchar(5) NOT NULL, \
                      age integer CHECK (age > 0)); \
                      CREATE TABLE child (id integer REFERENCES parent (id)); \
                      INSERT INTO parent VALUES (1, 'a', 1)";

/// Statements, and how they fail on either database.
const FAILURES: &[(&str, &str)] = &[
    ("INSERT INTO parent VALUES (1, 'b', 1)", "integrity 23505"),
    ("INSERT INTO parent VALUES (2, NULL, 1)", "integrity 23502"),
    ("INSERT INTO parent VALUES (2, 'b', 0)", "integrity 23514"),
    ("INSERT INTO child VALUES (7)", "integrity 23503"),
    ("SELEC 1", "programming 42601"),
    ("SELECT 'open", "programming 42601"),
    ("SELECT * FROM missing", "programming 42P01"),
    ("SELECT missing FROM parent", "programming 42703"),
];

sql!(failures_have_the_codes_of_the_standard, |case| {
    let served = case.serve("");
    served.last(&[TABLES]);
    for (sql, expected) in FAILURES {
        let answers = served.run(&[&format!("execute {sql}"), "execute SELECT 1", "next"]);
        is_failure(&answers[0], expected);
        assert_eq!(
            answers[2], "[integer:1]",
            "the connection is of use after {sql}"
        );
    }
});

sql!(values_that_do_not_fit_are_told, |case| {
    let served = case.serve("");
    served.last(&[TABLES]);
    let failures: &[(&str, &str)] = case.of(
        &[
            ("SELECT abs(-9223372036854775807 - 1)", "programming 42000"),
            ("SELECT json('{')", "programming 42000"),
            (
                "INSERT INTO parent (id, name) VALUES ('x', 'b')",
                "data 22000",
            ),
        ],
        &[
            ("SELECT 1 / 0", "data 22012"),
            ("SELECT '{'::json", "data 22P02"),
            (
                "INSERT INTO parent (id, name) VALUES (2, 'too long')",
                "data 22001",
            ),
            ("SELECT 32767::smallint + 1::smallint", "data 22003"),
            ("SELECT $1::text\ttext:a\0b", "data 22021"),
            ("SELECT $1::int\ttext:x", "data 22P02"),
        ],
    );
    for (sql, expected) in failures {
        is_failure(&served.last(&[&format!("execute {sql}")]), expected);
    }
});

sql!(a_failure_in_the_midst_of_rows_ends_them, |case| {
    let served = case.serve("");
    let sql = case.of(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
         SELECT CASE WHEN i < 500 THEN i ELSE abs(-9223372036854775807 - 1) END FROM n",
        "SELECT 1 / (i - 500) FROM generate_series(1, 1000) AS i",
    );
    let answers = served.run(&[
        &format!("execute {sql}"),
        "count",
        "count",
        "execute SELECT 1",
        "next",
    ]);
    assert_eq!(answers[0], "ok rows");
    let expected = case.of("programming 42000", "data 22012");
    is_failure(&answers[1], expected);
    is_failure(&answers[2], expected);
    assert_eq!(answers[4], "[integer:1]");
});

sql!(a_transaction_that_failed_is_told_apart, |case| {
    let served = case.serve("");
    let answers = served.run(&[
        "begin",
        "execute SELECT * FROM missing",
        "execute SELECT 1",
        "rollback",
        "execute SELECT 1",
    ]);
    if case.is_sqlite() {
        assert_eq!(answers[2], "ok rows");
    } else {
        is_failure(&answers[2], "internal 25P02");
    }
    assert!(answers[4].starts_with("ok"), "{}", answers[4]);
});
