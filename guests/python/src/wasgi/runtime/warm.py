"""Requests to the application before its memory is frozen.

They fill caches, specialise byte code and compile templates, once for all instances. Owns those
requests. Must leave nothing of them that the application would notice, and must not fail a build:
a page may need what only an instance has.
"""

import time
from collections.abc import Iterable
from typing import Any

from componentize_py_types import Err
from wit_world.exports.app import Content_Chunks, Response
from wit_world.imports import types

from wasgi.failure import describe
from wasgi.input import Input
from wasgi.instance import run_hooks
from wasgi.runtime.app import Server

ROUNDS = 30
"""Requests to each path. CPython specialises byte code within some twenty calls."""

SECONDS_MAX = 20.0
"""Time that one path may take, all its requests together."""

CHUNKS_MAX = 64
"""Chunks that are taken of a streamed body."""


class NoInput(Input):
    """The body of a request that has none."""

    _ended = True


def warm(server: Server, paths: Iterable[str]) -> list[dict[str, Any]]:
    """Request each path some times, and return what came of it."""
    targets = list(paths)
    if not targets:
        return []
    try:
        # They may need what only an instance has. The application then has to do without.
        run_hooks()
    except Exception as error:
        describe(error)
    try:
        server.start()
    except Err as error:
        return [_outcome(path, None, 0, None, str(error.value)) for path in targets]
    try:
        return [_warm_path(server, path) for path in targets]
    finally:
        server.stop()


def _warm_path(server: Server, path: str) -> dict[str, Any]:
    begun = time.perf_counter()
    last = begun
    status = None
    rounds = 0
    error = None
    while rounds < ROUNDS and last - begun < SECONDS_MAX:
        try:
            status = _request(server, path)
        except Err as failure:
            error = str(failure.value)
            break
        before, last = last, time.perf_counter()
        rounds += 1
    milliseconds = round((last - before) * 1000, 3) if rounds else None
    return _outcome(path, status, rounds, milliseconds, error)


def _outcome(
    path: str, status: int | None, rounds: int, milliseconds: float | None, error: str | None
) -> dict[str, Any]:
    return {
        "path": path,
        "status": status,
        "rounds": rounds,
        "milliseconds": milliseconds,
        "error": error,
    }


def _request(server: Server, target: str) -> int:
    path, mark, query = target.partition("?")
    environ = types.Environ(
        request_method="GET",
        url_scheme="http",
        server_name="localhost",
        server_port=80,
        script_name="",
        path_info=path,
        query_string=query if mark else None,
        server_protocol="HTTP/1.1",
        remote=types.Peer("127.0.0.1", 50000),
        tls=None,
        request_id="warm-up",
        route_parameters=[],
        headers=[("host", b"localhost"), ("user-agent", b"wasgi-build"), ("accept", b"*/*")],
    )
    response: Response = server.handle(environ, NoInput())
    if isinstance(response.content, Content_Chunks):
        body = response.content.value
        # Limit: CHUNKS_MAX.
        for _ in range(CHUNKS_MAX):
            if body.next() is None:
                break
        else:
            body.close()  # type: ignore[attr-defined]
    return response.status
