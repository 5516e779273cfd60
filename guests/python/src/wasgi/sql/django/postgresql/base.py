"""Django's backend for PostgreSQL, with the host's client beneath it.

Owns what differs from psycopg: the connection, its time zone, and its cursors. Parameters always go
to the server apart from the statement, as with `server_side_binding`.
"""

import datetime
import zoneinfo
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import cached_property

import wasgi.sql
from wasgi.sql.convert import Reader
from wasgi.sql.django.connection import Wrapper, name_of
from wasgi.sql.django.postgresql import driver

with driver.in_place():
    from django.db.backends.postgresql import base

from wasgi.sql.django.postgresql.cursor import DjangoCursor, NamedCursor
from wasgi.sql.django.postgresql.introspection import DatabaseIntrospection

OPTIONS = ("assume_role", "isolation_level", "server_side_binding")
"""The options that this backend knows."""


class DatabaseWrapper(Wrapper, base.DatabaseWrapper):
    """A connection of Django's to a database of the manifest."""

    Database = wasgi.sql
    introspection_class = DatabaseIntrospection

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        super().__init__(settings_dict, alias)
        # What this decides in Django is which SQL it makes.
        self.settings_dict["OPTIONS"]["server_side_binding"] = True

    def get_connection_params(self) -> dict[str, Any]:
        """What `wasgi.sql.connect` is called with."""
        name = name_of(self.settings_dict, OPTIONS)
        return {"database": name, "paramstyle": "pyformat", "readers": self._readers()}

    def get_new_connection(self, conn_params: dict[str, Any]) -> wasgi.sql.Connection:
        """Connect."""
        connection = wasgi.sql.connect(autocommit=True, **conn_params)
        connection.cursor_class = DjangoCursor
        try:
            level = self.settings_dict["OPTIONS"].get(
                "isolation_level", driver.IsolationLevel.READ_COMMITTED
            )
            self.isolation_level = driver.IsolationLevel(level)
        except ValueError as unknown:
            raise ImproperlyConfigured(f"DATABASES: isolation_level: {unknown}") from None
        if "isolation_level" in self.settings_dict["OPTIONS"]:
            connection.isolation = self.isolation_level.name
        return connection

    def create_cursor(self, name: str | None = None) -> DjangoCursor:
        """A cursor: on the server if it has a name."""
        connection: wasgi.sql.Connection = self.connection
        return NamedCursor(connection, name) if name else DjangoCursor(connection)

    @cached_property
    def pg_version(self) -> int:
        """The version of the server as a number: 150014."""
        with self.temporary_connection():
            parts = self.connection.server_version.split()[0].split(".")
        numbers = [int("".join(filter(str.isdigit, part)) or 0) for part in parts]
        return numbers[0] * 10_000 + (numbers[1] if len(numbers) > 1 else 0)

    def _configure_timezone(self, connection: wasgi.sql.Connection) -> bool:
        # The host's connections begin with UTC.
        name = self.timezone_name
        if not name or name == "UTC":
            return False
        with connection.cursor() as cursor:
            cursor.execute(self.ops.set_time_zone_sql(), [name])
        return True

    def ensure_timezone(self) -> bool:
        """Set the connection's time zone, after the settings have changed."""
        if self.connection is None:
            return False
        with self.connection.cursor() as cursor:
            cursor.execute(self.ops.set_time_zone_sql(), [self.timezone_name])
        return True

    def _close(self) -> None:
        if self.connection is not None:
            with self.wrap_database_errors:
                self.connection.close()

    def _readers(self) -> dict[str, Reader]:
        zone = zoneinfo.ZoneInfo(self.timezone_name) if self.timezone_name != "UTC" else None

        def moment(text: str) -> datetime.datetime:
            found = datetime.datetime.fromisoformat(text)
            # The driver has an offset of its own for UTC; Django's is that of the standard library.
            found = found.astimezone(zone or datetime.UTC)
            return found if settings.USE_TZ else found.replace(tzinfo=None)

        # Django reads documents itself, each field with a decoder of its own.
        return {"timestamptz": moment, "jsonb": str}
