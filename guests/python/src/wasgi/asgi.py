"""The server side of ASGI 3.0 over the gateway's contract: one application, request by request.

Owns the scope, `receive` and `send`, and the lifespan of an instance. Must not hold more than one
piece of a response: the application goes on when the host asks for the next one.

What the application does after the last piece of its response is done before the response ends,
since nothing runs in an instance that no one waits for.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from componentize_py_types import Err
from wit_world.exports.app import Content_Bytes, Content_Chunks, Content_Empty, Response
from wit_world.imports import types

from wasgi.body import CHUNK_BYTES_MAX, Body
from wasgi.exchange import BODILESS, Exchange
from wasgi.failure import Violation, describe
from wasgi.input import Input
from wasgi.lifespan import Lifespan
from wasgi.loop import Loop
from wasgi.scope import scope_of

Message: TypeAlias = MutableMapping[str, Any]
Application: TypeAlias = Callable[..., Awaitable[None]]


class Server:
    """Answers requests with one ASGI application."""

    def __init__(self, application: Application, name: str, body: Body) -> None:
        """Serve `application`, called `name` in messages."""
        self._application = application
        self._name = name
        self._body = body
        self._loop = Loop()
        self._lifespan = Lifespan(application, name, self._loop)

    def start(self) -> None:
        """Begin the lifespan. Fails with a text if the application cannot start."""
        try:
            self._lifespan.start()
        except BaseException as error:
            raise Err(describe(error)) from None

    def stop(self) -> None:
        """End the lifespan, and leave an empty loop."""
        try:
            self._lifespan.stop()
        finally:
            self._loop.clear()

    def handle(self, environ: types.Environ, source: Input) -> Response:
        """Answer one request. Fails with a text for the log if the application fails."""
        scope = scope_of(environ, self._lifespan.state)
        is_bodiless = environ.request_method == "HEAD"
        exchange = Exchange(self._loop, source, scope["headers"], self._name)
        try:
            exchange.begin(self._application(scope, exchange.receive, exchange.send))
            return self._answer(exchange, is_bodiless)
        except BaseException as error:
            text = describe(error)
            try:
                exchange.end()
            except BaseException as second:
                describe(second)
            raise Err(text) from None

    def _answer(self, exchange: Exchange, is_head: bool) -> Response:
        if not exchange.is_started:
            exchange.raise_failure()
            raise Violation(
                f"the application {self._name} ended without a response: "
                "expected http.response.start"
            )
        piece = exchange.take()
        if not piece and not exchange.is_complete:
            exchange.check_end()
        status, fields = exchange.status, exchange.fields
        if is_head or status in BODILESS:
            # Nobody is going to read it.
            exchange.end()
            if exchange.is_whole and piece and len(piece) <= CHUNK_BYTES_MAX:
                return Response(status, fields, Content_Bytes(piece))
            body = self._body.open(iter(()), None, describe)
            return Response(status, fields, Content_Chunks(body))
        if len(piece) <= CHUNK_BYTES_MAX and exchange.is_all(piece):
            exchange.finish()
            content = Content_Bytes(piece) if piece else Content_Empty()
            return Response(status, fields, content)
        exchange.give_back(piece)
        body = self._body.open(exchange, exchange.end, describe)
        return Response(status, fields, Content_Chunks(body))
