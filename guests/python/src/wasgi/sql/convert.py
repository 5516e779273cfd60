"""Between the values of Python and those of the host.

Owns which type becomes which. A database that has no such type is given a text: SQLite keeps dates,
decimals and UUIDs so, and returns them so; see `declared` for what can be made of them again.
"""

import datetime
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from wit_world.imports import values

from wasgi.sql.errors import DataError, ProgrammingError

Reader = Callable[[Any], object]

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1


class Json:
    """A parameter that is to be JSON: `Json({"a": 1})`."""

    def __init__(self, document: object, dumps: Callable[[object], str] = json.dumps) -> None:
        self.text = dumps(document)


def _integer(value: int) -> values.Value:
    if INTEGER_MIN <= value <= INTEGER_MAX:
        return values.Value_Integer(int(value))
    return values.Value_Decimal(str(int(value)))


def _interval(value: datetime.timedelta) -> values.Value:
    # Every part has the sign of its own, as ISO 8601 is read by PostgreSQL.
    seconds = value.seconds + value.microseconds / 1_000_000
    return values.Value_Interval(f"P{value.days}DT{seconds:.6f}S")


def _array(value: Iterable[object]) -> values.Value:
    return values.Value_Array(json.dumps(value, default=_element))


def _element(value: object) -> object:
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


_WRITERS: dict[type, Callable[[Any], values.Value]] = {
    type(None): lambda _: values.Value_Null(),
    bool: values.Value_Boolean,
    int: _integer,
    float: values.Value_Real,
    str: values.Value_Text,
    bytes: values.Value_Blob,
    bytearray: lambda value: values.Value_Blob(bytes(value)),
    memoryview: lambda value: values.Value_Blob(bytes(value)),
    Decimal: lambda value: values.Value_Decimal(format(value, "f") if value.is_finite() else "NaN"),
    datetime.datetime: lambda value: values.Value_Timestamp(value.isoformat(" ")),
    datetime.date: lambda value: values.Value_Date(value.isoformat()),
    datetime.time: lambda value: values.Value_Time(value.isoformat()),
    datetime.timedelta: _interval,
    uuid.UUID: lambda value: values.Value_Uuid(str(value)),
    Json: lambda value: values.Value_Json(value.text),
    list: _array,
    tuple: _array,
}


_PLAIN: dict[type, Callable[[Any], object]] = {
    str: str.__str__,
    float: float.__float__,
    bytes: bytes.__bytes__,
}


def parameter(value: object) -> values.Value:
    """The host's value for a parameter."""
    writer = _WRITERS.get(type(value))
    if writer is None:
        # What is derived from a known type, as an `IntEnum` or a lazy text, is one of these.
        inherited = (known for known in type(value).__mro__ if known in _WRITERS)
        base = next(inherited, None)
        if base is None:
            raise ProgrammingError(
                f"a parameter cannot be a {type(value).__name__}: pass a text, a number, bytes, a "
                f"date, a UUID, wasgi.sql.Json(…) or None"
            )
        writer = _WRITERS[base]
        if base in _PLAIN:
            # `str` of a member of an enumeration would be the member's name.
            value = _PLAIN[base](value)
    return writer(value)


def _timestamp(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


_INTERVAL = re.compile(
    r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?"
)


def interval(text: str) -> datetime.timedelta:
    """A span of time. A month counts as 30 days and a year as 365, as in psycopg."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise DataError(f"expected a span of time as P1DT2H, got {text!r}")
    years, months, days, hours, minutes, seconds = (part or "0" for part in found.groups())
    return datetime.timedelta(
        days=int(years) * 365 + int(months) * 30 + int(days),
        hours=int(hours),
        minutes=int(minutes),
        microseconds=int(Decimal(seconds) * 1_000_000),
    )


def _same(value: object) -> object:
    return value


_ELEMENTS: dict[str, Reader] = {
    "_numeric": Decimal,
    "_date": datetime.date.fromisoformat,
    "_time": datetime.time.fromisoformat,
    "_timetz": datetime.time.fromisoformat,
    "_timestamp": _timestamp,
    "_timestamptz": _timestamp,
    "_interval": interval,
    "_uuid": uuid.UUID,
    "_bytea": lambda text: bytes.fromhex(text[2:]),
}


def array(text: str, type_name: str) -> list[object]:
    """An array, with elements of the type that its column has."""
    return _elements(json.loads(text), _ELEMENTS.get(type_name, _same))


def _elements(found: list[Any], read: Reader) -> list[object]:
    def element(value: Any) -> object:
        if isinstance(value, list):
            return _elements(value, read)
        return None if value is None else read(value)

    return [element(value) for value in found]


_READERS: dict[type[object], Reader] = {
    values.Value_Boolean: _same,
    values.Value_Integer: _same,
    values.Value_Real: _same,
    values.Value_Text: _same,
    values.Value_Blob: bytes,
    values.Value_Decimal: Decimal,
    values.Value_Date: datetime.date.fromisoformat,
    values.Value_Time: datetime.time.fromisoformat,
    values.Value_Timestamp: _timestamp,
    values.Value_Interval: interval,
    values.Value_Uuid: uuid.UUID,
    values.Value_Json: json.loads,
}


def reader(
    column: values.Column, overrides: Mapping[str, Reader]
) -> Callable[[values.Value], object]:
    """What makes Python's values of a column's.

    `overrides` are functions by the name of a column's type; they are given what the host said, a
    text for all that is neither a number nor bytes.
    """
    override = overrides.get(column.type_name)

    def read(value: values.Value) -> object:
        if isinstance(value, values.Value_Null):
            return None
        try:
            if override is not None:
                return override(value.value)
            if isinstance(value, values.Value_Array):
                return array(value.value, column.type_name)
            return _READERS[type(value)](value.value)
        except (ValueError, ArithmeticError) as failure:
            raise DataError(
                f"column {column.name!r} holds {value.value!r}, which Python has no value for: "
                f"cast it to text"
            ) from failure

    return read
