"""Databases that the host holds: a module of PEP 249 over the import `wasgi:sql`.

The manifest grants a database under a name; the host has the file or the connection, the pool and
the credentials::

    [[app.sql]]
    name = "default"
    url = "sqlite:./data/app.db"

    with wasgi.sql.connect("default") as connection:
        connection.execute("INSERT INTO visits (at) VALUES (?)", [datetime.now(UTC)])

Connect while a request is answered, or in a hook of `wasgi.on_instance`: when a component is built
there is no host. `wasgi.sql.django` is a backend of Django's, `wasgi.sql.sqlalchemy` has dialects.
"""

from collections.abc import Mapping

from wasgi.sql.connection import Connection
from wasgi.sql.convert import Json, Reader
from wasgi.sql.cursor import Cursor
from wasgi.sql.errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from wasgi.sql.types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
)

apilevel = "2.0"
"""PEP 249's version."""

threadsafety = 1
"""Threads may share the module and no connections. A guest has one thread."""

paramstyle = "qmark"
"""Parameters are written `?` unless `connect` is told another style."""


def connect(
    database: str = "default",
    *,
    autocommit: bool = False,
    paramstyle: str = "qmark",
    isolation: str | None = None,
    readers: Mapping[str, Reader] | None = None,
) -> Connection:
    """Open a connection to the database that the manifest grants under this name.

    `paramstyle` is one of PEP 249's: "qmark" (`?`), "numeric" (`:1`), "named" (`:name`), "format"
    (`%s`) and "pyformat" (`%(name)s`). `isolation` is "read committed", "repeatable read" or
    "serializable". `readers` are functions that make the values of columns, by the name of their
    type in lower case: `{"date": datetime.date.fromisoformat}` for a SQLite table that declares
    one.
    """
    return Connection(
        database,
        autocommit=autocommit,
        paramstyle=paramstyle,
        isolation=isolation,
        readers=readers or {},
    )


__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Json",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]
