"""The backend that `ENGINE = "wasgi.sql.django"` names: that of SQLite."""

from wasgi.sql.django.sqlite.base import DatabaseWrapper

__all__ = ["DatabaseWrapper"]
