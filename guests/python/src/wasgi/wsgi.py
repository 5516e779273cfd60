"""The server side of PEP 3333 over the gateway's contract.

Owns `start_response`, and what becomes of the iterable. Must hold nothing of a
request when its response has ended, and must do nothing for a request that could be done before:
all of this runs for each one.

An instance answers one request at a time, so the state of a response stands in the server itself.
"""

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, NoReturn, TypeAlias

from componentize_py_types import Err
from wit_world.exports.app import Content_Bytes, Content_Chunks, Content_Empty, Response
from wit_world.imports import types

from wasgi.body import CHUNK_BYTES_MAX, Body
from wasgi.environ import Environ, base_of, environ_of
from wasgi.failure import Violation, describe
from wasgi.fields import NAMES, check_value, explain, name_of
from wasgi.input import Input

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
StartResponse: TypeAlias = Callable[..., Callable[[bytes], object]]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

WRITTEN_BYTES_MAX = 8 << 20
"""Bytes that the callable `write` takes before the application returns.

They cannot leave while the application runs: the host asks for a response, it is not sent one.
"""

_EMPTY = Content_Empty()

STATUSES_MAX = 256
"""Status lines whose code is remembered."""

BODILESS = frozenset((204, 205, 304))
"""The statuses whose responses have no body."""


class Server:
    """Answers requests with one WSGI application."""

    def __init__(self, application: Application, name: str, body: Body, errors: Any) -> None:
        """Serve `application`, called `name` in messages; `errors` is its `wsgi.errors`."""
        self._application = application
        self._name = name
        self._body = body
        self._base = base_of(errors)
        self._codes: dict[str, int] = {}
        # One of each for all responses: the host has taken one before the next is made.
        self._bytes = Content_Bytes(b"")
        self._response = Response(200, [], self._bytes)
        self._code = 0
        self._fields: list[tuple[str, bytes]] = []
        self._length = -1
        self._close: Callable[[], object] | None = None
        self._written: list[bytes] = []
        self._written_bytes = 0
        self._is_answered = False
        # Bound once: one is handed out for each request.
        self._start = self.start_response
        self._write = self.write

    def start(self) -> None:
        """A WSGI application has no start-up."""

    def stop(self) -> None:
        """A WSGI application has no shutdown."""

    def handle(self, environ: types.Environ, source: Input) -> Response:
        """Answer one request. Fails with a text for the log if the application fails."""
        self._code = 0
        self._is_answered = False
        try:
            result = self._application(environ_of(self._base, environ, source), self._start)
        except BaseException as error:
            raise Err(describe(error)) from None
        self._close = getattr(result, "close", None)
        try:
            return self._answer(result, environ.request_method == "HEAD")
        except BaseException as error:
            text = describe(error)
            self._finish()
            raise Err(text) from None

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Callable[[bytes], object]:
        """Take the status line and the fields of the response: `start_response` of PEP 3333."""
        if exc_info is not None:
            try:
                if self._is_answered:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._code:
            self._refuse("called start_response a second time without exc_info")
        code = self._codes.get(status) if type(status) is str else None
        if code is None:
            code = self._status(status)
        if type(headers) is not list:
            self._refuse(
                f"gave start_response headers of the type {type(headers).__name__}: "
                "expected a list of (name, value) tuples of str"
            )
        length = -1
        fields = []
        for field in headers:
            try:
                name, value = field
                lower = NAMES.get(name) or name_of(name, self._refuse)
                if not value.isprintable():
                    check_value(name, value, self._refuse)
                fields.append((lower, value.encode("latin-1")))
            except (TypeError, ValueError, AttributeError):
                explain(field, self._refuse)
            if lower == "content-length":
                length = self._content_length(value)
        self._fields = fields
        self._length = length
        self._written = []
        self._written_bytes = 0
        self._code = code
        return self._write

    def write(self, data: bytes) -> None:
        """Take a part of the body before the application returns: `write` of PEP 3333."""
        if type(data) is not bytes:
            self._refuse_chunk(data)
        # Limit: WRITTEN_BYTES_MAX.
        self._written_bytes += len(data)
        if self._written_bytes > WRITTEN_BYTES_MAX:
            self._refuse(
                f"wrote more than {WRITTEN_BYTES_MAX} bytes with write(): "
                "return an iterable instead, it is streamed"
            )
        self._written.append(data)

    def _answer(self, result: Any, is_head: bool) -> Response:
        """Turn what the application returned into a response."""
        chunks = self._iterator(result)
        kind = type(result)
        # All of the body is there already, so its length is known.
        is_whole = (kind is list or kind is tuple) and len(result) <= 1
        first = next(chunks, None)
        while first is not None and not first:
            # An empty chunk may come before start_response is called.
            self._check_chunk(first)
            first = next(chunks, None)
        if not self._code:
            self._refuse("did not call start_response before the first chunk of its body")
        if first is not None:
            self._check_chunk(first)
        if self._written:
            is_whole = False
            first = b"".join(self._written if first is None else [*self._written, first])
            self._written = []
        self._is_answered = True
        size = 0 if first is None else len(first)
        is_small = size <= CHUNK_BYTES_MAX
        if is_head or self._code in BODILESS:
            return self._bodiless(first if is_whole and is_small else None)
        if is_small and (is_whole or first is None or self._length == size):
            if not is_whole and first is not None:
                self._exhaust(chunks)
            self._finish()
            return self._whole(first)
        if is_whole and self._length < 0:
            self._fields.append(("content-length", b"%d" % size))
        return self._stream(self._pieces(first or b"", chunks, self._length))

    def _iterator(self, result: Any) -> Iterator[bytes]:
        if not isinstance(result, (str, bytes)):
            try:
                return iter(result)
            except TypeError:
                pass
        self._refuse(
            f"returned an object of the type {type(result).__name__} ({result!r:.40}): "
            "expected an iterable of bytes, such as [b'text']"
        )

    def _whole(self, content: bytes | None) -> Response:
        response = self._response
        response.status = self._code
        response.headers = self._fields
        if content:
            self._bytes.value = content
            response.content = self._bytes
        else:
            response.content = _EMPTY
        return response

    def _stream(self, pieces: Iterator[bytes]) -> Response:
        close, self._close = self._close, None
        body = self._body.open(pieces, close, describe)
        return Response(self._code, self._fields, Content_Chunks(body))

    def _bodiless(self, content: bytes | None) -> Response:
        """Answer a request whose response has no body: nobody is going to read it."""
        self._finish()
        if content is not None:
            # The host tells the client how long the body would have been.
            return self._whole(content)
        return self._stream(iter(()))

    def _exhaust(self, chunks: Iterator[bytes]) -> None:
        """Iterate to the end: an application may have something to do behind its last chunk."""
        for chunk in chunks:
            self._check_chunk(chunk)
            if chunk:
                self._warn_surplus()
                return

    def _finish(self) -> None:
        """Call `close` of what the application returned, once. What that raises is logged."""
        close, self._close = self._close, None
        if close is not None:
            try:
                close()
            except BaseException as error:
                describe(error)

    def _pieces(self, first: bytes, chunks: Iterator[bytes], length: int) -> Iterator[bytes]:
        """The chunks from `first` on, and no more of them than the response says."""
        left = length
        chunk = first
        while True:
            if 0 <= left < len(chunk):
                self._warn_surplus()
                if left:
                    yield chunk[:left]
                return
            if left >= 0:
                left -= len(chunk)
            if chunk:
                yield chunk
            following = next(chunks, None)
            if following is None:
                return
            self._check_chunk(following)
            chunk = following

    def _check_chunk(self, chunk: object) -> None:
        if type(chunk) is not bytes and not isinstance(chunk, bytes):
            self._refuse_chunk(chunk)

    def _warn_surplus(self) -> None:
        print(
            f"warning: {self._name} returned more than the {self._length} bytes of its "
            "Content-Length: the rest was left out",
            file=self._base["wsgi.errors"],
        )

    def _status(self, status: object) -> int:
        """Check a status line that was not seen before."""
        if type(status) is not str:
            self._refuse(
                f"gave start_response a status of the type {type(status).__name__}: "
                "expected a str such as '200 OK'"
            )
        digits = status[:3]
        if (
            len(digits) < 3
            or not (digits.isascii() and digits.isdigit())
            or status[3:4] not in ("", " ")
        ):
            self._refuse(
                f"gave start_response the status {status!r}: "
                "expected three digits, a space and a reason, such as '200 OK'"
            )
        code = int(digits)
        if not 200 <= code <= 599:
            self._refuse(f"gave start_response the status {status!r}: expected 200 to 599")
        if any(character < " " or character == "\x7f" for character in status):
            self._refuse(f"gave start_response a status with a control character: {status!r}")
        if len(self._codes) < STATUSES_MAX:
            self._codes[status] = code
        return code

    def _content_length(self, value: str) -> int:
        if not (value.isascii() and value.isdigit()):
            self._refuse(f"gave start_response the Content-Length {value!r}: expected digits")
        return int(value)

    def _refuse_chunk(self, chunk: object) -> NoReturn:
        hint = ": encode it, as in text.encode('utf-8')" if isinstance(chunk, str) else ""
        self._refuse(
            f"gave a chunk of its body of the type {type(chunk).__name__} ({chunk!r:.40}): "
            f"expected bytes{hint}"
        )

    def _refuse(self, what: str) -> NoReturn:
        raise Violation(f"the application {self._name} {what}")
