"""One request and its response, as an ASGI application sees them: `receive` and `send`.

Owns how far the application has come, and its one piece of the body that is on the way.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, NoReturn

from wasgi.failure import Violation, describe
from wasgi.input import Input, InputError
from wasgi.loop import Loop, Stuck

BODILESS = frozenset((204, 205, 304))
"""The statuses whose responses have no body."""

PIECE_BYTES = 64 * 1024
"""Bytes of the request's body that one message has at most."""


class Exchange:
    """One request and its response; an iterator over the pieces of its body."""

    def __init__(
        self,
        loop: Loop,
        source: Input,
        headers: list[tuple[bytes, bytes]],
        name: str,
    ) -> None:
        """Prepare for a request with the fields `headers`."""
        self.is_started = False
        self.is_complete = False
        self.is_whole = False
        """Whether the first piece was all of the body."""
        self.status = 0
        self.fields: list[tuple[str, bytes]] = []
        self._loop = loop
        self._input: Input | None = source
        self._headers = headers
        self._name = name
        self._length = -1
        self._left = -1
        self._piece: bytes | None = None
        self._task: asyncio.Task[Any] | None = None
        self._is_over = False
        self._failure: BaseException | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._gone: list[asyncio.Future[None]] = []

    def begin(self, coroutine: Awaitable[Any]) -> None:
        """Call the application, and let it run until the head can be sent."""
        self._task = self._loop.drive(self.has_head, self._run(coroutine))

    def has_head(self) -> bool:
        """Tell whether the head can be sent: with a piece of the body, or before the first wait."""
        return self._is_ready() or (self.is_started and self._loop.is_idle())

    def run(self) -> None:
        """Let the application run until it has something for the host."""
        if not self._is_ready():
            self._loop.drive(self._is_ready)

    def take(self) -> bytes:
        """Take the piece that the application has sent; empty if there is none."""
        piece, self._piece = self._piece, None
        return piece or b""

    def give_back(self, piece: bytes) -> None:
        """Put a piece back that is to be pulled."""
        self._piece = piece or None

    def is_all(self, piece: bytes) -> bool:
        """Tell whether `piece`, the first one, is all of the body."""
        return self.is_complete or self._length == len(piece)

    def finish(self) -> None:
        """Let the application run to its end after its response."""
        while not self._is_over:
            self._go_on()
            try:
                self.run()
            except Stuck as error:
                describe(error)
                self.end()
            if self.take():
                self._warn_surplus()
                self.end()
        # The response stands, whatever follows it.
        if self._failure is not None:
            describe(self._failure)
        self._loop.settle()

    def end(self) -> None:
        """Tell the application that nobody waits for more, and end it."""
        self.is_complete = True
        self._disconnect()
        if self._task is not None and not self._is_over:
            self._task.cancel()
            self._loop.drive(lambda: self._is_over)
            if self._failure is not None:
                describe(self._failure)
        self._loop.settle()

    def raise_failure(self) -> None:
        """Raise what the application raised."""
        if self._failure is not None:
            raise self._failure

    def check_end(self) -> None:
        """Raise what was wrong with how the application has ended, if it has."""
        if not self._is_over:
            return
        if self.is_complete:
            # The response stands, whatever follows it.
            if self._failure is not None:
                describe(self._failure)
        else:
            self.raise_failure()
            self._refuse(
                "ended without completing its response: expected a last http.response.body "
                "with more_body false"
            )
        self._loop.settle()

    def __iter__(self) -> "Exchange":
        """The pieces of the body are pulled once."""
        return self

    def __next__(self) -> bytes:
        """Let the application make the next piece."""
        if self._piece is None:
            self._go_on()
            self.run()
        piece = self.take()
        if piece:
            return self._within(piece)
        self.check_end()
        raise StopIteration

    async def receive(self) -> dict[str, Any]:
        """Give the application the next event: a piece of the body, or its client's end."""
        if self._input is not None:
            try:
                piece = self._input.read1(PIECE_BYTES)
            except InputError:
                self._input = None
                self._disconnect()
                return {"type": "http.disconnect"}
            if not piece:
                self._input = None
            return {"type": "http.request", "body": piece, "more_body": bool(piece)}
        if not self.is_complete:
            gone = self._loop.create_future()
            self._gone.append(gone)
            await gone
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Take an event of the application: the head, or a piece of the body."""
        kind = message["type"]
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            body = message.get("body", b"")
            has_more = message.get("more_body", False)
            self._check_body(body)
            while self._piece is not None and self._wanted is not None:
                # Another task of the application was first.
                await self._wanted
            if not has_more:
                self.is_whole = self._wanted is None
                self.is_complete = True
                self._disconnect()
            if body:
                self._piece = bytes(body)
                if has_more:
                    # The host has to take it before the application makes more.
                    self._wanted = self._loop.create_future()
                    await self._wanted
        else:
            self._refuse(
                f"sent an event of the type {kind!r}: expected http.response.start or .body"
            )

    async def _run(self, application: Awaitable[Any]) -> None:
        """Await the application, and note its end."""
        try:
            await application
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self._failure = error
        finally:
            self._is_over = True

    def _is_ready(self) -> bool:
        return self._piece is not None or self._is_over

    def _go_on(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)

    def _disconnect(self) -> None:
        for gone in self._gone:
            if not gone.done():
                gone.set_result(None)
        self._gone.clear()

    def _start(self, message: Mapping[str, Any]) -> None:
        if self.is_started:
            self._refuse("sent http.response.start twice")
        status = message["status"]
        if not isinstance(status, int) or not 200 <= status <= 599:
            self._refuse(f"sent the status {status!r}: expected a number from 200 to 599")
        fields = []
        for field in message.get("headers", ()):
            try:
                name, value = field
                lower = bytes(name).decode("ascii").lower()
                content = bytes(value)
            except (TypeError, ValueError):
                self._refuse(f"sent the header {field!r:.80}: expected (name, value) of bytes")
            if isinstance(name, str) or isinstance(value, (str, int)):
                self._refuse(f"sent the header {field!r:.80}: expected (name, value) of bytes")
            if lower == "content-length" and content.isdigit():
                self._length = self._left = int(content)
            fields.append((lower, content))
        self.status = int(status)
        self.fields = fields
        self.is_started = True

    def _check_body(self, body: object) -> None:
        if not self.is_started:
            self._refuse("sent a body before http.response.start")
        if self.is_complete:
            self._refuse("sent a body after it had said that there is no more")
        if not isinstance(body, (bytes, bytearray, memoryview)):
            self._refuse(
                f"sent a body of the type {type(body).__name__} ({body!r:.40}): expected bytes"
            )

    def _within(self, piece: bytes) -> bytes:
        """Keep to the length that the response said."""
        if self._left < 0:
            return piece
        if len(piece) > self._left:
            piece = piece[: self._left]
            self._warn_surplus()
            self.end()
        self._left -= len(piece)
        return piece

    def _warn_surplus(self) -> None:
        print(
            f"warning: {self._name} sent more than the {self._length} bytes of its "
            "Content-Length: the rest was left out"
        )

    def _refuse(self, what: str) -> NoReturn:
        raise Violation(f"the application {self._name} {what}")
