"""What both of Django's backends share: the name of a database, and the state of a connection.

Must not know which database it is.
"""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

import wasgi.sql


def name_of(settings: dict[str, Any], known: Iterable[str]) -> str:
    """Read the name in the manifest from an entry of `DATABASES` with only `known` options."""
    if not settings["NAME"]:
        raise ImproperlyConfigured(
            'DATABASES: NAME is missing: it is the `name` of an [[app.sql]], as "default"'
        )
    unknown = set(settings["OPTIONS"]) - set(known)
    if unknown:
        raise ImproperlyConfigured(
            f"DATABASES: unknown OPTIONS {sorted(unknown)}: expected {', '.join(known)}; the "
            f"rest is the manifest's to say"
        )
    return str(settings["NAME"])


class Wrapper:
    """What both of Django's wrappers of a connection do in the same way."""

    connection: Any
    wrap_database_errors: Any

    def is_usable(self) -> bool:
        """Whether the connection still works."""
        if self.connection is None:
            return False
        try:
            self.connection.execute("SELECT 1").fetchall()
        except wasgi.sql.Error:
            return False
        return True

    def _set_autocommit(self, autocommit: bool) -> None:
        with self.wrap_database_errors:
            if autocommit and not self.connection.autocommit:
                self.connection.commit()
            self.connection.autocommit = autocommit
