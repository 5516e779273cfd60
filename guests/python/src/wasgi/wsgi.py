"""The server side of PEP 3333 over the gateway's contract.

Owns the environ, `start_response`, and what becomes of the iterable. Must hold nothing of a
request when its response has ended, and must do nothing for a request that could be done before:
all of this runs for each one.

An instance answers one request at a time, so the state of a response stands in the server itself.
"""

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, NoReturn, TypeAlias
from urllib.parse import unquote_to_bytes

from componentize_py_types import Err
from wit_world.exports.app import Content_Bytes, Content_Chunks, Content_Empty, Response
from wit_world.imports import types

from wasgi.body import CHUNK_BYTES_MAX, Body
from wasgi.failure import Violation, describe
from wasgi.fields import encode, key_of
from wasgi.input import Input

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Callable[[bytes], object]]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

WRITTEN_BYTES_MAX = 8 << 20
"""Bytes that the callable `write` takes before the application returns.

They cannot leave while the application runs: the host asks for a response, it is not sent one.
"""

FILE_BLOCK_BYTES_MIN = 64 * 1024
"""The least block that `wsgi.file_wrapper` reads, whatever is asked for: each costs a call."""

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
        self._base: Environ = {
            "SERVER_SOFTWARE": "wasgi",
            "wsgi.version": (1, 0),
            "wsgi.errors": errors,
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            "wsgi.input_terminated": True,
        }
        self._codes: dict[str, int] = {}
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
            result = self._application(self.environ(environ, source), self._start)
        except BaseException as error:
            raise Err(describe(error)) from None
        self._close = getattr(result, "close", None)
        try:
            return self._answer(result, environ.request_method == "HEAD")
        except BaseException as error:
            text = describe(error)
            self._finish()
            raise Err(text) from None

    def environ(self, request: types.Environ, source: Input) -> Environ:
        """Make the environ of PEP 3333 of the contract's."""
        environ = self._base.copy()
        script = request.script_name
        path = request.path_info
        query = request.query_string
        uri = script + path
        if query is None:
            query = ""
        else:
            uri = f"{uri}?{query}"
        scheme = request.url_scheme
        environ["REQUEST_METHOD"] = request.request_method
        # Decoded bytes stand as Latin-1 text, as PEP 3333 has it.
        environ["SCRIPT_NAME"] = (
            unquote_to_bytes(script).decode("latin-1") if "%" in script else script
        )
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
        environ["QUERY_STRING"] = query
        environ["REQUEST_URI"] = environ["RAW_URI"] = uri
        environ["SERVER_NAME"] = request.server_name
        environ["SERVER_PORT"] = str(request.server_port)
        environ["SERVER_PROTOCOL"] = request.server_protocol
        environ["wsgi.url_scheme"] = scheme
        environ["wsgi.input"] = source
        environ["wasgi.request_id"] = request.request_id
        environ["wasgi.route_parameters"] = request.route_parameters
        remote = request.remote
        if remote is not None:
            environ["REMOTE_ADDR"] = remote.address
            environ["REMOTE_PORT"] = str(remote.port)
        else:
            environ["REMOTE_ADDR"] = ""
        if scheme == "https":
            environ["HTTPS"] = "on"
            if request.tls is not None:
                environ["SSL_PROTOCOL"] = request.tls.version
                environ["SSL_CIPHER"] = request.tls.cipher
        for name, value in request.headers:
            key = key_of(name)
            if key is None:
                continue
            if key in environ:
                glue = "; " if key == "HTTP_COOKIE" else ","
                environ[key] = f"{environ[key]}{glue}{value.decode('latin-1')}"
            else:
                environ[key] = value.decode("latin-1")
        return environ

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
            name, value = encode(field, self._refuse)
            if name == "content-length":
                length = self._content_length(value)
            fields.append((name, value))
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
            if first is None:
                return Response(self._code, self._fields, Content_Empty())
            return Response(self._code, self._fields, Content_Bytes(first))
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

    def _stream(self, pieces: Iterator[bytes]) -> Response:
        close, self._close = self._close, None
        body = self._body.open(pieces, close, describe)
        return Response(self._code, self._fields, Content_Chunks(body))

    def _bodiless(self, content: bytes | None) -> Response:
        """Answer a request whose response has no body: nobody is going to read it."""
        self._finish()
        if content is not None:
            # The host tells the client how long the body would have been.
            return Response(self._code, self._fields, Content_Bytes(content))
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

    def _content_length(self, value: bytes) -> int:
        if not value.isdigit():
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


class FileWrapper:
    """`wsgi.file_wrapper` of PEP 3333: the content of a file, block by block."""

    def __init__(self, file: Any, block_size: int = FILE_BLOCK_BYTES_MIN) -> None:
        """Iterate over `file` in blocks of `block_size`, or larger ones."""
        self._file = file
        self._size = max(block_size, FILE_BLOCK_BYTES_MIN)
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        """A file is read once."""
        return self

    def __next__(self) -> bytes:
        """Read the next block."""
        block: bytes = self._file.read(self._size)
        if not block:
            raise StopIteration
        return block
