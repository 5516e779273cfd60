"""`wasgi:sql/values`."""

from dataclasses import dataclass


@dataclass
class Value_Null:
    pass


@dataclass
class Value_Boolean:
    value: bool


@dataclass
class Value_Integer:
    value: int


@dataclass
class Value_Real:
    value: float


@dataclass
class Value_Text:
    value: str


@dataclass
class Value_Blob:
    value: bytes


@dataclass
class Value_Decimal:
    value: str


@dataclass
class Value_Date:
    value: str


@dataclass
class Value_Time:
    value: str


@dataclass
class Value_Timestamp:
    value: str


@dataclass
class Value_Interval:
    value: str


@dataclass
class Value_Uuid:
    value: str


@dataclass
class Value_Json:
    value: str


@dataclass
class Value_Array:
    value: str


Value = (
    Value_Null
    | Value_Boolean
    | Value_Integer
    | Value_Real
    | Value_Text
    | Value_Blob
    | Value_Decimal
    | Value_Date
    | Value_Time
    | Value_Timestamp
    | Value_Interval
    | Value_Uuid
    | Value_Json
    | Value_Array
)


@dataclass
class Column:
    name: str
    type_name: str


@dataclass
class Report:
    sqlstate: str
    message: str


@dataclass
class Error_Denied:
    pass


@dataclass
class Error_Integrity:
    value: Report


@dataclass
class Error_Data:
    value: Report


@dataclass
class Error_Programming:
    value: Report


@dataclass
class Error_Operational:
    value: Report


@dataclass
class Error_Internal:
    value: Report


@dataclass
class Error_NotSupported:
    value: Report


@dataclass
class Error_Other:
    value: str


Error = (
    Error_Denied
    | Error_Integrity
    | Error_Data
    | Error_Programming
    | Error_Operational
    | Error_Internal
    | Error_NotSupported
    | Error_Other
)
