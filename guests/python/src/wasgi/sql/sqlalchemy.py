"""Dialects of SQLAlchemy 2 for the databases that the host holds.

    from wasgi.sql.sqlalchemy import create_engine
    engine = create_engine("default")

The engine's URL has the name of the manifest: `sqlite+wasgi:///default`, `postgresql+wasgi:///main`.
Both dialects are SQLAlchemy's own, with another driver beneath them.
"""

from typing import Any

from sqlalchemy import URL, Engine, pool
from sqlalchemy import create_engine as _create_engine
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql import base as postgresql
from sqlalchemy.dialects.sqlite import base as sqlite
from sqlalchemy.engine.interfaces import ConnectArgsType, DBAPIConnection

import wasgi.sql

registry.register("sqlite.wasgi", __name__, "SQLite")
registry.register("postgresql.wasgi", __name__, "PostgreSQL")


def create_engine(database: str = "default", *, dialect: str = "sqlite", **options: Any) -> Engine:
    """An engine for the database that the manifest grants under this name.

    `dialect` is "sqlite" or "postgresql": an engine may be made while the component is built, when
    there is no host to ask. The rest goes to SQLAlchemy's own `create_engine`.
    """
    return _create_engine(URL.create(f"{dialect}+wasgi", database=database), **options)


class _Driver:
    """What both dialects take from `wasgi.sql`."""

    driver = "wasgi"
    supports_statement_cache = True
    supports_native_boolean: bool
    is_async = False

    @classmethod
    def import_dbapi(cls) -> Any:
        """The driver."""
        return wasgi.sql

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        """No pool: the host has one, and takes connections back with the request."""
        return pool.NullPool

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        """What `wasgi.sql.connect` is called with."""
        return [url.database or "default"], {"paramstyle": self.default_paramstyle, **url.query}

    default_paramstyle = "qmark"

    def is_disconnect(self, error: Any, connection: Any, cursor: Any) -> bool:
        """Whether an error means that the connection is of no use any more."""
        code = getattr(error, "sqlstate", None) or ""
        return code.startswith("08") or code in ("57P01", "57P02", "57P03")

    def get_isolation_level_values(self, connection: DBAPIConnection) -> list[str]:
        """The isolations that `execution_options(isolation_level=…)` may name."""
        return ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

    def get_isolation_level(self, connection: Any) -> str:
        """The isolation of a connection."""
        if connection.autocommit:
            return "AUTOCOMMIT"
        return connection.isolation or self._isolation

    _isolation: str

    def set_isolation_level(self, connection: Any, level: str) -> None:
        """Set the isolation of a connection."""
        connection.autocommit = level == "AUTOCOMMIT"
        connection.isolation = None if level == "AUTOCOMMIT" else level

    def do_ping(self, connection: Any) -> bool:
        """Ask whether the connection still works."""
        connection.execute("SELECT 1").fetchall()
        return True


class SQLite(_Driver, sqlite.SQLiteDialect):
    """`sqlite+wasgi`."""

    _isolation = "SERIALIZABLE"
    insert_returning = True
    update_returning = True
    delete_returning = True

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return _version(connection.connection.dbapi_connection.server_version)

    def get_schema_names(self, connection: Any, **options: Any) -> list[str]:
        """The databases of the connection. There is one: the host attaches no other."""
        return ["main"]

    def get_isolation_level_values(self, connection: DBAPIConnection) -> list[str]:
        """The isolations that `execution_options(isolation_level=…)` may name."""
        return ["AUTOCOMMIT", "SERIALIZABLE"]


class _Json(postgresql.JSON):
    """Documents, which the driver has read already."""

    def bind_processor(self, dialect: Any) -> Any:
        """What makes a parameter of a document."""
        dumps = dialect._json_serializer or wasgi.sql.convert.json.dumps

        def process(value: object) -> object:
            if value is self.NULL:
                value = None
            elif value is None and self.none_as_null:
                return None
            return wasgi.sql.Json(dumps(value))

        return process

    def result_processor(self, dialect: Any, coltype: object) -> None:
        """What makes a document of a value: nothing."""


class _Jsonb(_Json, postgresql.JSONB):
    """The same, in the form that can be indexed."""


class PostgreSQL(_Driver, postgresql.PGDialect):
    """`postgresql+wasgi`."""

    _isolation = "READ COMMITTED"
    supports_server_side_cursors = False
    supports_native_decimal = True
    use_native_uuid = True
    use_native_hstore = False
    default_paramstyle = "pyformat"
    colspecs = {
        **postgresql.PGDialect.colspecs,
        sqltypes.JSON: _Json,
        postgresql.JSON: _Json,
        postgresql.JSONB: _Jsonb,
    }

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return _version(connection.connection.dbapi_connection.server_version)

    def set_isolation_level(self, connection: Any, level: str) -> None:
        """Set the isolation of a connection."""
        connection.autocommit = level == "AUTOCOMMIT"
        connection.isolation = None if level == "AUTOCOMMIT" else level


def _version(text: str) -> tuple[int, ...]:
    """`15.14 (Debian …)` as numbers."""
    return tuple(int(part) for part in text.split(" ")[0].split(".") if part.isdigit())
