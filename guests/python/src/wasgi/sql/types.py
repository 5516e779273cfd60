"""The types of columns and the constructors that PEP 249 asks for."""

import datetime
import time


class TypeCode(str):
    """The type of a column, as the database calls it. It equals the type object it belongs to."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return other == self
        return str.__eq__(self, other) is True

    __hash__ = str.__hash__


class TypeObject:
    """Several types of columns in one: `description[0][1] == NUMBER`."""

    def __init__(self, name: str, *starts: str) -> None:
        self._name = name
        self._starts = starts

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return bool(self._starts) and str(other).startswith(self._starts)
        return self is other

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"wasgi.sql.{self._name}"


STRING = TypeObject("STRING", "text", "varchar", "char", "bpchar", "name", "clob", "citext")
BINARY = TypeObject("BINARY", "blob", "bytea")
NUMBER = TypeObject(
    "NUMBER",
    "int", "bigint", "smallint", "oid", "float", "real", "double", "numeric", "decimal", "bool",
)  # fmt: skip
DATETIME = TypeObject("DATETIME", "date", "time", "interval")
ROWID = TypeObject("ROWID", "oid", "integer primary key")

Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime
Binary = bytes


def DateFromTicks(ticks: float) -> datetime.date:
    """The date of a moment, in local time."""
    return datetime.date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> datetime.time:
    """The time of day of a moment, in local time."""
    return datetime.time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime.datetime:
    """A moment, in local time."""
    return datetime.datetime(*time.localtime(ticks)[:6])
