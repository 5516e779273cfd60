"""All behaviours that the suite asks for but trailers, which ASGI cannot send, each at its path.

They are those of the fixtures of the other contracts, with the same parameters.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

requests = 0


class Exchange:
    """A request and the response to it."""

    def __init__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scope = scope
        self.query = dict(parse_qsl(scope["query_string"].decode()))
        self.headers: list[tuple[bytes, bytes]] = []
        self._receive = receive
        self._send = send

    def header(self, name: bytes, otherwise: bytes) -> bytes:
        return dict(self.scope["headers"]).get(name, otherwise)

    def parameter(self, name: str, otherwise: int) -> int:
        return int(self.query.get(name, otherwise))

    async def body(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            yield message.get("body", b"")
            if not message.get("more_body"):
                return

    async def start(self, status: int = 200) -> None:
        message = {"type": "http.response.start", "status": status, "headers": self.headers}
        await self._send(message)

    async def write(self, piece: bytes, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def answer(self, content: bytes, status: int = 200) -> None:
        await self.start(status)
        await self.write(content, more=False)


async def hello(exchange: Exchange) -> None:
    content = b"Hello, world!\n"
    exchange.headers.append((b"content-length", b"%d" % len(content)))
    await exchange.answer(content)


async def environ(exchange: Exchange) -> None:
    scope = exchange.scope
    query = scope["query_string"]
    extension = scope["extensions"]["wasgi"]
    path = scope["path"].removeprefix(scope["root_path"])
    parameters = [f"{name}:{value}" for name, value in extension["route_parameters"]]
    lines = [
        f"request-method={scope['method']}",
        f"url-scheme={scope['scheme']}",
        f"server-name={scope['server'][0]}",
        f"server-port={scope['server'][1]}",
        f"script-name={scope['root_path']}",
        f"path-info={path}",
        f"query-string={f'some({query.decode()})' if query else 'none'}",
        f"server-protocol=HTTP/{scope['http_version']}",
        f"remote={scope['client'][0]}:{scope['client'][1]}",
        "tls=none",
        f"request-id={extension['request_id']}",
        f"route-parameters={','.join(parameters)}",
    ]
    fields = [b"header %s=%s\n" % field for field in scope["headers"]]
    await exchange.answer("".join(f"{line}\n" for line in lines).encode() + b"".join(fields))


async def cookies(exchange: Exchange) -> None:
    exchange.headers += [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    exchange.headers.append((b"x-bytes", b"\xff\xfe"))
    exchange.headers.append((b"x-agent", exchange.header(b"user-agent", b"none")))
    await exchange.answer(b"cookies\n")


async def status(exchange: Exchange) -> None:
    await exchange.answer(b"status\n", exchange.parameter("code", 200))


async def random(exchange: Exchange) -> None:
    await exchange.answer(os.urandom(16).hex().encode())


async def env(exchange: Exchange) -> None:
    await exchange.answer(os.environ.get("GREETING", "none").encode())


async def log(exchange: Exchange) -> None:
    print("a line of the guest", file=sys.stderr)
    print("a line of stdio")
    await exchange.answer(b"logged\n")


async def count(exchange: Exchange) -> None:
    global requests
    requests += 1
    await exchange.answer(b"%d" % requests)


async def fail(exchange: Exchange) -> None:
    raise RuntimeError("told to fail")


async def trap(exchange: Exchange) -> None:
    os.abort()


async def echo(exchange: Exchange) -> None:
    exchange.headers.append((b"content-type", exchange.header(b"content-type", b"text/plain")))
    await exchange.start()
    async for piece in exchange.body():
        await exchange.write(piece)
    await exchange.write(b"", more=False)


async def length(exchange: Exchange) -> None:
    most = exchange.parameter("max", 1024 * 1024)
    content = b""
    async for piece in exchange.body():
        content += piece
        if len(content) > most:
            await exchange.answer(b"", 413)
            return
    note = b" with a NUL" if b"\0" in content else b""
    await exchange.answer(b"%d%s" % (len(content), note))


async def stream(exchange: Exchange) -> None:
    chunk = b"x" * exchange.parameter("size", 1024)
    await exchange.start()
    for _ in range(exchange.parameter("chunks", 10)):
        await exchange.write(chunk)
    await exchange.write(b"", more=False)


async def ticks(exchange: Exchange) -> None:
    pause = exchange.parameter("ms", 50) / 1000
    await exchange.start()
    for number in range(exchange.parameter("count", 3)):
        await asyncio.sleep(pause)
        await exchange.write(b"tick %d\n" % number)
    await exchange.write(b"", more=False)


async def fail_mid_body(exchange: Exchange) -> None:
    await exchange.start()
    await exchange.write(b"first\n")
    raise RuntimeError("told to fail")


BEHAVIOURS = {
    "/hello": hello,
    "/environ": environ,
    "/cookies": cookies,
    "/status": status,
    "/random": random,
    "/env": env,
    "/log": log,
    "/count": count,
    "/fail": fail,
    "/trap": trap,
    "/echo": echo,
    "/length": length,
    "/stream": stream,
    "/ticks": ticks,
    "/fail-mid-body": fail_mid_body,
}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    exchange = Exchange(scope, receive, send)
    behaviour = BEHAVIOURS.get(scope["path"])
    if behaviour is None:
        await exchange.answer(b"no such behaviour\n", 404)
    else:
        await behaviour(exchange)
