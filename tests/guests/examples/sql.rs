//! Runs the commands of its request's body on its databases, one a line, and answers with a line for
//! each. What belongs to a command is separated by tabs; connections and results are kept under the
//! number of their line, and a command names the last one unless told (`@3 execute …`).
//!
//! With `body`, the answer is streamed: each command runs when its line is asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use fixture_guests::{deliberate_trap, parameter, sleep_ms, spin};
use wasgi_guest::{Body, Request, Response};

use self::sql::wasgi::sql::database::{
    Access, Connection, Dialect, Isolation, Outcome, Rows, open,
};
use self::sql::wasgi::sql::values::{Error, Value};

mod sql {
    wit_bindgen::generate!({ path: "../../wit/sql", world: "imports" });
}

/// What the commands have opened.
#[derive(Default)]
struct Session {
    line: usize,
    connections: BTreeMap<usize, Connection>,
    results: BTreeMap<usize, Rows>,
}

thread_local! {
    /// What a request with `keep` leaves for the next one of its instance.
    static KEPT: RefCell<Session> = RefCell::default();
}

fn handle(request: Request) -> Response {
    let is_streamed = parameter::<String>(&request, "body").is_some();
    let is_kept = parameter::<String>(&request, "keep").is_some();
    let mut text = Vec::new();
    for chunk in request.into_body() {
        text.extend_from_slice(&chunk.expect("the request's body comes whole"));
    }
    let text = String::from_utf8(text).expect("the commands are text");
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if is_kept {
        let answer = |line: &String| KEPT.with_borrow_mut(|session| session.answer(line));
        return Response::text(lines.iter().map(answer).collect::<String>());
    }
    let mut session = Session::default();
    if is_streamed {
        let answers = lines.into_iter().map(move |line| session.answer(&line));
        return Response::text("")
            .body(Body::chunks(answers.map(Ok::<_, std::convert::Infallible>)));
    }
    Response::text(
        lines
            .iter()
            .map(|line| session.answer(line))
            .collect::<String>(),
    )
}

impl Session {
    fn answer(&mut self, line: &str) -> String {
        self.line += 1;
        let (number, line) = match line.strip_prefix('@').and_then(|rest| rest.split_once(' ')) {
            Some((number, line)) => (number.parse().ok(), line),
            None => (None, line),
        };
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match self.run(number, command, rest) {
            Ok(answer) => format!("{answer}\n"),
            // A message of several lines is told in one.
            Err(error) => format!("{}\n", told(&error).replace('\n', " ")),
        }
    }

    fn run(&mut self, number: Option<usize>, command: &str, rest: &str) -> Result<String, Error> {
        match command {
            "open" => {
                self.connections.insert(self.line, open(rest)?);
                return Ok("ok".to_owned());
            }
            "next" | "columns" | "count" | "drop" => return self.read(number, command, rest),
            "sleep" => sleep_ms(rest.parse().expect("a number of milliseconds")),
            "spin" => spin(),
            "trap" => deliberate_trap(),
            _ => {}
        }
        if matches!(command, "sleep") {
            return Ok("ok".to_owned());
        }
        let last = self.connections.last_key_value().map(|(number, _)| *number);
        let number = number.or(last).expect("`open` comes first");
        if command == "close" {
            self.connections.remove(&number);
            return Ok("ok".to_owned());
        }
        let connection = self.connections.get(&number).expect("it was opened");
        match command {
            "execute" => {
                let (sql, parameters) = statement(rest);
                let outcome = connection.execute(&sql, &parameters)?;
                return Ok(self.keep(outcome));
            }
            "batch" => {
                let mut parts = rest.split('\t');
                let sql = parts.next().unwrap_or_default();
                let rows: Vec<_> = parts
                    .map(|row| row.split(',').map(value).collect())
                    .collect();
                return Ok(format!("affected {}", connection.batch(sql, &rows)?));
            }
            "script" => connection.script(rest)?,
            "begin" => begin(connection, rest)?,
            "commit" => connection.commit()?,
            "rollback" => connection.rollback()?,
            "version" => return connection.server_version(),
            "dialect" => {
                return Ok(match connection.dialect() {
                    Dialect::Sqlite => "sqlite",
                    Dialect::Postgresql => "postgresql",
                }
                .to_owned());
            }
            "in-transaction" => return Ok(connection.in_transaction().to_string()),
            other => panic!("there is no command {other:?}"),
        }
        Ok("ok".to_owned())
    }

    /// Keeps a result's rows, and tells the rest of how a statement went.
    fn keep(&mut self, outcome: Outcome) -> String {
        let mut told = "ok".to_owned();
        if let Some(affected) = outcome.affected {
            write!(told, " affected {affected}").expect("a text takes any");
        }
        if let Some(id) = outcome
            .last_insert_id
            .filter(|_| outcome.affected > Some(0))
        {
            write!(told, " id {id}").expect("a text takes any");
        }
        if let Some(rows) = outcome.rows {
            told.push_str(" rows");
            self.results.insert(self.line, rows);
        }
        told
    }

    fn read(&mut self, number: Option<usize>, command: &str, rest: &str) -> Result<String, Error> {
        let last = self.results.last_key_value().map(|(number, _)| *number);
        let number = number.or(last).expect("`execute` comes first");
        let rows = self.results.get(&number).expect("it returned rows");
        let max = rest.parse().unwrap_or(1000);
        match command {
            "drop" => {
                self.results.remove(&number);
                Ok("ok".to_owned())
            }
            "columns" => {
                let columns = rows.columns().into_iter();
                let columns = columns.map(|column| format!("{}:{}", column.name, column.type_name));
                Ok(columns.collect::<Vec<_>>().join("\t"))
            }
            "count" => {
                let mut count = 0;
                loop {
                    match rows.next(max)?.len() {
                        0 => return Ok(format!("{count} rows")),
                        more => count += more,
                    }
                }
            }
            _ => {
                let rows = rows.next(max)?.into_iter();
                let rows = rows.map(|row| row.iter().map(text).collect::<Vec<_>>().join(","));
                Ok(format!("[{}]", rows.collect::<Vec<_>>().join("][")))
            }
        }
    }
}

fn begin(connection: &Connection, words: &str) -> Result<(), Error> {
    let access = if words.contains("read-only") {
        Access::ReadOnly
    } else if words.contains("deferred") {
        Access::Deferred
    } else {
        Access::ReadWrite
    };
    let isolation = words
        .contains("serializable")
        .then_some(Isolation::Serializable);
    connection.begin(access, isolation)
}

fn statement(text: &str) -> (String, Vec<Value>) {
    let mut parts = text.split('\t');
    let sql = parts.next().unwrap_or_default().to_owned();
    (sql, parts.map(value).collect())
}

/// A value from its text: its type's name, a colon, and what the contract says of it.
fn value(text: &str) -> Value {
    let (kind, text) = text.split_once(':').unwrap_or((text, ""));
    let owned = text.to_owned();
    match kind {
        "null" => Value::Null,
        "boolean" => Value::Boolean(text == "true"),
        "integer" => Value::Integer(text.parse().expect("a whole number")),
        "real" => Value::Real(text.parse().expect("a number")),
        "blob" => Value::Blob(owned.into_bytes()),
        // A blob of so many bytes.
        "zeros" => Value::Blob(vec![0; text.parse().expect("a number of bytes")]),
        "decimal" => Value::Decimal(owned),
        "date" => Value::Date(owned),
        "time" => Value::Time(owned),
        "timestamp" => Value::Timestamp(owned),
        "interval" => Value::Interval(owned),
        "uuid" => Value::Uuid(owned),
        "json" => Value::Json(owned),
        "array" => Value::Array(owned),
        _ => Value::Text(owned),
    }
}

/// The same the other way.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "null:".to_owned(),
        Value::Boolean(value) => format!("boolean:{value}"),
        Value::Integer(value) => format!("integer:{value}"),
        Value::Real(value) => format!("real:{value:?}"),
        Value::Blob(bytes) if bytes.len() > 100 => format!("zeros:{}", bytes.len()),
        Value::Blob(bytes) => format!("blob:{}", bytes.escape_ascii()),
        Value::Text(text) => format!("text:{text}"),
        Value::Decimal(text) => format!("decimal:{text}"),
        Value::Date(text) => format!("date:{text}"),
        Value::Time(text) => format!("time:{text}"),
        Value::Timestamp(text) => format!("timestamp:{text}"),
        Value::Interval(text) => format!("interval:{text}"),
        Value::Uuid(text) => format!("uuid:{text}"),
        Value::Json(text) => format!("json:{text}"),
        Value::Array(text) => format!("array:{text}"),
    }
}

fn told(error: &Error) -> String {
    let (case, report) = match error {
        Error::Denied => return "denied".to_owned(),
        Error::Integrity(report) => ("integrity", report),
        Error::Data(report) => ("data", report),
        Error::Programming(report) => ("programming", report),
        Error::Operational(report) => ("operational", report),
        Error::Internal(report) => ("internal", report),
        Error::NotSupported(report) => ("not-supported", report),
        Error::Other(message) => return format!("other: {message}"),
    };
    format!("{case} {}: {}", report.sqlstate, report.message)
}

wasgi_guest::export!(handle);
