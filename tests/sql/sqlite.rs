use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use super::case::{Case, Dialect, is_failure};
use crate::support::Isolation;

fn new() -> Case {
    Case::new(Dialect::Sqlite)
}

/// SQL that reaches for something outside of its database, or for its rules.
const ESCAPES: &[&str] = &[
    "ATTACH '{}' AS other",
    "ATTACH DATABASE 'file:{}?mode=rwc' AS other",
    "ATTACH ':memory:' AS other",
    "VACUUM INTO '{}'",
    "SELECT load_extension('{}')",
    "SELECT fts3_tokenizer('simple')",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA main.journal_mode = OFF",
    "PRAGMA temp_store_directory = '/'",
    "PRAGMA data_store_directory = '/'",
    "PRAGMA writable_schema = ON",
    "PRAGMA trusted_schema = ON",
    "PRAGMA mmap_size = 1000000000",
    "PRAGMA cache_size = 1000000",
    "PRAGMA hard_heap_limit = 0",
    "PRAGMA soft_heap_limit = 0",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA max_page_count = 1",
    "PRAGMA busy_timeout = 1000000",
    "PRAGMA threads = 8",
    "PRAGMA lock_proxy_file = '{}'",
    "PRAGMA schema_version = 1",
    "PRAGMA no_such_pragma = 1",
    "CREATE VIRTUAL TABLE t USING csv(filename = '/etc/passwd')",
    "CREATE VIRTUAL TABLE t USING dbstat",
    "CREATE VIRTUAL TABLE temp.t USING no_such_module",
];

#[test]
fn sql_does_not_leave_its_database() {
    let case = new();
    let served = case.serve("pool = 1");
    let outside = case.file().with_file_name("outside.db");
    for escape in ESCAPES {
        let sql = escape.replace("{}", outside.to_str().unwrap());
        for command in ["execute", "script"] {
            let answer = served.last(&[&format!("{command} {sql}")]);
            assert!(
                answer.starts_with("programming 42"),
                "{command} {sql}: {answer}"
            );
        }
    }
    assert!(!outside.exists());
    for function in [
        "readfile('/etc/passwd')",
        "writefile('/tmp/x', 'x')",
        "edit('x')",
        "shell('id')",
    ] {
        is_failure(
            &served.last(&[&format!("execute SELECT {function}")]),
            "programming 42000",
        );
    }
    // What Django and others need, works.
    let own =
        "script PRAGMA foreign_keys = OFF; PRAGMA table_info(t); VACUUM; PRAGMA user_version = 3";
    assert_eq!(served.last(&[own]), "ok");
    let files = fs::read_dir(case.file().parent().unwrap())
        .unwrap()
        .flatten();
    let mut names: Vec<_> = files
        .map(|file| file.file_name().into_string().unwrap())
        .collect();
    names.retain(|name| !name.starts_with("app.db"));
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn what_is_made_of_nothing_is_bounded() {
    let case = new();
    let served = case.serve_with(Isolation::Fresh, "cpu = '60s'", "statement = '20s'");
    served.query("SELECT 1");
    let before = served.0.peak_memory();
    for sql in [
        "SELECT length(zeroblob(2000000000))",
        "SELECT length(printf('%2000000000d', 1))",
        "SELECT length(replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000000))))",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
         SELECT length(group_concat(hex(zeroblob(100000)))) FROM (SELECT 1 FROM n LIMIT 1000)",
        "SELECT length(REPEAT('x', 2000000000))",
    ] {
        let answer = served.last(&[&format!("execute {sql}")]);
        assert!(
            answer.starts_with("data ") || answer.starts_with("programming "),
            "{sql}: {answer}"
        );
    }
    let more = served.0.peak_memory() - before;
    assert!(more < 96 << 20, "{more} bytes more");
    served.still_works();
}

#[test]
fn statements_that_are_too_deep_are_refused() {
    let case = new();
    let served = case.serve("");
    for sql in [
        format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("SELECT 1{}", " + 1".repeat(10_000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(1_000)),
        format!("SELECT json('{}')", "[".repeat(100_000)),
    ] {
        let answer = served.last(&[&format!("execute {sql}")]);
        assert!(answer.starts_with("programming 42"), "{answer}");
    }
    served.still_works();
}

#[test]
fn sorting_does_not_take_the_hosts_memory() {
    let case = new();
    let served = case.serve_with(
        Isolation::Fresh,
        "cpu = '60s'\nwall = '120s'",
        "statement = '60s'",
    );
    served.query("SELECT 1");
    let before = served.0.peak_memory();
    let found = served.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) \
         SELECT length(t) FROM (SELECT printf('%01000d', i * 7919 % 100003) AS t FROM n) ORDER BY t LIMIT 1 OFFSET 29999",
    );
    assert_eq!(found, "[integer:1000]");
    let more = served.0.peak_memory() - before;
    assert!(more < 20 << 20, "{more} bytes more to sort 30 MB");
}

#[test]
fn a_file_that_is_no_database_is_told() {
    let case = new();
    fs::write(
        case.file(),
        "this is no database, and long enough to be taken for a header".repeat(100),
    )
    .unwrap();
    let served = case.serve("");
    is_failure(&served.last(&["execute SELECT 1"]), "operational XX001");
    let path = case.file();
    served
        .0
        .stderr()
        .wait_for(&["cannot open the database", path.to_str().unwrap()]);
    fs::remove_file(path).unwrap();
    served.still_works();
}

#[test]
fn a_damaged_database_is_told() {
    let case = new();
    let served = case.serve("");
    served.last(&[
        "script CREATE TABLE good (v integer); INSERT INTO good VALUES (1); \
         CREATE TABLE t (v text)",
        "execute WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
         INSERT INTO t SELECT printf('%0500d', i) FROM n",
    ]);
    served.0.kill();
    // All of it is in the database itself: so much is written back with the commit.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(case.file())
        .unwrap();
    assert!(file.metadata().unwrap().len() > 5_000_000);
    for log in ["app.db-wal", "app.db-shm"] {
        fs::remove_file(case.file().with_file_name(log)).unwrap();
    }
    // Behind the pages of the schema and of the first table.
    file.seek(SeekFrom::Start(3 * 4096)).unwrap();
    file.write_all(&vec![0xa5; 80_000]).unwrap();
    drop(file);
    let served = case.serve("");
    let answers = served.run(&[
        "execute SELECT v FROM t",
        "execute SELECT v FROM good",
        "next",
    ]);
    is_failure(&answers[0], "operational XX001");
    assert_eq!(answers[2], "[integer:1]");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told() {
    let case = new();
    let served = case.serve("");
    fs::create_dir(case.file()).unwrap();
    is_failure(&served.last(&["execute SELECT 1"]), "operational 58030");
    fs::remove_dir(case.file()).unwrap();
    served.still_works();
}

#[test]
fn what_was_committed_outlives_a_crash_of_the_host() {
    let case = new();
    let served = case.serve("");
    served.last(&["script CREATE TABLE t (v integer); INSERT INTO t VALUES (1)"]);
    let mut open = served.begin(&[
        "open default",
        "begin",
        "execute INSERT INTO t VALUES (2)",
        "sleep 600000",
    ]);
    open.succeed(3);
    served.0.kill();
    assert_eq!(case.serve("").query("SELECT v FROM t"), "[integer:1]");
}

#[test]
fn functions_that_django_calls_are_there() {
    let case = new();
    let served = case.serve("");
    for (expression, expected) in [
        ("django_date_extract('year', '2026-02-28')", "integer:2026"),
        ("'Straße' REGEXP '^S.+e$'", "integer:1"),
        ("MD5('a')", "text:0cc175b9c0f1b6a831c399e269772661"),
    ] {
        assert_eq!(
            served.query(&format!("SELECT {expression}")),
            format!("[{expected}]")
        );
    }
}

#[test]
fn an_expression_of_a_guest_takes_no_time_of_others() {
    let case = new();
    let served = case.serve("statement = '500ms'");
    let answer = served.last(&[
        "execute WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
         SELECT count(*) FROM n WHERE printf('%01000d', i) REGEXP '(0*)*1$'",
    ]);
    is_failure(&answer, "operational 57014");
    served.still_works();
}
