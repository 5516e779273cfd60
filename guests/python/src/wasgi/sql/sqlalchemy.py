"""Dialects of SQLAlchemy 2 for the databases that the host holds.

    from wasgi.sql.sqlalchemy import create_engine
    engine = create_engine("default")

The engine's URL has the name of the manifest: `sqlite+wasgi:///default`, `postgresql+wasgi:///main`.
Both dialects are SQLAlchemy's own, with another driver beneath them.
"""

import json
from types import SimpleNamespace
from typing import Any, ClassVar

from sqlalchemy import URL, Engine, pool
from sqlalchemy import create_engine as _create_engine
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql import ARRAY, INTERVAL, JSON, JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.json import JSONPathType
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
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
        return [url.database or "default"], {"paramstyle": self.paramstyle, **url.query}

    paramstyle: str

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


SQLITE_VERSION = (3, 50, 0)
"""What the host's SQLite can do at least. SQLAlchemy asks before it connects."""


class SQLite(_Driver, SQLiteDialect):
    """`sqlite+wasgi`."""

    # SQLAlchemy does not look for this in what a dialect inherits.
    supports_statement_cache = True
    _isolation = "SERIALIZABLE"
    insert_returning = True
    update_returning = True
    delete_returning = True

    @classmethod
    def import_dbapi(cls) -> Any:
        """The driver, with a version of SQLite."""
        return SimpleNamespace(**vars(wasgi.sql), sqlite_version_info=SQLITE_VERSION)

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return _version(connection.connection.dbapi_connection.server_version)

    def get_schema_names(self, connection: Any, **options: Any) -> list[str]:
        """The databases of the connection. There is one: the host attaches no other."""
        return ["main"]

    def get_isolation_level_values(self, connection: DBAPIConnection) -> list[str]:
        """The isolations that `execution_options(isolation_level=…)` may name."""
        return ["AUTOCOMMIT", "SERIALIZABLE"]


class _Json(JSON):
    """Documents, which the driver reads and writes."""

    def bind_processor(self, dialect: Any) -> Any:
        """What makes a parameter of a document."""
        dumps = dialect._json_serializer or json.dumps
        return self._make_bind_processor(None, lambda document: wasgi.sql.Json(document, dumps))

    def result_processor(self, dialect: Any, coltype: object) -> None:
        """What makes a document of a value: nothing is left to do."""


class _Jsonb(_Json, JSONB):
    """The same, in the form that can be indexed."""


def _cast(kind: type[Any], visited: str | None = None) -> type[Any]:
    """A type whose parameters say what they are, where the statement leaves it open.

    `visited` is what PostgreSQL's compiler calls one that others have no name for.
    """
    members: dict[str, object] = {"render_bind_cast": True}
    if visited is not None:
        members["__visit_name__"] = visited
    return type(kind.__name__, (kind,), members)


class PostgreSQL(_Driver, PGDialect):
    """`postgresql+wasgi`."""

    supports_statement_cache = True
    _isolation = "READ COMMITTED"
    supports_server_side_cursors = False
    supports_native_decimal = True
    use_native_hstore = False
    colspecs: ClassVar[dict[type[Any], type[Any]]] = {
        **PGDialect.colspecs,
        sqltypes.JSON: _Json,
        JSON: _Json,
        JSONB: _Jsonb,
        sqltypes.JSON.JSONPathType: JSONPathType,
        sqltypes.JSON.JSONIntIndexType: _cast(sqltypes.JSON.JSONIntIndexType, "json_int_index"),
        sqltypes.JSON.JSONStrIndexType: _cast(sqltypes.JSON.JSONStrIndexType, "json_str_index"),
        sqltypes.ARRAY: _cast(ARRAY),
        ARRAY: _cast(ARRAY),
        sqltypes.Interval: _cast(INTERVAL),
        INTERVAL: _cast(INTERVAL),
        **{
            kind: _cast(kind)
            for kind in (
                sqltypes.BigInteger,
                sqltypes.Date,
                sqltypes.DateTime,
                sqltypes.Integer,
                sqltypes.SmallInteger,
                sqltypes.String,
                sqltypes.Time,
            )
        },
    }

    def __init__(self, **options: Any) -> None:
        # `?` is an operator of documents.
        super().__init__(**{"paramstyle": "pyformat", **options})

    def _get_server_version_info(self, connection: Any) -> tuple[int, ...]:
        return _version(connection.connection.dbapi_connection.server_version)


def _version(text: str) -> tuple[int, ...]:
    """`15.14 (Debian …)` as numbers."""
    return tuple(int(part) for part in text.split(" ")[0].split(".") if part.isdigit())
