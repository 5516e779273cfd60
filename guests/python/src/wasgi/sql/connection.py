"""Connections: transactions as PEP 249 has them, and what the host is asked."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from componentize_py_types import Err
from wit_world.imports import database

from wasgi.sql import errors
from wasgi.sql.convert import Reader
from wasgi.sql.cursor import Cursor, Parameters
from wasgi.sql.errors import InterfaceError, raised
from wasgi.sql.parameters import STYLES

Answer = TypeVar("Answer")

_READS = ("SELECT", "VALUES", "EXPLAIN", "PRAGMA", "BEGIN", "COMMIT", "END", "VACUUM")
"""What SQLite's statements begin with that need no transaction."""


class Connection:
    """A connection of PEP 249.

    Without `autocommit`, a transaction begins by itself: in PostgreSQL with the first statement, in
    SQLite with the first one that may write. It ends with `commit` or `rollback`, and with the
    request, which undoes it.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    cursor_class: type[Cursor] = Cursor
    """What `cursor` makes."""

    def __init__(
        self,
        name: str,
        *,
        autocommit: bool,
        paramstyle: str,
        isolation: str | None,
        readers: Mapping[str, Reader],
    ) -> None:
        if paramstyle not in STYLES:
            raise InterfaceError(f"paramstyle: expected one of {', '.join(STYLES)}")
        self.database = name
        self.autocommit = autocommit
        self.isolation = isolation
        self.readers = readers
        try:
            self._handle: database.Connection | None = database.open(name)
        except Err as failure:
            raise raised(failure, name) from None
        self.dialect = self._handle.dialect().name.lower()
        sigil = "$" if self.dialect == "postgresql" else "?"
        self.style = (paramstyle, sigil)

    def cursor(self) -> Cursor:
        """A cursor. Several of one connection see the same transaction."""
        return self.cursor_class(self)

    def execute(self, sql: str, parameters: Parameters | None = None) -> Cursor:
        """Run one statement on a cursor of its own, as `sqlite3` does."""
        return self.cursor().execute(sql, parameters)

    def commit(self) -> None:
        """Make what was changed last."""
        self.call(lambda handle: handle.commit())

    def rollback(self) -> None:
        """Undo what was changed."""
        self.call(lambda handle: handle.rollback())

    def close(self) -> None:
        """Give the connection back. What was not committed is undone."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.__exit__(None, None, None)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._handle is None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._handle is not None and self._handle.in_transaction()

    @property
    def server_version(self) -> str:
        """The version of the database's server: `15.14`."""
        return self.call(lambda handle: handle.server_version())

    @contextlib.contextmanager
    def atomic(self) -> Iterator[None]:
        """One transaction around what is done within, unless one is open."""
        if self.in_transaction:
            yield
            return
        self._begin(database.Access.READ_WRITE)
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        if self.autocommit:
            self.commit()

    def begin_before(self, sql: str) -> None:
        """Begin a transaction if this statement needs one and none is open."""
        if self.autocommit or self.in_transaction:
            return
        if self.dialect == "postgresql":
            self._begin(database.Access.DEFERRED)
        elif not sql.lstrip(" \t\r\n(").upper().startswith(_READS):
            self._begin(database.Access.READ_WRITE)

    def call(self, ask: Callable[[database.Connection], Answer]) -> Answer:
        """What the host answers; its failures as exceptions."""
        if self._handle is None:
            raise InterfaceError("the connection is closed")
        try:
            return ask(self._handle)
        except Err as failure:
            raise raised(failure, self.database) from None

    def error(self, message: str) -> errors.ProgrammingError:
        """The exception for a call that makes no sense here."""
        return errors.ProgrammingError(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit, or roll back after an exception. The connection stays open, as in `sqlite3`."""
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def _begin(self, access: database.Access) -> None:
        isolation: Any = None
        if self.isolation is not None:
            name = self.isolation.upper().replace(" ", "_").replace("-", "_")
            isolation = getattr(database.Isolation, name, None)
            if isolation is None:
                raise InterfaceError(f"there is no isolation {self.isolation!r}")
        self.call(lambda handle: handle.begin(access, isolation))
