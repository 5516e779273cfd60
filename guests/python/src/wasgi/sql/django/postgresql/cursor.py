"""Cursors for Django: statements in one go, and results that are read while others run."""

from typing import Self

from wasgi.sql import Connection, Cursor
from wasgi.sql.cursor import Parameters
from wasgi.sql.parameters import is_script


class DjangoCursor(Cursor):
    """A cursor that also runs several statements without parameters, as Django's definitions do."""

    def execute(self, sql: str, parameters: Parameters | None = None) -> Self:
        """Run a statement, or several."""
        if parameters is None and is_script(sql):
            return self.executescript(sql)
        return super().execute(sql, parameters)


class NamedCursor(DjangoCursor):
    """A cursor on the server, from which rows are fetched beside other statements."""

    def __init__(self, connection: Connection, name: str) -> None:
        super().__init__(connection)
        self._name = '"' + name.replace('"', '""') + '"'
        self._is_open = False

    def execute(self, sql: str, parameters: Parameters | None = None) -> Self:
        """Begin to run a query."""
        # Beyond a transaction, the server keeps the rows itself.
        hold = "WITH HOLD " if self.connection.autocommit else ""
        super().execute(f"DECLARE {self._name} NO SCROLL CURSOR {hold}FOR {sql}", parameters)
        self._is_open = True
        # None yet: this is how the columns become known.
        super().execute(f"FETCH FORWARD 0 FROM {self._name}")
        return self

    def close(self) -> None:
        """End the query."""
        if self._is_open and not self.connection.closed:
            self._is_open = False
            self._discard()
            if self.connection.autocommit or self.connection.in_transaction:
                super().execute(f"CLOSE {self._name}")
        super().close()

    def _fetch(self) -> bool:
        if not self._is_open:
            return super()._fetch()
        if self._rows is not None and super()._fetch():
            return True
        super().execute(f"FETCH FORWARD {self.itersize} FROM {self._name}")
        return super()._fetch()

    itersize = 2_000
    """Rows that are fetched from the server at once."""
