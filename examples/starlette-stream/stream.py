"""Responses that are made while they are read."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>A clock</title>
<body style="font: 3rem system-ui; margin: 4rem; text-align: center">
<output id="time">…</output>
<script>
  const source = new EventSource("events");
  source.addEventListener("tick", event => {
    document.getElementById("time").value = JSON.parse(event.data).time;
  });
</script>
"""

TICKS_MAX = 3600
"""Events that one client is sent before it has to connect again."""


async def page(request: Request) -> Response:
    """Show the clock."""
    return HTMLResponse(PAGE)


async def events(request: Request) -> Response:
    """Send the time, as server-sent events, every so many seconds."""
    seconds = float(request.query_params.get("every", "1"))
    first = int(request.headers.get("last-event-id", "0")) + 1

    async def ticks() -> AsyncIterator[str]:
        for number in range(first, first + TICKS_MAX):
            data = json.dumps({"time": time.strftime("%H:%M:%S")})
            yield f"id: {number}\nevent: tick\ndata: {data}\n\n"
            await asyncio.sleep(seconds)

    return StreamingResponse(
        ticks(), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


async def numbers(request: Request) -> Response:
    """Write so many lines, and hold none of them."""
    count = int(request.query_params.get("count", "1000"))

    async def lines() -> AsyncIterator[bytes]:
        for start in range(0, count, 1000):
            block = range(start, min(start + 1000, count))
            yield "".join(f"{number}\n" for number in block).encode()

    return StreamingResponse(lines(), media_type="text/plain")


async def upper(request: Request) -> Response:
    """Send back what comes, in capital letters, while it comes."""

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in request.stream():
            yield piece.upper()

    return StreamingResponse(pieces(), media_type="text/plain")


async def started(request: Request) -> Response:
    """Say what the lifespan made."""
    return Response(request.state.greeting, media_type="text/plain")


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
    """Make what all requests of an instance share."""
    yield {"greeting": "ready"}


app = Starlette(
    routes=[
        Route("/", page),
        Route("/events", events),
        Route("/numbers", numbers),
        Route("/upper", upper, methods=["POST", "PUT"]),
        Route("/health", started),
    ],
    lifespan=lifespan,
)
