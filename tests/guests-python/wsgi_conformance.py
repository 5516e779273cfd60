"""A WSGI application with one behaviour a path, inside `wsgiref.validate`."""

import io
import json
import sys
import time
import wsgiref.validate

closed = {"count": 0}


class Closing:
    """Chunks that count how often they were closed."""

    def __init__(self, chunks):
        self.chunks = iter(chunks)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.chunks)

    def close(self):
        closed["count"] += 1


def text(start_response, content, status="200 OK", headers=()):
    body = content.encode()
    fields = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response(status, fields + list(headers))
    return [body]


def hello(environ, start_response):
    """Answer with one chunk and its length."""
    return text(start_response, "Hello, world!\n")


def show(environ, start_response):
    """Answer with the environ, as JSON."""
    plain = {
        key: value if isinstance(value, (str, int, bool, list, tuple)) else repr(type(value))
        for key, value in environ.items()
        if key not in ("wsgi.input", "wsgi.errors")
    }
    return text(start_response, json.dumps(plain))


def echo(environ, start_response):
    """Answer with the request's body, read at once."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [body]


def echo_stream(environ, start_response):
    """Answer with the request's body, piece by piece."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    source = environ["wsgi.input"]
    return iter(lambda: source.read(10000), b"")


def lines(environ, start_response):
    """Answer with the lengths of the body's lines, read in three ways."""
    source = environ["wsgi.input"]
    lengths = [len(source.readline()), len(source.readline(5))]
    lengths += [len(line) for line in source.readlines(20)]
    lengths += [len(line) for line in source]
    return text(start_response, json.dumps(lengths))


def count(environ, start_response):
    """Answer with the number of the body's bytes, held a piece at a time."""
    total = 0
    while piece := environ["wsgi.input"].read(65536):
        total += len(piece)
    return text(start_response, str(total))


def chunks(environ, start_response):
    """Answer with ten chunks, unknown in length."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closing(b"chunk %d\n" % number for number in range(10))


def slow(environ, start_response):
    """Answer with a chunk each 100 ms."""
    start_response("200 OK", [("Content-Type", "text/plain")])

    def generate():
        for number in range(5):
            yield b"%d\n" % number
            time.sleep(0.1)

    return Closing(generate())


def lazy(environ, start_response):
    """Call start_response only when the first chunk is asked for, after an empty one."""

    def generate():
        yield b""
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"late\n"

    return Closing(generate())


def write(environ, start_response):
    """Send a part with the callable write()."""
    send = start_response("200 OK", [("Content-Type", "text/plain")])
    send(b"written, ")
    send(b"written, ")
    return [b"returned\n"]


def empty(environ, start_response):
    """Answer with nothing."""
    start_response("204 No Content", [])
    return []


def not_modified(environ, start_response):
    """Answer that nothing has changed."""
    start_response("304 Not Modified", [("ETag", '"1"')])
    return []


def cookies(environ, start_response):
    """Set two cookies."""
    headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; HttpOnly")]
    return text(start_response, environ.get("HTTP_COOKIE", ""), headers=headers)


def replaced(environ, start_response):
    """Begin one answer, fail, and give another one with exc_info."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    try:
        raise ValueError("changed my mind")
    except ValueError:
        start_response("500 Oops", [("Content-Type", "text/plain")], sys.exc_info())
        return [b"replaced\n"]


def file(environ, start_response):
    """Answer with a file in the host's wrapper."""
    content = io.BytesIO(b"x" * 300_000)
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return environ["wsgi.file_wrapper"](content, 8192)


def big(environ, start_response):
    """Answer with one chunk of 20 MB."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [b"y" * 20_000_000]


def log(environ, start_response):
    """Write to the log."""
    environ["wsgi.errors"].write("a line for the log\n")
    environ["wsgi.errors"].flush()
    return text(start_response, "logged\n")


def closes(environ, start_response):
    """Answer with how many bodies were closed in this instance."""
    return text(start_response, str(closed["count"]))


def behind(environ, start_response):
    """Do something after the last chunk."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])

    def generate():
        yield b"done\n"
        closed["count"] += 100

    return Closing(generate())


ROUTES = {
    "/": hello,
    "/environ": show,
    "/echo": echo,
    "/echo-stream": echo_stream,
    "/lines": lines,
    "/count": count,
    "/chunks": chunks,
    "/slow": slow,
    "/lazy": lazy,
    "/write": write,
    "/empty": empty,
    "/not-modified": not_modified,
    "/cookies": cookies,
    "/replaced": replaced,
    "/file": file,
    "/big": big,
    "/log": log,
    "/closes": closes,
    "/behind": behind,
}


def application(environ, start_response):
    """Answer with what stands at the path."""
    route = ROUTES.get(environ["PATH_INFO"])
    if route is None:
        if environ["PATH_INFO"].startswith("/environ/"):
            return show(environ, start_response)
        return text(start_response, "not found\n", "404 Not Found")
    return route(environ, start_response)


validated = wsgiref.validate.validator(application)


def app(environ, start_response):
    """Answer inside the validator, but where it forbids what PEP 3333 allows."""
    if environ["PATH_INFO"] == "/lazy":
        return application(environ, start_response)
    return validated(environ, start_response)
