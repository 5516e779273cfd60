"""The body of a response, as the gateway's contract has it: pulled chunk by chunk.

Owns the one `Body` of an instance, and the order of chunks, end and `close`. Must not know what
kind of application makes the chunks.

An instance answers one request at a time, and the runtime of componentize-py keeps each resource
that was ever handed to the host. So there is one body for all responses, which is handed out anew
for each of them. The host's dropping it cannot be seen from within: a body that the host leaves
unread is closed by who answers, or when the next request comes.
"""

from collections.abc import Callable, Iterator

from componentize_py_types import Err
from wit_world.exports import app

CHUNK_BYTES_MAX = 1 << 20
"""Bytes that one chunk hands to the host; a larger one is cut into several.

Far below the host's own bound, and what is copied on its way at one time.
"""


class Body(app.Body):
    """The response's body over an iterator of bytes."""

    def __init__(self) -> None:
        self._chunks: Iterator[bytes] = iter(())
        self._close: Callable[[], object] | None = None
        self._describe: Callable[[BaseException], str] = repr
        self._rest: memoryview | None = None

    def open(
        self,
        chunks: Iterator[bytes],
        close: Callable[[], object] | None,
        describe: Callable[[BaseException], str],
    ) -> "Body":
        """Make this the body of a new response.

        `close` is called once, at the end of the body, after its failure, or when it is given up.
        `describe` logs what `chunks` or `close` raises, and makes the text for the host of it.
        """
        if self._close is not None:
            self.close()
        self._release()
        self._chunks = chunks
        self._close = close
        self._describe = describe
        return self

    def next(self) -> bytes | None:
        """Make the next chunk: `None` at the end."""
        if self._rest is not None:
            return self._cut(self._rest)
        try:
            chunk = next(self._chunks, None)
        except BaseException as error:
            text = self._describe(error)
            self.close()
            raise Err(text) from None
        if chunk is None:
            self.close()
            return None
        if len(chunk) > CHUNK_BYTES_MAX:
            return self._cut(memoryview(chunk))
        return chunk

    def trailers(self) -> list[tuple[str, bytes]]:
        """Neither WSGI nor ASGI has trailers that a server must send."""
        return []

    def close(self) -> None:
        """Take no more of the chunks, and tell the application. What that raises is logged."""
        close, self._close = self._close, None
        self._chunks = iter(())
        self._rest = None
        if close is not None:
            try:
                close()
            except BaseException as error:
                self._describe(error)

    def _cut(self, rest: memoryview) -> bytes:
        # Limit: a chunk of at most CHUNK_BYTES_MAX.
        self._rest = rest[CHUNK_BYTES_MAX:] if len(rest) > CHUNK_BYTES_MAX else None
        return bytes(rest[:CHUNK_BYTES_MAX])

    def _release(self) -> None:
        """Forget the handle under which the host had this body for an earlier response."""
        names = self.__dict__
        finalizer = names.pop("finalizer", None)
        if finalizer is not None:
            finalizer.detach()
            del names["__componentize_py_handle"]
