"""The request's body, read from the host when the application asks for it.

Owns the position in the body and the bytes that a line left over. Must never hold more than one
piece of the body, and must not ask the host before the application asks.
"""

from collections.abc import Iterator

from componentize_py_types import Err
from wit_world.imports import types

PIECE_BYTES_MAX = 64 * 1024
"""Bytes that are asked of the host at a time, and that a line leaves behind at most."""


class InputError(OSError):
    """The request's body could not be read to its end: the client left, or a limit was hit."""


_read = types.Input.read


class Input(types.Input):
    """`wsgi.input` of PEP 3333: a file of bytes that ends where the request's body ends.

    It takes the place of the contract's resource, so that a request has one object for both. The
    runtime makes it without calling `__init__`.
    """

    _buffer = b""
    _position = 0
    _ended = False

    def read(self, size: int | None = -1) -> bytes:
        """Read `size` bytes, fewer only at the end of the body; all of it without a size."""
        wanted = -1 if size is None else size
        pieces = []
        while wanted != 0:
            piece = self._piece(wanted)
            if not piece:
                break
            pieces.append(piece)
            if wanted > 0:
                wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, size: int | None = -1) -> bytes:
        """Read what is there, at least one byte and at most `size`; none at the end."""
        return self._piece(-1 if size is None else size)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Read into `buffer`, and return how many bytes came."""
        view = memoryview(buffer).cast("B")
        piece = self._piece(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def readline(self, size: int | None = -1) -> bytes:
        """Read up to and including the next newline, at most `size` bytes."""
        wanted = -1 if size is None else size
        pieces = []
        while wanted != 0:
            start = self._position
            if start == len(self._buffer):
                self._buffer = self._ask(PIECE_BYTES_MAX)
                self._position = start = 0
            stop = len(self._buffer)
            if 0 < wanted < stop - start:
                stop = start + wanted
            end = self._buffer.find(b"\n", start, stop) + 1
            self._position = end or stop
            piece = self._buffer[start : self._position]
            pieces.append(piece)
            if end or not piece:
                break
            if wanted > 0:
                wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Read lines to the end, or until they have `hint` bytes together."""
        lines = []
        count = 0
        for line in self:
            lines.append(line)
            count += len(line)
            if hint is not None and 0 < hint <= count:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        """Iterate over the lines of the body."""
        return iter(self.readline, b"")

    def readable(self) -> bool:
        """A body can be read."""
        return True

    def seekable(self) -> bool:
        """A body passes by once."""
        return False

    def close(self) -> None:
        """Do nothing: PEP 3333 leaves the input to the server."""

    def _piece(self, wanted: int) -> bytes:
        """Take at most `wanted` bytes (below zero: any number): what is left, or the host's."""
        start = self._position
        left = len(self._buffer) - start
        if left == 0:
            return self._ask(wanted) if wanted else b""
        if wanted < 0 or wanted >= left:
            piece = self._buffer[start:]
            self._buffer = b""
            self._position = 0
            return piece
        self._position = start + wanted
        return self._buffer[start : self._position]

    def _ask(self, wanted: int) -> bytes:
        """Ask the host for at most `wanted` bytes, and wait until there are some."""
        if self._ended:
            return b""
        # Limit: one piece of PIECE_BYTES_MAX.
        size = wanted if 0 < wanted < PIECE_BYTES_MAX else PIECE_BYTES_MAX
        try:
            piece = _read(self, size)
        except Err as error:
            raise input_error(error.value) from None
        if not piece:
            self._ended = True
        return piece


def install() -> None:
    """Let the runtime make an `Input` of each handle that the host gives."""
    types.Input = Input  # type: ignore[misc]


def input_error(reason: types.InputError) -> InputError:
    """Say as an exception why the host could not give more of the body."""
    if isinstance(reason, types.InputError_TooLarge):
        return InputError("the request's body is larger than the host's limit")
    if isinstance(reason, types.InputError_TimedOut):
        return InputError("the client stayed silent in the middle of the request's body")
    if isinstance(reason, types.InputError_Closed):
        return InputError("the client left before the end of the request's body")
    return InputError(f"the request's body cannot be read: {reason.value}")
