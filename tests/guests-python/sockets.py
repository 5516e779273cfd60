"""A WSGI application that connects to the address in its query, in the ways that there are."""

import asyncio
import json
import socket
from urllib.parse import parse_qs


def blocking(host, port):
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(b"ping\n")
        return connection.recv(100).decode()


def several(host, port):
    """Wait for three connections at the same time."""

    async def one(number):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"ping %d\n" % number)
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        return line.decode()

    async def all_of_them():
        return await asyncio.gather(*(one(number) for number in range(3)))

    return asyncio.run(all_of_them())


def look_up(host, port):
    return sorted({entry[4][0] for entry in socket.getaddrinfo(host, port)})


ROUTES = {"/blocking": blocking, "/several": several, "/look-up": look_up}


def app(environ, start_response):
    """Connect as the path says to `host` and `port` of the query."""
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    function = ROUTES.get(environ["PATH_INFO"])
    try:
        found = function(query["host"], int(query["port"])) if function else sorted(ROUTES)
    except OSError as error:
        found = {"error": type(error).__name__, "text": str(error)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(found).encode()]
