"""Django's backend for SQLite, with the host's database beneath it.

Owns what differs from a file that Python opens itself: the connection, its parameters, and when a
transaction begins. The functions that Django registers in Python are the host's.
"""

from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3 import base, creation, features
from django.utils.dateparse import parse_date, parse_datetime, parse_time

import wasgi.sql
from wasgi.sql.django.connection import Wrapper, name_of


def _datetime(value: object) -> datetime | None:
    return parse_datetime(str(value))


def _date(value: object) -> date | None:
    return parse_date(str(value))


def _time(value: object) -> time | None:
    return parse_time(str(value))


READERS = {
    "bool": bool,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "timestamp": _datetime,
}
"""What is made of a column that declares one of these types."""

OPTIONS = ("init_command", "transaction_mode")
"""The options that this backend knows."""


class DatabaseCreation(creation.DatabaseCreation):
    """What test databases are made by: the host's file is never one in memory."""

    @staticmethod
    def is_in_memory_db(database_name: str) -> bool:
        """Whether the database lives in this process."""
        return False


class DatabaseFeatures(features.DatabaseFeatures):
    """What the database can do. It is not asked: there may be no host yet."""

    supports_json_field = True
    can_return_columns_from_insert = True
    can_return_rows_from_bulk_insert = True


class DatabaseWrapper(Wrapper, base.DatabaseWrapper):
    """A connection of Django's to a database of the manifest."""

    Database = wasgi.sql
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures

    def get_connection_params(self) -> dict[str, Any]:
        """What `wasgi.sql.connect` is called with."""
        name = name_of(self.settings_dict, OPTIONS)
        options = self.settings_dict["OPTIONS"]
        # One that writes later may find that another one has written since, and fail.
        mode = options.get("transaction_mode", "IMMEDIATE").upper()
        if mode not in self.transaction_modes:
            raise ImproperlyConfigured(
                f"DATABASES: unknown transaction_mode {mode!r}: expected one of "
                f"{', '.join(sorted(self.transaction_modes))}"
            )
        self.transaction_mode = mode
        self.init_commands = options.get("init_command", "").split(";")
        return {"database": name, "paramstyle": "pyformat", "readers": READERS}

    def get_new_connection(self, conn_params: dict[str, Any]) -> wasgi.sql.Connection:
        """Connect."""
        connection = wasgi.sql.connect(autocommit=True, **conn_params)
        for command in filter(None, map(str.strip, self.init_commands)):
            connection.execute(command)
        return connection

    def get_database_version(self) -> tuple[int, ...]:
        """The version of the host's SQLite."""
        with self.temporary_connection():
            return tuple(int(part) for part in self.connection.server_version.split("."))

    def create_cursor(self, name: str | None = None) -> wasgi.sql.Cursor:
        """A cursor. It streams, with a name or without."""
        return self.connection.cursor()

    def close(self) -> None:
        """Give the connection back."""
        self.validate_thread_sharing()
        BaseDatabaseWrapper.close(self)

    def is_in_memory_db(self) -> bool:
        """Whether the database lives in this process."""
        return False
