//! The connections to one database: how many there are, and how long one is waited for.

use deadpool::Runtime;
use deadpool::managed::{Manager, Object, Pool, PoolConfig, PoolError, TimeoutType, Timeouts};
use wasgi_gateway::SqlError;

use super::settings::SqlLimits;

/// Makes a pool, which is empty at first.
pub(super) fn new<M: Manager<Error = SqlError>>(manager: M, limits: &SqlLimits) -> Pool<M> {
    let config = PoolConfig {
        // Limit: SqlLimits::pool
        max_size: limits.pool,
        timeouts: Timeouts {
            // Limit: SqlLimits::wait
            wait: Some(limits.wait),
            // Limit: SqlLimits::connect
            create: Some(limits.connect),
            recycle: Some(limits.connect),
        },
        ..PoolConfig::default()
    };
    Pool::builder(manager)
        .config(config)
        .runtime(Runtime::Tokio1)
        .build()
        .expect("it is told which runtime its timeouts are for")
}

/// Takes a connection.
pub(super) async fn take<M: Manager<Error = SqlError>>(
    pool: &Pool<M>,
    limits: &SqlLimits,
) -> Result<Object<M>, SqlError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(TimeoutType::Wait) => SqlError::new(
            "53300",
            format!(
                "all {} connections to the database were in use for {:?}",
                limits.pool, limits.wait
            ),
        ),
        PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => SqlError::new(
            "08001",
            format!(
                "the database cannot be connected to: it took longer than {:?}",
                limits.connect
            ),
        ),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            SqlError::new("08003", "there are no connections to the database any more")
        }
    })
}
