"""Values as literals of PostgreSQL's SQL, for statements that cannot have parameters.

These are the definitions of tables: defaults, checks, conditions of indexes. What a request brings
goes as parameters.
"""

import datetime
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from wasgi.sql import Json, ProgrammingError
from wasgi.sql.convert import parameter


def literal(value: object) -> str:
    """A value as it may stand in a statement."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return _number(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"'\\x{bytes(value).hex()}'::bytea"
    for kind, name in _NAMES:
        if isinstance(value, kind):
            written: Any = value if isinstance(value, Json) else parameter(value)
            text = written.text if isinstance(value, Json) else str(written.value)
            return f"{quoted(text)}::{name}"
    if isinstance(value, (list, tuple)):
        return f"ARRAY[{', '.join(map(literal, value))}]" if value else "'{}'"
    raise ProgrammingError(f"a {type(value).__name__} cannot be written in a statement")


_NAMES: tuple[tuple[type, str], ...] = (
    (datetime.datetime, "timestamptz"),
    (datetime.date, "date"),
    (datetime.time, "time"),
    (datetime.timedelta, "interval"),
    (uuid.UUID, "uuid"),
    (Json, "jsonb"),
)


def _number(value: int | float | Decimal) -> str:
    text = f"{value:f}" if isinstance(value, Decimal) and value.is_finite() else str(value)
    if text.lower().strip("+-") in ("nan", "inf", "infinity"):
        return f"'{text}'::float8"
    # A minus before it, as in `a -%s`, must not begin a comment.
    return f" {text}" if text.startswith("-") else text


def quoted(text: str) -> str:
    """A text between quotes."""
    if "\0" in text:
        raise ProgrammingError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return "'" + text.replace("'", "''") + "'"


def merged(sql: str, parameters: Sequence[object] | Mapping[str, object] | None) -> str:
    """A statement with its `%s`, or `%(name)s`, replaced."""
    if parameters is None:
        return sql
    if isinstance(parameters, Mapping):
        return sql % {name: literal(value) for name, value in parameters.items()}
    return sql % tuple(map(literal, parameters))
