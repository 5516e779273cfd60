"""The entries of the guest book, in the database that the manifest grants."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import wasgi.sql

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    message TEXT NOT NULL,
    photo TEXT,
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""


class Entry(NamedTuple):
    """What a visitor wrote."""

    name: str
    message: str
    photo: str | None
    at: str


@contextlib.contextmanager
def connect() -> Iterator[wasgi.sql.Connection]:
    """Open the database. The host keeps the connection that is behind it."""
    with contextlib.closing(wasgi.sql.connect(autocommit=True)) as connection:
        connection.execute(SCHEMA)
        yield connection


def add(name: str, message: str, photo: str | None) -> None:
    """Write an entry."""
    with connect() as connection:
        connection.execute(
            "INSERT INTO entries (name, message, photo) VALUES (?, ?, ?)", [name, message, photo]
        )


def latest(limit: int = 20) -> list[Entry]:
    """The last entries, newest first."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT name, message, photo, at FROM entries ORDER BY id DESC LIMIT ?", [limit]
        )
        return [Entry(*row) for row in rows]


def everything() -> Iterator[Entry]:
    """All entries, oldest first, as they are read."""
    with connect() as connection:
        for row in connection.execute("SELECT name, message, photo, at FROM entries ORDER BY id"):
            yield Entry(*row)


def count() -> int:
    """How many entries there are."""
    with connect() as connection:
        row = connection.execute("SELECT count(*) FROM entries").fetchone()
        return int(row[0])
