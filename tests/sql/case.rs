use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::support::{Connection, Host, Isolation, Setup, post, postgres};

/// The kind of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgresql,
}

/// What a test runs on: an empty database of this kind.
pub(crate) struct Case {
    pub(crate) dialect: Dialect,
    folder: TempDir,
    url: OnceLock<String>,
}

impl Case {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            folder: TempDir::new().unwrap(),
            url: OnceLock::new(),
        }
    }

    /// What stands for each kind of database here.
    pub(crate) fn of<T>(&self, sqlite: T, postgresql: T) -> T {
        match self.dialect {
            Dialect::Sqlite => sqlite,
            Dialect::Postgresql => postgresql,
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    /// The file of a database in a file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    /// An `[[app.sql]]` table for the database, with more of its keys.
    pub(crate) fn table(&self, more: &str) -> String {
        let url = self.url.get_or_init(|| match self.dialect {
            Dialect::Sqlite => format!("sqlite:{}", self.file().display()),
            Dialect::Postgresql => postgres::shared().database(),
        });
        table(url, self.folder.path(), more)
    }

    /// A host whose app has the database, with more of its `[[app.sql]]` table.
    pub(crate) fn serve(&self, more: &str) -> Served {
        self.serve_with(Isolation::Fresh, "", more)
    }

    /// The same, with limits of the app.
    pub(crate) fn serve_with(&self, isolation: Isolation, limits: &str, more: &str) -> Served {
        let table = self.table(more);
        let app = format!("[app.limits]\n{limits}\n{table}");
        Served(Setup::new(isolation).app("sql", &app).start())
    }
}

/// An `[[app.sql]]` table for the database at this address, with a file for the role's password.
pub(crate) fn table(url: &str, folder: &Path, more: &str) -> String {
    let mut table = format!("[[app.sql]]\nurl = '{url}'\n{more}\n");
    if url.starts_with("postgres:") && !more.contains("password-") {
        let password = folder.join("password");
        fs::write(&password, format!("{}\n", postgres::PASSWORD)).unwrap();
        table.push_str(&format!("password-file = '{}'\n", password.display()));
    }
    table
}

/// A host with the fixture that runs commands on databases.
pub(crate) struct Served(pub(crate) Host);

impl Served {
    /// What commands answer, a line each. `open default` comes before them.
    pub(crate) fn run(&self, commands: &[&str]) -> Vec<String> {
        let mut answers = self.run_as_told("/sql", &[&["open default"], commands].concat());
        assert_eq!(answers.remove(0), "ok");
        answers
    }

    /// What commands answer that succeed, but for the last, whose answer is returned.
    pub(crate) fn last(&self, commands: &[&str]) -> String {
        let mut answers = self.run(commands);
        let last = answers.pop().unwrap();
        for (command, answer) in commands.iter().zip(answers) {
            assert!(
                answer.starts_with("ok") || answer.starts_with(['[', 'a']),
                "{command}: {answer}"
            );
        }
        last
    }

    /// What a query gives, on a connection of its own.
    pub(crate) fn query(&self, sql: &str) -> String {
        self.last(&[&format!("execute {sql}"), "next"])
    }

    /// What commands answer at this target, a line each.
    pub(crate) fn run_as_told(&self, target: &str, commands: &[&str]) -> Vec<String> {
        let response = self.0.send(post(target, &commands.join("\n")));
        assert_eq!(response.status, 200, "{commands:?}: {response:?}");
        let answers: Vec<_> = response.text().lines().map(str::to_owned).collect();
        assert_eq!(answers.len(), commands.len(), "{commands:?}: {answers:?}");
        answers
    }

    /// Begin a request that runs one command after the other, each when its answer is read.
    pub(crate) fn begin(&self, commands: &[&str]) -> Streamed {
        let mut connection = self.0.connect();
        connection.send(post("/sql?body=1", &commands.join("\n")));
        assert_eq!(connection.head().status, 200);
        Streamed(connection)
    }

    /// Expect that commands can be run again, on however few connections the app has.
    pub(crate) fn still_works(&self) {
        assert_eq!(self.query("SELECT 1"), "[integer:1]");
        assert_eq!(self.0.get("/sql").status, 200);
    }

    /// Ask until a query gives this.
    pub(crate) fn wait_for(&self, sql: &str, expected: &str) {
        let deadline = std::time::Instant::now() + crate::support::output::PATIENCE;
        loop {
            let found = self.query(sql);
            if found == expected {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{sql}: still {found}");
        }
    }
}

/// A request whose answers come one by one.
pub(crate) struct Streamed(Connection);

impl Streamed {
    /// The next answer.
    pub(crate) fn answer(&mut self) -> String {
        let line = String::from_utf8(self.0.data()).unwrap();
        line.strip_suffix('\n').unwrap().to_owned()
    }

    /// Expect that so many commands succeed.
    pub(crate) fn succeed(&mut self, commands: usize) {
        for _ in 0..commands {
            let answer = self.answer();
            assert!(answer.starts_with("ok"), "{answer}");
        }
    }
}

/// Expect that a failure is of this case and code.
pub(crate) fn is_failure(answer: &str, expected: &str) {
    assert!(answer.starts_with(&format!("{expected}: ")), "{answer}");
}
