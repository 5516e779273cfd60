"""`wasgi:gateway/app`."""

from dataclasses import dataclass
from typing import Protocol


class Body(Protocol):
    def next(self) -> bytes | None: ...

    def trailers(self) -> list[tuple[str, bytes]]: ...


@dataclass
class Content_Empty:
    pass


@dataclass
class Content_Bytes:
    value: bytes


@dataclass
class Content_Chunks:
    value: Body


Content = Content_Empty | Content_Bytes | Content_Chunks


@dataclass
class Response:
    status: int
    headers: list[tuple[str, bytes]]
    content: Content
