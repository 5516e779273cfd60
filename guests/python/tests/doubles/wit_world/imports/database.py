"""`wasgi:sql/database`."""

from dataclasses import dataclass
from enum import Enum
from types import TracebackType

from wit_world.imports import values


class Dialect(Enum):
    SQLITE = 0
    POSTGRESQL = 1


class Isolation(Enum):
    READ_COMMITTED = 0
    REPEATABLE_READ = 1
    SERIALIZABLE = 2


class Access(Enum):
    DEFERRED = 0
    READ_WRITE = 1
    READ_ONLY = 2


class Rows:
    def columns(self) -> list[values.Column]:
        raise NotImplementedError

    def next(self, max: int) -> list[list[values.Value]]:
        raise NotImplementedError

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        raise NotImplementedError


@dataclass
class Outcome:
    affected: int | None
    last_insert_id: int | None
    rows: Rows | None


class Connection:
    def dialect(self) -> Dialect:
        raise NotImplementedError

    def server_version(self) -> str:
        raise NotImplementedError

    def in_transaction(self) -> bool:
        raise NotImplementedError

    def execute(self, sql: str, parameters: list[values.Value]) -> Outcome:
        raise NotImplementedError

    def batch(self, sql: str, parameters: list[list[values.Value]]) -> int:
        raise NotImplementedError

    def script(self, sql: str) -> None:
        raise NotImplementedError

    def begin(self, access: Access, isolation: Isolation | None) -> None:
        raise NotImplementedError

    def commit(self) -> None:
        raise NotImplementedError

    def rollback(self) -> None:
        raise NotImplementedError

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        raise NotImplementedError


def open(name: str) -> Connection:
    raise NotImplementedError
