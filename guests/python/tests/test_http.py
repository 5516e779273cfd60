"""Handlers without a framework, inside the standard library's validator."""

import io
import json
import unittest
import wsgiref.util
from typing import Any
from wsgiref.validate import validator

import wasgi
from wasgi import http


class Items(wasgi.Handler):
    def get(self, request: wasgi.Request) -> str:
        return f"{request.path} {request.query.get('a', '')}"

    def post(self, request: wasgi.Request) -> wasgi.Response:
        return wasgi.Response.json(request.json(), status=201)


class Input(io.BytesIO):
    """A body, with the method that the runtime's input has beside those of WSGI."""


def call(
    handler: Any, method: str = "GET", target: str = "/", body: bytes = b""
) -> tuple[str, dict[str, str], bytes]:
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.input": Input(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    wsgiref.util.setup_testing_defaults(environ)
    found: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        found[:] = [status, dict(headers)]

    application: Any = http.application(handler)
    if not body:
        application = validator(application)
    result = application(environ, start_response)
    content = b"".join(result)
    if hasattr(result, "close"):
        result.close()
    return found[0], found[1], content


class HandlerTest(unittest.TestCase):
    def test_a_class_answers_by_method(self) -> None:
        self.assertEqual(call(Items(), target="/x?a=1")[2], b"/x 1")
        status, headers, content = call(Items(), "POST", body=b'{"b": 2}')
        self.assertEqual((status, json.loads(content)), ("201 Created", {"b": 2}))
        self.assertEqual(headers["Content-Type"], "application/json")

    def test_other_methods_are_refused_with_what_there_is(self) -> None:
        status, headers, _ = call(Items(), "DELETE")
        self.assertEqual(status, "405 Method Not Allowed")
        self.assertEqual(headers["Allow"], "GET, HEAD, POST, OPTIONS")
        self.assertEqual(call(Items(), "OPTIONS")[0], "204 No Content")

    def test_head_is_answered_as_get(self) -> None:
        self.assertEqual(call(Items(), "HEAD")[0], "200 OK")

    def test_a_function_may_return_text_bytes_or_chunks(self) -> None:
        self.assertEqual(call(lambda request: "té")[2], "té".encode())
        self.assertEqual(call(lambda request: wasgi.Response(b"bytes"))[2], b"bytes")
        self.assertEqual(call(lambda request: iter(["a", "b"]))[2], b"ab")

    def test_anything_else_is_named(self) -> None:
        with self.assertRaisesRegex(TypeError, "of the type int: expected a wasgi.Response"):
            call(lambda request: 7)

    def test_a_body_is_held_up_to_its_bound_only(self) -> None:
        with self.assertRaisesRegex(http.BodyTooLarge, "iterate over the request"):
            call(lambda request: request.body, "POST", body=b"x" * (http.BODY_BYTES_MAX + 1))
