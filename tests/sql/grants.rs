use std::fs;

use super::case::{Case, Served, is_failure, table};
use crate::support::{Isolation, Setup, host, postgres};

sql!(apps_do_not_see_each_others_databases, |case| {
    let other = Case::new(case.dialect);
    let (mine, theirs) = (case.table("name = 'mine'"), other.table("name = 'theirs'"));
    let shared = Setup::new(Isolation::Fresh)
        .mount("/one", "sql", &mine)
        .mount("/two", "sql", &theirs)
        .mount("/none", "sql", "");
    let served = Served(shared.start());
    let told =
        |target: &str, commands: &[&str]| served.run_as_told(target, commands).pop().unwrap();
    assert_eq!(
        told("/one", &["open mine", "script CREATE TABLE t (v integer)"]),
        "ok"
    );
    is_failure(
        &told("/two", &["open theirs", "execute SELECT * FROM t"]),
        "programming 42P01",
    );
    for (target, name) in [
        ("/one", "theirs"),
        ("/two", "mine"),
        ("/none", "mine"),
        ("/one", "default"),
        ("/one", ""),
    ] {
        assert_eq!(
            told(target, &[&format!("open {name}")]),
            "denied",
            "{target} {name}"
        );
    }
});

sql!(an_app_may_have_several, |case| {
    let other = Case::new(case.dialect);
    let tables = format!("{}{}", case.table(""), other.table("name = 'other'"));
    let host = Setup::new(Isolation::Fresh).app("sql", &tables).start();
    let answers = Served(host).run(&[
        "execute CREATE TABLE t (v integer)",
        "open other",
        "execute SELECT * FROM t",
        "@1 execute SELECT * FROM t",
    ]);
    is_failure(&answers[2], "programming 42P01");
    assert!(answers[3].starts_with("ok"), "{}", answers[3]);
});

sql!(a_database_may_be_for_reading, |case| {
    case.serve("")
        .last(&["script CREATE TABLE t (v integer); INSERT INTO t VALUES (1)"]);
    let served = case.serve("read-only = true");
    assert_eq!(served.query("SELECT v FROM t"), "[integer:1]");
    for sql in [
        "INSERT INTO t VALUES (2)",
        "CREATE TABLE u (v integer)",
        "DROP TABLE t",
    ] {
        is_failure(&served.last(&[&format!("execute {sql}")]), "internal 25006");
        is_failure(&served.last(&[&format!("script {sql}")]), "internal 25006");
    }
});

#[test]
fn the_manifest_is_checked() {
    let folder = tempfile::TempDir::new().unwrap();
    let manifest = folder.path().join("wasgi.toml");
    let app = crate::support::guests::path("sql");
    let text = format!(
        "[[app]]\ncomponent = '{}'\n\
         [[app.sql]]\nurl = 'sqlite:../app.db'\n\
         [[app.sql]]\nurl = 'postgres://app:secret@db.example:x/shop'\n\
         [[app.sql]]\nname = 'third'\nurl = 'sqlite:missing/app.db'\npool = 0\nspeed = 1\n",
        app.display()
    );
    fs::write(&manifest, text).unwrap();
    let end = host::run(&["check", "--config", manifest.to_str().unwrap()]);
    assert_eq!(end.code, Some(2), "{}", end.stderr);
    let said = end.stderr + &end.stdout;
    for part in [
        "wasgi.toml:4:7: expected \"sqlite:PATH\" with",
        "wasgi.toml:5:1: the app already has a database named \"default\"",
        "wasgi.toml:6:7: expected \"postgres://USER@HOST:PORT/DATABASE\"",
        "wasgi.toml:10:8: expected",
        "wasgi.toml:11:1: unknown key `speed`",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_password_may_come_from_the_hosts_environment() {
    let folder = tempfile::TempDir::new().unwrap();
    let url = postgres::shared().database();
    let app = table(&url, folder.path(), "password-env = 'WASGI_TEST_PASSWORD'");
    let manifest = folder.path().join("wasgi.toml");
    let component = crate::support::guests::path("sql");
    fs::write(
        &manifest,
        format!(
            "[[app]]\ncomponent = '{}'\npath = '/sql'\n{app}",
            component.display()
        ),
    )
    .unwrap();
    let start = |password: Option<&str>| {
        let mut command = std::process::Command::new(host::BINARY);
        command.args([
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--config",
            manifest.to_str().unwrap(),
        ]);
        command
            .arg("--cache")
            .arg(host::cache())
            .arg("--state")
            .arg(folder.path().join("state"));
        command.env_remove("WASGI_TEST_PASSWORD");
        if let Some(password) = password {
            command.env("WASGI_TEST_PASSWORD", password);
        }
        Served(crate::support::Host::serve_by(&mut command))
    };
    assert_eq!(
        start(Some(postgres::PASSWORD)).query("SELECT 1"),
        "[integer:1]"
    );
    let served = start(None);
    is_failure(&served.last(&["execute SELECT 1"]), "operational 28000");
    served.0.stderr().wait_for(&["password-env", "is not set"]);
}
