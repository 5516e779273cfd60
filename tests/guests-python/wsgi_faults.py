"""A WSGI application that breaks one rule a path. Each costs its own request only."""

import json


def raises(environ, start_response):
    raise ValueError("the application failed")


def returns_text(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["text"]


def returns_str(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return "text"


def returns_none(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])


def no_start(environ, start_response):
    return [b"text"]


def bad_status(environ, start_response):
    start_response("OK", [])
    return []


def int_status(environ, start_response):
    start_response(200, [])
    return []


def interim_status(environ, start_response):
    start_response("100 Continue", [])
    return []


def bad_header(environ, start_response):
    start_response("200 OK", [("X-Number", 7)])
    return []


def headers_dict(environ, start_response):
    start_response("200 OK", {"X-A": "b"})
    return []


def control(environ, start_response):
    start_response("200 OK", [("X-A", "b\r\nX-Injected: 1")])
    return []


def hop_by_hop(environ, start_response):
    start_response("200 OK", [("Connection", "close")])
    return []


def twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def broken_stream(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first\n"
    yield b"second\n"
    raise ValueError("broken in mid-stream")


def text_in_stream(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first\n"
    yield "second\n"


def late_start(environ, start_response):
    """Replace the head after it was sent."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first\n"
    try:
        raise ValueError("too late")
    except ValueError as error:
        start_response("500 Oops", [], (type(error), error, error.__traceback__))
    yield b"second\n"


def too_long(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return [b"12345", b"surplus"]


def too_short(environ, start_response):
    start_response("200 OK", [("Content-Length", "50")])
    return [b"12345", b"678"]


def exits(environ, start_response):
    raise SystemExit(3)


def deep_json(environ, start_response):
    json.loads("[" * 100_000)


def deep_python(environ, start_response):
    return deep_python(environ, start_response)


def surrogate(environ, start_response):
    raise ValueError("a lone surrogate: \ud800")


def close_fails(environ, start_response):
    class Body:
        def __iter__(self):
            return iter([b"content"])

        def close(self):
            raise ValueError("close failed")

    start_response("200 OK", [])
    return Body()


def ok(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok\n"]


def application(environ, start_response):
    """Break the rule that the path names."""
    route = globals()[environ["PATH_INFO"].strip("/").replace("-", "_") or "ok"]
    return route(environ, start_response)
