"""The exceptions of PEP 249, and which of them a failure of the host becomes.

Owns the hierarchy. The message is the database's own; `sqlstate` is the code of the SQL standard.
"""

from componentize_py_types import Err
from wit_world.imports import values


class Warning(Exception):
    """What PEP 249 asks for and no database here raises."""


class Error(Exception):
    """Any failure of a database."""

    sqlstate: str | None = None
    """The code of the SQL standard, of five characters, if the database gave one."""


class InterfaceError(Error):
    """This module was used in a way that it cannot be used in."""


class DatabaseError(Error):
    """The database, or the way to it, failed."""


class DataError(DatabaseError):
    """A value does not fit: out of range, malformed, too large."""


class OperationalError(DatabaseError):
    """Something outside of the statement failed: a connection, a lock, a limit, the disk."""


class IntegrityError(DatabaseError):
    """A rule of the data was broken: a key, a reference, a check."""


class InternalError(DatabaseError):
    """The transaction is in a state in which this cannot be done."""


class ProgrammingError(DatabaseError):
    """The statement is wrong, or names what is not there or not permitted."""


class NotSupportedError(DatabaseError):
    """The database or the host cannot do this at all."""


_CLASSES: dict[type[object], type[DatabaseError]] = {
    values.Error_Integrity: IntegrityError,
    values.Error_Data: DataError,
    values.Error_Programming: ProgrammingError,
    values.Error_Operational: OperationalError,
    values.Error_Internal: InternalError,
    values.Error_NotSupported: NotSupportedError,
}


def raised(failure: Err[values.Error], database: str) -> Error:
    """The exception for what the host said about the database of this name."""
    error = failure.value
    if isinstance(error, values.Error_Denied):
        return OperationalError(
            f"the application was granted no database named {database!r}: add an [[app.sql]] with "
            f"this `name` to the manifest"
        )
    if isinstance(error, values.Error_Other):
        return DatabaseError(error.value)
    exception = _CLASSES.get(type(error), DatabaseError)(error.value.message)
    exception.sqlstate = error.value.sqlstate
    return exception
