//! One connection, with the statements that are prepared on it.

use std::collections::HashMap;

use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, Client, SimpleQueryMessage, Statement};
use wasgi_gateway::{SqlError, SqlValue};

use super::encode::hint;
use super::error;

/// Statements that stay prepared. With more, all are forgotten: an app that makes its statements
/// anew each time gains nothing from keeping them.
const STATEMENTS_MAX: usize = 128;

/// The longest text of a statement that stays prepared.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// Parameters of a statement: the protocol counts them in two bytes.
const PARAMETERS_MAX: usize = 65_535;

/// A connection.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) version: String,
    /// Prepared statements, by their text and what their parameters were said to be.
    statements: HashMap<(String, Vec<Type>), Statement>,
}

impl Connection {
    pub(super) async fn new(client: Client) -> Result<Self, SqlError> {
        let told = client.simple_query("SHOW server_version").await;
        let told = told.map_err(|failure| error::of(&failure))?;
        let version = told.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(Self {
            client,
            version: version.unwrap_or_default(),
            statements: HashMap::new(),
        })
    }

    /// Whether it is still connected.
    pub(super) fn check(&self) -> Result<(), SqlError> {
        if self.client.is_closed() {
            return Err(error::gone());
        }
        Ok(())
    }

    pub(super) fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// A statement, prepared for parameters such as these. Also says whether it was so before.
    pub(super) async fn prepare(
        &mut self,
        sql: &str,
        parameters: &[&[SqlValue]],
    ) -> Result<(Statement, bool), SqlError> {
        // Limit: PARAMETERS_MAX
        if let Some(given) = parameters.iter().find(|given| given.len() > PARAMETERS_MAX) {
            return Err(SqlError::new(
                "54023",
                format!(
                    "expected {PARAMETERS_MAX} parameters at most, got {}",
                    given.len()
                ),
            ));
        }
        let types = hints(parameters);
        let key = (sql.to_owned(), types);
        if let Some(kept) = self.statements.get(&key) {
            return Ok((kept.clone(), true));
        }
        let prepared = self.client.prepare_typed(sql, &key.1).await;
        let prepared = prepared.map_err(|failure| error::of(&failure))?;
        let expected = prepared.params().len();
        if let Some(given) = parameters.iter().find(|given| given.len() != expected) {
            let given = given.len();
            return Err(SqlError::new(
                "42P02",
                format!("the statement has {expected} parameters, but {given} were given"),
            ));
        }
        if sql.len() <= KEPT_BYTES_MAX {
            // Limit: STATEMENTS_MAX
            if self.statements.len() >= STATEMENTS_MAX {
                self.forget();
            }
            self.statements.insert(key, prepared.clone());
        }
        Ok((prepared, false))
    }

    /// Forgets what is prepared: the tables may be others now.
    pub(super) fn forget(&mut self) {
        self.statements.clear();
    }

    /// Undoes all that a session has left.
    pub(super) async fn reset(&mut self) -> Result<(), SqlError> {
        let told = self.client.simple_query(RESET).await;
        let told = told.map_err(|failure| error::of(&failure))?;
        let is_prepared = |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(row) if row.len() == 1 && row.get(0) == Some(PREPARED));
        if told.iter().any(is_prepared) {
            // What the guest prepared itself can only be undone together with ours.
            self.forget();
            let all = self.client.batch_execute("DISCARD ALL").await;
            all.map_err(|failure| error::of(&failure))?;
        }
        Ok(())
    }
}

/// All that `DISCARD ALL` does, but for the statements that are prepared; and whether the guest has
/// prepared some.
const RESET: &str = "ROLLBACK; CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; \
    UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES; \
    SELECT 'prepared' FROM pg_prepared_statements WHERE from_sql LIMIT 1";

const PREPARED: &str = "prepared";

/// What the parameters of a statement are said to be that is run with each of these lists.
fn hints(parameters: &[&[SqlValue]]) -> Vec<Type> {
    let count = parameters.first().map_or(0, |first| first.len());
    let of = |index: usize| {
        let values = parameters.iter().filter_map(|row| row.get(index));
        values.map(hint).reduce(wider).unwrap_or(Type::UNKNOWN)
    };
    (0..count).map(of).collect()
}

/// What may be either of two.
fn wider(one: Type, other: Type) -> Type {
    const NUMBERS: [Type; 4] = [Type::INT2, Type::INT4, Type::INT8, Type::NUMERIC];
    let place = |of: &Type| NUMBERS.iter().position(|number| number == of);
    match (place(&one), place(&other)) {
        (Some(first), Some(second)) => NUMBERS[first.max(second)].clone(),
        _ if one == other || other == Type::UNKNOWN => one,
        _ if one == Type::UNKNOWN => other,
        _ => Type::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_parameters_agree_on_what_they_are() {
        let rows = [
            vec![
                SqlValue::Integer(1),
                SqlValue::Null,
                SqlValue::Boolean(true),
            ],
            vec![
                SqlValue::Integer(1 << 40),
                SqlValue::Integer(3),
                SqlValue::Real(1.0),
            ],
        ];
        let rows: Vec<&[SqlValue]> = rows.iter().map(Vec::as_slice).collect();
        assert_eq!(hints(&rows), [Type::INT8, Type::INT2, Type::UNKNOWN]);
        assert_eq!(hints(&[]), []);
    }
}
