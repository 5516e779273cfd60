"""Cursors: statements, and the rows that they return, fetched as they are asked for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from componentize_py_types import Err
from wit_world.imports import database, values

from wasgi.sql import convert
from wasgi.sql.errors import InterfaceError, raised
from wasgi.sql.parameters import translate
from wasgi.sql.types import TypeCode

if TYPE_CHECKING:
    from wasgi.sql.connection import Connection

Parameters = Sequence[Any] | Mapping[str, Any]
Row = tuple[Any, ...]

FETCH_ROWS = 500
"""Rows that are asked of the host at once. It holds them to a number of bytes besides."""

BATCH_ROWS = 1_000
"""Lists of parameters that go to the host at once."""


class Description(NamedTuple):
    """What PEP 249 says of a column. Databases say the name and the type."""

    name: str
    type_code: TypeCode
    display_size: int | None = None
    internal_size: int | None = None
    precision: int | None = None
    scale: int | None = None
    null_ok: bool | None = None


class Cursor:
    """A cursor of PEP 249. It also is an iterator of its rows and a context manager."""

    arraysize: int = 1
    """Rows that `fetchmany` returns unless told."""

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.description: list[Description] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._rows: database.Rows | None = None
        self._fetched: deque[list[values.Value]] = deque()
        self._readers: list[Callable[[values.Value], object]] = []
        self._closed = False

    def execute(self, sql: str, parameters: Parameters | None = None) -> Self:
        """Run one statement."""
        self._begin(sql)
        prepared: list[values.Value] = []
        if parameters is not None:
            sql, given = translate(sql, parameters, *self.connection.style)
            prepared = [convert.parameter(value) for value in given]
        outcome = self.connection.call(lambda handle: handle.execute(sql, prepared))
        self.rowcount = -1 if outcome.affected is None else outcome.affected
        if outcome.last_insert_id is not None:
            self.lastrowid = outcome.last_insert_id
        if outcome.rows is not None:
            self._rows = outcome.rows
            columns = outcome.rows.columns()
            self.description = [
                Description(column.name, TypeCode(column.type_name)) for column in columns
            ]
            readers = self.connection.readers
            self._readers = [convert.reader(column, readers) for column in columns]
        return self

    def executemany(self, sql: str, parameters: Iterable[Parameters]) -> Self:
        """Run one statement for each of these; rows that it returns are discarded.

        In autocommit mode all of them are one transaction.
        """
        self._begin(sql)
        translated, batch, changed = sql, [], 0
        with self.connection.atomic():
            for given in parameters:
                translated, ordered = translate(sql, given, *self.connection.style)
                batch.append([convert.parameter(value) for value in ordered])
                # Limit: BATCH_ROWS
                if len(batch) >= BATCH_ROWS:
                    changed += self._batch(translated, batch)
                    batch = []
            if batch:
                changed += self._batch(translated, batch)
        self.rowcount = changed
        return self

    def executescript(self, sql: str) -> Self:
        """Run several statements, separated by `;`, without parameters."""
        self._begin(sql)
        self.connection.call(lambda handle: handle.script(sql))
        return self

    def fetchone(self) -> Row | None:
        """The next row; none at the end."""
        if not self._fetched and not self._fetch():
            return None
        return self._row()

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """The next rows, `arraysize` unless told; fewer only at the end."""
        found: list[Row] = []
        wanted = self.arraysize if size is None else size
        while len(found) < wanted and (self._fetched or self._fetch()):
            found.append(self._row())
        return found

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return list(self)

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        if not self._fetched and not self._fetch():
            raise StopIteration
        return self._row()

    def close(self) -> None:
        """End the statement. The cursor is of no use afterwards."""
        self._discard()
        self._closed = True

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Do nothing: values have types."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing: values are not cut."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _begin(self, sql: str) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed")
        self._discard()
        self.rowcount = -1
        self.description = None
        self.connection.begin_before(sql)

    def _batch(self, sql: str, batch: list[list[values.Value]]) -> int:
        return self.connection.call(lambda handle: handle.batch(sql, batch))

    def _fetch(self) -> bool:
        if self._closed:
            raise InterfaceError("the cursor is closed")
        if self.description is None:
            raise self.connection.error("there are no rows: no statement that returns some was run")
        if self._rows is None:
            return False
        try:
            more = self._rows.next(FETCH_ROWS)
        except Err as failure:
            self._release()
            raise raised(failure, self.connection.database) from None
        if not more:
            self._release()
        self._fetched.extend(more)
        return bool(more)

    def _row(self) -> Row:
        row = self._fetched.popleft()
        return tuple(read(value) for read, value in zip(self._readers, row, strict=True))

    def _discard(self) -> None:
        self._fetched.clear()
        self._release()

    def _release(self) -> None:
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.__exit__(None, None, None)
