//! Runs one statement, and hands its rows over piece by piece.

use rusqlite::{Connection, Rows, Statement};
use wasgi_gateway::{SqlColumn, SqlError, SqlFetch, SqlOutcome, SqlRows, SqlValue};

use super::control::Control;
use super::writer::Writer;
use super::{error, value};

/// The longest text of a statement that is kept compiled.
const CACHED_BYTES_MAX: usize = 16 * 1024;

/// Runs a statement to its end, and returns how it went, with the last of its rows.
///
/// `more` is given the rows before those; it says how many to fetch next, or none to end.
pub(super) fn run(
    sqlite: &Connection,
    writer: &mut Writer,
    control: &Control,
    (sql, parameters): (&str, &[SqlValue]),
    mut fetch: SqlFetch,
    mut more: impl FnMut(SqlOutcome) -> Option<SqlFetch>,
) -> Result<SqlOutcome, SqlError> {
    if sql.len() > CACHED_BYTES_MAX {
        let mut statement = prepared(sqlite.prepare(sql))?;
        enter(&mut statement, writer, control, parameters)?;
        return rows(sqlite, &mut statement, &mut fetch, &mut more);
    }
    let mut statement = prepared(sqlite.prepare_cached(sql))?;
    enter(&mut statement, writer, control, parameters)?;
    rows(sqlite, &mut statement, &mut fetch, &mut more)
}

/// Runs a statement for each list of parameters, and returns how many rows were changed.
pub(super) fn batch(
    sqlite: &Connection,
    writer: &mut Writer,
    control: &Control,
    sql: &str,
    parameters: &[Vec<SqlValue>],
) -> Result<u64, SqlError> {
    let mut statement = prepared(sqlite.prepare(sql))?;
    let mut changed = 0;
    for parameters in parameters {
        enter(&mut statement, writer, control, parameters)?;
        let before = sqlite.total_changes();
        let mut rows = statement.raw_query();
        while rows
            .next()
            .map_err(|failure| error::of(&failure))?
            .is_some()
        {}
        changed += affected(sqlite, before);
    }
    Ok(changed)
}

fn prepared<T>(statement: rusqlite::Result<T>) -> Result<T, SqlError> {
    statement.map_err(|failure| error::of(&failure))
}

fn enter(
    statement: &mut Statement<'_>,
    writer: &mut Writer,
    control: &Control,
    parameters: &[SqlValue],
) -> Result<(), SqlError> {
    value::bind(statement, parameters)?;
    if statement.readonly() {
        return Ok(());
    }
    writer.enter(control)
}

fn rows(
    sqlite: &Connection,
    statement: &mut Statement<'_>,
    fetch: &mut SqlFetch,
    more: &mut impl FnMut(SqlOutcome) -> Option<SqlFetch>,
) -> Result<SqlOutcome, SqlError> {
    let writes = !statement.readonly();
    let before = sqlite.total_changes();
    let columns = columns(statement);
    let mut rows = statement.raw_query();
    let mut described = columns.clone();
    loop {
        let taken = take(&mut rows, &columns, *fetch)?;
        let is_last = taken.is_last;
        let mut outcome = SqlOutcome::default();
        if !columns.is_empty() {
            outcome.result = Some((std::mem::take(&mut described), taken));
        }
        if is_last {
            if writes {
                outcome.affected = Some(affected(sqlite, before));
                outcome.last_insert_id = Some(sqlite.last_insert_rowid());
            }
            return Ok(outcome);
        }
        match more(outcome) {
            Some(next) => *fetch = next,
            None => return Ok(SqlOutcome::default()),
        }
    }
}

/// Rows that the last statement changed. `changes` alone would be an earlier one's after a
/// statement that changes none.
fn affected(sqlite: &Connection, total_before: u64) -> u64 {
    if sqlite.total_changes() == total_before {
        return 0;
    }
    sqlite.changes()
}

fn columns(statement: &Statement<'_>) -> Vec<SqlColumn> {
    let columns = statement.columns();
    let columns = columns.map(|column| SqlColumn {
        name: column.name().to_owned(),
        type_name: column.decl_type().unwrap_or_default().to_ascii_lowercase(),
    });
    columns.collect()
}

fn take(rows: &mut Rows<'_>, columns: &[SqlColumn], fetch: SqlFetch) -> Result<SqlRows, SqlError> {
    let (mut taken, mut bytes) = (Vec::new(), 0);
    while taken.len() < fetch.rows && bytes < fetch.bytes {
        let Some(row) = rows.next().map_err(|failure| error::of(&failure))? else {
            return Ok(SqlRows {
                rows: taken,
                is_last: true,
            });
        };
        let mut values = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let found = row.get_ref(index).map_err(|failure| error::of(&failure))?;
            values.push(value::read(found, column)?);
        }
        bytes += fetch.check(&values)?;
        taken.push(values);
    }
    Ok(SqlRows {
        rows: taken,
        is_last: false,
    })
}
