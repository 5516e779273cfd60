//! `wasgi:sql` as guests import it: each call becomes one of [`Connections`].
//!
//! Linked for every component; what an app was not granted is denied when it is asked for. A guest
//! gets an error to read, and a trap only for a handle that the host never gave.

use wasmtime::component::{HasSelf, Linker, Resource};

use super::bindings::wasgi::sql::{database, values};
use super::connections::{ConnectionHandle, Connections, RowsHandle};
use super::{SqlError, SqlOutcome, SqlValue};
use crate::state::State;

/// Adds the interfaces.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    values::add_to_linker::<_, HasSelf<Connections>>(linker, State::sql)?;
    database::add_to_linker::<_, HasSelf<Connections>>(linker, State::sql)
}

/// What a call returns: a trap, or what the guest reads.
type Answered<T> = wasmtime::Result<Result<T, values::Error>>;

fn answer<T>(result: Result<T, SqlError>) -> Answered<T> {
    Ok(result.map_err(values::Error::from))
}

impl values::Host for Connections {}

impl database::Host for Connections {
    async fn open(&mut self, name: String) -> Answered<Resource<ConnectionHandle>> {
        answer(self.open(name).map(Resource::new_own))
    }
}

impl database::HostConnection for Connections {
    async fn dialect(
        &mut self,
        connection: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<database::Dialect> {
        Ok(Self::dialect(self, connection.rep())?.into())
    }

    async fn server_version(&mut self, connection: Resource<ConnectionHandle>) -> Answered<String> {
        answer(self.server_version(connection.rep()).await)
    }

    async fn in_transaction(
        &mut self,
        connection: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<bool> {
        Ok(Self::in_transaction(self, connection.rep()))
    }

    async fn execute(
        &mut self,
        connection: Resource<ConnectionHandle>,
        sql: String,
        parameters: Vec<values::Value>,
    ) -> Answered<database::Outcome> {
        let executed = self.execute(connection.rep(), sql, owned(parameters));
        let outcome = executed.await.map(|(outcome, rows)| {
            let SqlOutcome {
                affected,
                last_insert_id,
                ..
            } = outcome;
            database::Outcome {
                affected,
                last_insert_id,
                rows: rows.map(Resource::new_own),
            }
        });
        answer(outcome)
    }

    async fn batch(
        &mut self,
        connection: Resource<ConnectionHandle>,
        sql: String,
        parameters: Vec<Vec<values::Value>>,
    ) -> Answered<u64> {
        let parameters = parameters.into_iter().map(owned).collect();
        answer(self.batch(connection.rep(), sql, parameters).await)
    }

    async fn script(
        &mut self,
        connection: Resource<ConnectionHandle>,
        sql: String,
    ) -> Answered<()> {
        answer(self.script(connection.rep(), sql).await)
    }

    async fn begin(
        &mut self,
        connection: Resource<ConnectionHandle>,
        access: database::Access,
        isolation: Option<database::Isolation>,
    ) -> Answered<()> {
        let isolation = isolation.map(Into::into);
        answer(self.begin(connection.rep(), access.into(), isolation).await)
    }

    async fn commit(&mut self, connection: Resource<ConnectionHandle>) -> Answered<()> {
        answer(self.commit(connection.rep()).await)
    }

    async fn rollback(&mut self, connection: Resource<ConnectionHandle>) -> Answered<()> {
        answer(self.rollback(connection.rep()).await)
    }

    async fn drop(&mut self, connection: Resource<ConnectionHandle>) -> wasmtime::Result<()> {
        self.close(connection.rep());
        Ok(())
    }
}

impl database::HostRows for Connections {
    async fn columns(
        &mut self,
        rows: Resource<RowsHandle>,
    ) -> wasmtime::Result<Vec<values::Column>> {
        let columns = Self::columns(self, rows.rep())?.iter().cloned();
        Ok(columns.map(Into::into).collect())
    }

    async fn next(
        &mut self,
        rows: Resource<RowsHandle>,
        max: u32,
    ) -> Answered<Vec<Vec<values::Value>>> {
        let rows = self.next(rows.rep(), max).await.map(|rows| {
            let rows = rows.into_iter();
            rows.map(|row| row.into_iter().map(Into::into).collect())
                .collect()
        });
        answer(rows)
    }

    async fn drop(&mut self, rows: Resource<RowsHandle>) -> wasmtime::Result<()> {
        self.close_rows(rows.rep()).await;
        Ok(())
    }
}

fn owned(parameters: Vec<values::Value>) -> Vec<SqlValue> {
    parameters.into_iter().map(Into::into).collect()
}
