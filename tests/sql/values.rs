use super::case::is_failure;

/// A value, the type of its column in PostgreSQL, and what comes out of each database.
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("null:", "text", "null:", "null:"),
    ("boolean:true", "boolean", "integer:1", "boolean:true"),
    ("integer:-7", "smallint", "integer:-7", "integer:-7"),
    (
        "integer:-9223372036854775808",
        "bigint",
        "integer:-9223372036854775808",
        "integer:-9223372036854775808",
    ),
    ("integer:3", "numeric", "integer:3", "decimal:3"),
    ("integer:3", "double precision", "integer:3", "real:3.0"),
    ("real:0.1", "double precision", "real:0.1", "real:0.1"),
    ("real:0.1", "real", "real:0.1", "real:0.1"),
    ("real:-1e300", "double precision", REAL, REAL),
    ("text:", "text", "text:", "text:"),
    (
        "text:it's \"é\" 🦀",
        "text",
        "text:it's \"é\" 🦀",
        "text:it's \"é\" 🦀",
    ),
    ("text:ab", "char(4)", "text:ab", "text:ab  "),
    ("text:12", "integer", "text:12", "integer:12"),
    (
        "blob:a\\é",
        "bytea",
        "blob:a\\\\\\xc3\\xa9",
        "blob:a\\\\\\xc3\\xa9",
    ),
    ("zeros:100000", "bytea", "zeros:100000", "zeros:100000"),
    (
        "decimal:-12345678901234567890.1230",
        "numeric",
        "text:-12345678901234567890.1230",
        "decimal:-12345678901234567890.1230",
    ),
    ("decimal:NaN", "numeric", "text:NaN", "decimal:NaN"),
    (
        "date:2026-02-28",
        "date",
        "text:2026-02-28",
        "date:2026-02-28",
    ),
    (
        "time:23:59:59.5",
        "time",
        "text:23:59:59.5",
        "time:23:59:59.500000",
    ),
    (
        "timestamp:2026-02-28T01:02:03.000004",
        "timestamp",
        "text:2026-02-28T01:02:03.000004",
        "timestamp:2026-02-28T01:02:03.000004",
    ),
    (
        "timestamp:2026-02-28T01:02:03+01:00",
        "timestamptz",
        "text:2026-02-28T01:02:03+01:00",
        "timestamp:2026-02-28T00:02:03+00:00",
    ),
    (
        "interval:P1DT2H0.5S",
        "interval",
        "text:P1DT2H0.5S",
        "interval:P0Y0M1DT2H0M0.500000S",
    ),
    (
        "uuid:0197f9a0-0000-7000-8000-0123456789ab",
        "uuid",
        "text:0197f9a0-0000-7000-8000-0123456789ab",
        "uuid:0197f9a0-0000-7000-8000-0123456789ab",
    ),
    (
        "json:{\"a\": [1, null]}",
        "jsonb",
        "text:{\"a\": [1, null]}",
        "json:{\"a\": [1, null]}",
    ),
    ("json:[1,2]", "json", "text:[1,2]", "json:[1, 2]"),
    (
        "array:[1,null,3]",
        "int[]",
        "text:[1,null,3]",
        "array:[1,null,3]",
    ),
    (
        "array:[[\"a b\",\"\"],[\"NULL\",\"}\"]]",
        "text[]",
        "text:[[\"a b\",\"\"],[\"NULL\",\"}\"]]",
        "array:[[\"a b\",\"\"],[\"NULL\",\"}\"]]",
    ),
];

/// A number beyond every integer.
const REAL: &str = "real:-1e300";

sql!(what_goes_in_comes_out, |case| {
    let served = case.serve("");
    for (given, kind, sqlite, postgresql) in VALUES {
        // SQLite would make numbers of texts in a column that declares a type.
        let kind = case.of("", kind);
        let found = served.last(&[
            "begin",
            &format!("execute CREATE TABLE t (v {kind})"),
            &format!("execute INSERT INTO t VALUES ($1)\t{given}"),
            &format!(
                "batch INSERT INTO t VALUES ($1)\t{}",
                if given.contains(',') { "null:" } else { given }
            ),
            "execute SELECT v FROM t LIMIT 1",
            "next",
        ]);
        assert_eq!(
            found,
            format!("[{}]", case.of(sqlite, postgresql)),
            "{given} as {kind}"
        );
    }
});

sql!(parameters_may_stand_anywhere, |case| {
    let served = case.serve("");
    let sql = "execute SELECT $1, $2 WHERE $3 = $1 AND $2 > $4";
    let found = served.last(&[
        &format!("{sql}\tinteger:5\treal:2.5\tinteger:5\treal:1"),
        "next",
    ]);
    assert_eq!(found, "[integer:5,real:2.5]");
});

sql!(columns_have_names_and_types, |case| {
    let served = case.serve("");
    let found = served.last(&[
        "script CREATE TABLE t (id integer PRIMARY KEY, \"A b\" varchar(9), at timestamp)",
        "execute SELECT id, \"A b\", at, id + 1 AS id FROM t",
        "columns",
    ]);
    let expected = case.of(
        "id:integer\tA b:varchar(9)\tat:timestamp\tid:",
        "id:int4\tA b:varchar\tat:timestamp\tid:int4",
    );
    assert_eq!(found, expected);
});

sql!(a_wrong_number_of_parameters_is_told, |case| {
    let served = case.serve("");
    // PostgreSQL takes parameters that a statement does not use.
    let counts: &[usize] = case.of(&[0, 1, 3], &[0, 1]);
    for count in counts {
        let parameters = "\tinteger:1".repeat(*count);
        let answer = served.last(&[&format!(
            "execute SELECT CAST($1 AS integer) + CAST($2 AS integer){parameters}"
        )]);
        assert_eq!(
            answer,
            format!("programming 42P02: the statement has 2 parameters, but {count} were given")
        );
    }
});

sql!(changes_are_counted, |case| {
    let served = case.serve("");
    let answers = served.run(&[
        "execute CREATE TABLE t (id integer PRIMARY KEY, v integer)",
        "execute INSERT INTO t (id, v) VALUES (1, 1), (2, 1), (3, 2)",
        "batch INSERT INTO t (id, v) VALUES ($1, $2)\tinteger:4,null:\tinteger:5,integer:9",
        "execute UPDATE t SET v = 0 WHERE v = 1",
        "execute DELETE FROM t WHERE v = 7",
        "execute INSERT INTO t (id, v) VALUES (9, 1) RETURNING id, v",
        "next",
        "execute SELECT count(*) FROM t",
        "next",
    ]);
    let id = |id: &str| case.of(format!(" id {id}"), String::new());
    let expected = [
        case.of("ok affected 0".to_owned(), "ok affected 0".to_owned()),
        format!("ok affected 3{}", id("3")),
        "affected 2".to_owned(),
        format!("ok affected 2{}", id("5")),
        "ok affected 0".to_owned(),
        format!("ok affected 1{} rows", id("9")),
        "[integer:9,integer:1]".to_owned(),
        case.of("ok rows".to_owned(), "ok affected 1 rows".to_owned()),
        "[integer:6]".to_owned(),
    ];
    assert_eq!(answers, expected);
});

sql!(the_database_says_what_it_is, |case| {
    let served = case.serve("");
    assert_eq!(served.last(&["dialect"]), case.of("sqlite", "postgresql"));
    let version = served.last(&["version"]);
    let major: u32 = version.split('.').next().unwrap().parse().unwrap();
    assert!(major >= case.of(3, 13), "{version}");
});

#[test]
fn a_type_that_has_no_case_is_refused_with_the_way_out() {
    let case = super::case::Case::new(super::case::Dialect::Postgresql);
    let served = case.serve("");
    let answers = served.run(&[
        "execute SELECT 1 AS one, point(1, 2) AS place",
        "execute SELECT point(1, 2)::text AS place",
        "next",
        "execute CREATE TYPE mood AS ENUM ('sad', 'happy')",
        "execute SELECT 'happy'::mood, '10.0.0.0/8'::cidr, ARRAY['{\"a\": 1}'::jsonb]",
        "next",
    ]);
    is_failure(&answers[0], "not-supported 0A000");
    assert!(
        answers[0].contains("\"place\"") && answers[0].ends_with("cast it to text"),
        "{}",
        answers[0]
    );
    assert_eq!(answers[2], "[text:(1,2)]");
    assert_eq!(answers[5], "[text:happy,text:10.0.0.0/8,array:[{\"a\":1}]]");
}
