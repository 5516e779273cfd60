"""What Django's backend takes from psycopg, made of `wasgi.sql`.

Django imports psycopg in two places: its `base`, and `psycopg_any`, where it keeps the rest of what
it needs. Owns a stand-in for each, which are there while Django's backend is imported; the second
one stays, under Django's own name for it.
"""

import contextlib
import enum
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import wasgi.sql
from wasgi.sql.django.postgresql.literals import literal, merged

VERSION = "3.2.0"
"""The version of psycopg whose place this takes."""


class IsolationLevel(enum.IntEnum):
    """The isolations of a transaction, by psycopg's numbers."""

    READ_UNCOMMITTED = 1
    READ_COMMITTED = 2
    REPEATABLE_READ = 3
    SERIALIZABLE = 4


class DuplicateDatabase(wasgi.sql.ProgrammingError):
    """There is a database of this name already. Nobody makes databases from a guest."""


class Jsonb(wasgi.sql.Json):
    """A document as a parameter."""

    def __init__(self, obj: object, dumps: Callable[[object], str] = json.dumps) -> None:
        super().__init__(obj, dumps)
        self.obj = obj


class Range:
    """Ranges are not supported; nothing is one."""


def mogrify(
    sql: str, params: Sequence[object] | Mapping[str, object] | None, connection: object
) -> str:
    """A statement with its parameters in it."""
    return merged(sql, params)


def _module(name: str, **members: object) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(members)
    return module


def _psycopg() -> dict[str, ModuleType]:
    # The classes are bases of cursors that this backend does not use.
    mixin = type("ClientCursorMixin", (), {})
    sql = _module("psycopg.sql", Identifier=str, SQL=str, Literal=literal, Composed="".join)
    pq = _module("psycopg.pq", Format=SimpleNamespace(TEXT=0, BINARY=1))
    numeric = _module("psycopg.types.numeric", Int2=int, Int4=int, Int8=int)
    types = _module("psycopg.types", numeric=numeric)
    root = _module(
        "psycopg",
        __version__=VERSION,
        __path__=[],
        adapters=SimpleNamespace(types={"timestamptz": SimpleNamespace(oid=1184)}),
        client_cursor=SimpleNamespace(ClientCursorMixin=mixin),
        Cursor=type("Cursor", (), {}),
        ClientCursor=type("ClientCursor", (), {}),
        ServerCursor=type("ServerCursor", (), {}),
        sql=sql,
        pq=pq,
        types=types,
        **{name: getattr(wasgi.sql, name) for name in ("Error", "DatabaseError", "DataError")},
    )
    modules = (root, sql, pq, types, numeric)
    return {module.__name__: module for module in modules}


def _psycopg_any() -> ModuleType:
    def nothing(*_: Any) -> None:
        """Register nothing: the connection's readers are told what to make of values."""

    return _module(
        "django.db.backends.postgresql.psycopg_any",
        DateRange=Range,
        DateTimeRange=Range,
        DateTimeTZRange=Range,
        Inet=str,
        IsolationLevel=IsolationLevel,
        Jsonb=Jsonb,
        NumericRange=Range,
        RANGE_TYPES=(Range,),
        Range=Range,
        errors=SimpleNamespace(DataError=wasgi.sql.DataError, DuplicateDatabase=DuplicateDatabase),
        get_adapters_template=nothing,
        is_psycopg3=True,
        mogrify=mogrify,
        register_tzloader=nothing,
        sql=SimpleNamespace(quote=lambda value, connection=None: literal(value)),
    )


@contextlib.contextmanager
def in_place() -> Iterator[None]:
    """Put the stand-ins in their places, to import Django's backend."""
    rest = _psycopg_any()
    sys.modules.setdefault(rest.__name__, rest)
    modules = _psycopg()
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
