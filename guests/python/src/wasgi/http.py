"""Handlers for those who want no framework: a request in, a response out.

A handler is a function of one argument, or a class with a method for each method of HTTP::

    def app(request: wasgi.Request) -> str:
        return f"Hello, {request.query.get('name', 'world')}!"

    class Items(wasgi.Handler):
        def get(self, request: wasgi.Request) -> wasgi.Response: ...
        def post(self, request: wasgi.Request) -> wasgi.Response: ...

Owns `Request`, `Response` and `Handler`, and makes a WSGI application of a handler: so all rules of
PEP 3333 are kept in one place. Must not know the gateway's contract.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any, ClassVar, TypeAlias
from urllib.parse import parse_qsl

BODY_BYTES_MAX = 8 << 20
"""Bytes of a request's body that `Request.body` holds. A larger one is read as chunks."""

CHUNK_BYTES = 64 * 1024
"""Bytes of a request's body that are read at a time."""

BODILESS = frozenset((204, 304))
"""The statuses whose responses have no content, so no type of it."""

METHODS = ("get", "post", "put", "patch", "delete")
"""The methods that a `Handler` may define. `HEAD` is `get` without its body."""

Content: TypeAlias = "str | bytes | Iterable[str | bytes]"
Answer: TypeAlias = "Response | Content"
Fields: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"


class BodyTooLarge(ValueError):
    """A request's body is larger than what was to be held in memory."""


class Headers(Mapping[str, str]):
    """Header fields by name, in whatever case. Repeated ones are joined as WSGI joins them."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        """Read the fields of a WSGI environ."""
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        """Return the value of the field `name`."""
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        value: str = self._environ[key]
        return value

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in lower case."""
        for key in self._environ:
            if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                yield key.lower().replace("_", "-")
            elif key.startswith("HTTP_"):
                yield key[5:].lower().replace("_", "-")

    def __len__(self) -> int:
        """Count the names."""
        return sum(1 for _ in self)


class Request:
    """One request."""

    def __init__(self, environ: dict[str, Any]) -> None:
        """Read a request from a WSGI environ."""
        self.environ = environ
        """All of it, as WSGI has it."""
        self.method: str = environ["REQUEST_METHOD"]
        """The method, such as `GET`."""
        self.headers = Headers(environ)
        """The header fields."""
        self.query_string: str = environ["QUERY_STRING"]
        """What follows the `?`, as it was sent."""

    @cached_property
    def path(self) -> str:
        """The path below the application's mount, decoded."""
        return _text(self.environ["PATH_INFO"])

    @cached_property
    def mount(self) -> str:
        """The part of the path that selects the application, decoded."""
        return _text(self.environ["SCRIPT_NAME"])

    @cached_property
    def query(self) -> dict[str, str]:
        """The parameters of the query; the last one of each name."""
        return dict(self.query_list)

    @cached_property
    def query_list(self) -> list[tuple[str, str]]:
        """The parameters of the query, in their order."""
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def parameters(self) -> dict[str, str]:
        """What the parameters of the host's route matched."""
        return dict(self.environ.get("wasgi.route_parameters", ()))

    @property
    def remote(self) -> str:
        """The client's address; empty if it is not known."""
        address: str = self.environ.get("REMOTE_ADDR", "")
        return address

    @property
    def id(self) -> str:
        """The request's name, which the host's log has too."""
        name: str = self.environ.get("wasgi.request_id", "")
        return name

    def __iter__(self) -> Iterator[bytes]:
        """Read the body in chunks, as they come."""
        read = self.environ["wsgi.input"].read1
        return iter(lambda: read(CHUNK_BYTES), b"")

    @cached_property
    def body(self) -> bytes:
        """All of the body. Raises `BodyTooLarge` if it is larger than `BODY_BYTES_MAX`."""
        chunks = []
        size = 0
        for chunk in self:
            size += len(chunk)
            # Limit: BODY_BYTES_MAX.
            if size > BODY_BYTES_MAX:
                raise BodyTooLarge(
                    f"the request's body is larger than {BODY_BYTES_MAX} bytes: "
                    "iterate over the request to read it in chunks"
                )
            chunks.append(chunk)
        return b"".join(chunks)

    @property
    def text(self) -> str:
        """All of the body, as UTF-8."""
        return self.body.decode("utf-8")

    def json(self) -> Any:
        """All of the body, read as JSON."""
        return json.loads(self.body)

    @cached_property
    def form(self) -> dict[str, str]:
        """The body, read as a form of the type `application/x-www-form-urlencoded`."""
        return dict(parse_qsl(self.text, keep_blank_values=True))


class Response:
    """One response."""

    def __init__(
        self,
        content: Content = b"",
        status: int = 200,
        headers: Fields = (),
        content_type: str | None = None,
    ) -> None:
        """Answer with `content`: text, bytes, or chunks of either, which are streamed.

        `content_type` is by default `text/plain; charset=utf-8` for text, and
        `application/octet-stream` for all else.
        """
        self.content = content
        self.status = status
        self.headers = list(headers.items() if isinstance(headers, Mapping) else headers)
        if content_type is None:
            is_text = isinstance(content, str)
            content_type = "text/plain; charset=utf-8" if is_text else "application/octet-stream"
        names = {name.lower() for name, _ in self.headers}
        if status not in BODILESS and "content-type" not in names:
            self.headers.append(("Content-Type", content_type))

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Fields = ()) -> "Response":
        """Answer with `value` as JSON."""
        return cls(json.dumps(value), status, headers, "application/json")


class Handler:
    """A handler with a method for each method of HTTP that it answers.

    Subclasses define `get`, `post`, `put`, `patch` or `delete`, each of which takes the request and
    returns the answer. Other methods are answered with 405, `OPTIONS` with what there is.
    """

    allowed: ClassVar[str] = "OPTIONS"
    """The methods that are answered, as the field `Allow` has them."""

    def __init_subclass__(cls) -> None:
        """Look once at which methods there are."""
        super().__init_subclass__()
        names = [name.upper() for name in METHODS if hasattr(cls, name)]
        if "GET" in names:
            names.insert(1, "HEAD")
        cls.allowed = ", ".join([*names, "OPTIONS"])

    def __call__(self, request: Request) -> Answer:
        """Answer a request with the method of its name."""
        name = "get" if request.method == "HEAD" else request.method.lower()
        if name in METHODS and hasattr(self, name):
            answer: Answer = getattr(self, name)(request)
            return answer
        if name == "options":
            return Response(b"", 204, {"Allow": self.allowed})
        return Response(f"{request.method} is not allowed here\n", 405, {"Allow": self.allowed})


def application(handler: Callable[[Request], Answer]) -> Callable[..., Iterable[bytes]]:
    """Make a WSGI application of a handler."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        result = handler(Request(environ))
        response = result if isinstance(result, Response) else Response(_content(handler, result))
        start_response(_status_line(response.status), response.headers)
        content = response.content
        if isinstance(content, str):
            return [content.encode()]
        if isinstance(content, bytes):
            return [content]
        return _Chunks(content)

    return answer


class _Chunks:
    """Chunks of text or bytes, closed as what they come from."""

    def __init__(self, content: Iterable[str | bytes]) -> None:
        self._chunks = iter(content)
        if hasattr(content, "close"):
            self.close = content.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        return chunk.encode() if isinstance(chunk, str) else chunk


def _content(handler: object, result: Any) -> Content:
    if isinstance(result, (str, bytes)) or hasattr(type(result), "__iter__"):
        content: Content = result
        return content
    name = getattr(handler, "__qualname__", type(handler).__qualname__)
    raise TypeError(
        f"the handler {name} returned an object of the type {type(result).__name__}: "
        "expected a wasgi.Response, str, bytes, or an iterable of these"
    )


def _status_line(status: int) -> str:
    try:
        return f"{status:d} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status:d} Unknown"


def _text(part: str) -> str:
    return part.encode("latin-1").decode("utf-8", "replace")
