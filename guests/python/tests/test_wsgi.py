"""The server side of PEP 3333, as far as no host is needed."""

import io
import sys
import unittest
from typing import Any

from componentize_py_types import Err
from wit_world.exports.app import Content_Bytes, Content_Chunks, Content_Empty
from wit_world.imports import types

from wasgi.body import CHUNK_BYTES_MAX, Body
from wasgi.environ import base_of, environ_of
from wasgi.input import Input
from wasgi.wsgi import Server


def request(method: str = "GET", path: str = "/", **changes: Any) -> types.Environ:
    values: dict[str, Any] = {
        "request_method": method,
        "url_scheme": "http",
        "server_name": "shop.example",
        "server_port": 8080,
        "script_name": "",
        "path_info": path,
        "query_string": None,
        "server_protocol": "HTTP/1.1",
        "remote": types.Peer("192.0.2.7", 52011),
        "tls": None,
        "request_id": "018f2a7c",
        "route_parameters": [],
        "headers": [],
    }
    return types.Environ(**{**values, **changes})


def serve(application: Any, environ: types.Environ | None = None) -> Any:
    return Server(application, "app:app", Body(), sys.stderr).handle(environ or request(), Input())


def pulled(response: Any) -> bytes:
    chunks = []
    while (chunk := response.content.value.next()) is not None:
        chunks.append(chunk)
    return b"".join(chunks)


class Closing:
    """Chunks that count how often they were closed."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = iter(chunks)
        self.closed = 0

    def __iter__(self) -> Any:
        return self.chunks

    def close(self) -> None:
        self.closed += 1


def answering(result: Any, *headers: tuple[str, str], status: str = "200 OK") -> Any:
    def application(environ: Any, start_response: Any) -> Any:
        start_response(status, list(headers))
        return result

    return application


class QuietTest(unittest.TestCase):
    """A test whose log is kept."""

    def setUp(self) -> None:
        self.stderr, sys.stderr = sys.stderr, io.StringIO()
        self.log = sys.stderr

    def tearDown(self) -> None:
        sys.stderr = self.stderr


class EnvironTest(unittest.TestCase):
    def environ(self, **changes: Any) -> dict[str, Any]:
        return environ_of(base_of(sys.stderr), request(**changes), Input())

    def test_paths_are_decoded_as_latin_1_and_kept_as_they_were_sent(self) -> None:
        environ = self.environ(
            path="/caf%C3%A9/a%2Fb", script_name="/sh%20op", query_string="x=%20"
        )
        self.assertEqual(environ["SCRIPT_NAME"], "/sh op")
        self.assertEqual(environ["PATH_INFO"], "/cafÃ©/a/b")
        self.assertEqual(environ["QUERY_STRING"], "x=%20")
        self.assertEqual(environ["REQUEST_URI"], "/sh%20op/caf%C3%A9/a%2Fb?x=%20")
        self.assertEqual(environ["RAW_URI"], environ["REQUEST_URI"])

    def test_a_bare_question_mark_stays_in_the_uri(self) -> None:
        self.assertEqual(self.environ(query_string="")["RAW_URI"], "/?")
        self.assertEqual(self.environ(query_string=None)["RAW_URI"], "/")

    def test_repeated_fields_are_joined_and_cookies_with_semicolons(self) -> None:
        headers = [("accept", b"a"), ("accept", b"b"), ("cookie", b"x=1"), ("cookie", b"y=2")]
        environ = self.environ(headers=headers)
        self.assertEqual(environ["HTTP_ACCEPT"], "a,b")
        self.assertEqual(environ["HTTP_COOKIE"], "x=1; y=2")

    def test_fields_have_the_keys_of_cgi(self) -> None:
        headers = [("content-type", b"text/plain"), ("content-length", b"3"), ("x-a-b", b"\xe9")]
        environ = self.environ(headers=headers)
        self.assertEqual(environ["CONTENT_TYPE"], "text/plain")
        self.assertEqual(environ["CONTENT_LENGTH"], "3")
        self.assertEqual(environ["HTTP_X_A_B"], "é")
        self.assertNotIn("HTTP_CONTENT_TYPE", environ)

    def test_a_name_with_an_underscore_cannot_pass_for_another(self) -> None:
        environ = self.environ(headers=[("x_real_ip", b"1"), ("x-real-ip", b"2")])
        self.assertEqual(environ["HTTP_X_REAL_IP"], "2")

    def test_the_session_of_tls_is_told(self) -> None:
        tls = types.TlsSession("TLSv1.3", "TLS_AES_128_GCM_SHA256", None)
        environ = self.environ(url_scheme="https", tls=tls)
        self.assertEqual((environ["HTTPS"], environ["SSL_PROTOCOL"]), ("on", "TLSv1.3"))

    def test_a_client_without_an_address_has_an_empty_one(self) -> None:
        self.assertEqual(self.environ(remote=None)["REMOTE_ADDR"], "")
        self.assertEqual(self.environ()["REMOTE_PORT"], "52011")


class AnswerTest(QuietTest):
    def test_a_list_of_one_is_sent_as_bytes(self) -> None:
        response = serve(answering([b"text"], ("Content-Type", "text/plain")))
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers, [("content-type", b"text/plain")])
        self.assertEqual(response.content, Content_Bytes(b"text"))

    def test_a_chunk_that_the_length_covers_is_sent_as_bytes(self) -> None:
        body = Closing(b"", b"text")
        response = serve(answering(body, ("Content-Length", "4")))
        self.assertEqual(response.content, Content_Bytes(b"text"))
        self.assertEqual(body.closed, 1)

    def test_other_bodies_are_pulled_and_closed_once(self) -> None:
        body = Closing(b"one", b"", b"two")
        response = serve(answering(body))
        self.assertIsInstance(response.content, Content_Chunks)
        self.assertEqual(body.closed, 0)
        self.assertEqual(pulled(response), b"onetwo")
        self.assertEqual(body.closed, 1)

    def test_a_large_chunk_is_cut(self) -> None:
        response = serve(answering([b"x" * (2 * CHUNK_BYTES_MAX + 5)]))
        self.assertIn(("content-length", b"%d" % (2 * CHUNK_BYTES_MAX + 5)), response.headers)
        sizes = []
        while (chunk := response.content.value.next()) is not None:
            sizes.append(len(chunk))
        self.assertEqual(sizes, [CHUNK_BYTES_MAX, CHUNK_BYTES_MAX, 5])

    def test_no_body_is_empty(self) -> None:
        self.assertEqual(serve(answering([])).content, Content_Empty())

    def test_head_closes_a_body_that_nobody_reads(self) -> None:
        body = Closing(b"one", b"two")
        response = serve(answering(body), request("HEAD"))
        self.assertEqual(body.closed, 1)
        self.assertEqual(pulled(response), b"")

    def test_a_status_without_a_body_closes_it(self) -> None:
        for status in ("204 No Content", "205 Reset Content", "304 Not Modified"):
            body = Closing(b"surplus")
            serve(answering(body, status=status))
            self.assertEqual(body.closed, 1, status)

    def test_start_response_may_be_called_with_the_first_chunk(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            yield b""
            start_response("200 OK", [])
            yield b"late"

        self.assertEqual(pulled(serve(application)), b"late")

    def test_what_was_written_comes_first(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            write = start_response("200 OK", [])
            write(b"a")
            write(b"b")
            return [b"c"]

        self.assertEqual(pulled(serve(application)), b"abc")

    def test_exc_info_replaces_a_head_that_was_not_sent(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [("X-A", "1")])
            try:
                raise ValueError
            except ValueError:
                start_response("500 Oops", [], sys.exc_info())
            return []

        response = serve(application)
        self.assertEqual((response.status, response.headers), (500, []))

    def test_a_surplus_is_left_out_and_told(self) -> None:
        response = serve(answering([b"12345", b"678"], ("Content-Length", "5")))
        self.assertEqual(response.content, Content_Bytes(b"12345"))
        response = serve(answering([b"123", b"45678"], ("Content-Length", "5")))
        self.assertEqual(pulled(response), b"12345")
        self.assertIn("more than the 5 bytes", self.log.getvalue())


class FaultTest(QuietTest):
    def refused(self, application: Any) -> str:
        with self.assertRaises(Err) as caught:
            serve(application)
        return str(caught.exception.value)

    def test_each_fault_is_named(self) -> None:
        faults = {
            "type str ('text')": answering(["text"]),
            "of the type str": answering("text"),
            "of the type NoneType": answering(None),
            "of the type bytes": answering(b"text"),
            "the status 'OK'": answering([], status="OK"),
            "the status '99 Low'": answering([], status="99 Low"),
            "not Latin-1": answering([], ("X-A", "\u20ac")),
            "control character in the header": answering([], ("X-A", "a\r\nX-B: c")),
            "a header named 'X A'": answering([], ("X A", "b")),
            "concerns one connection": answering([], ("Connection", "close")),
            "a header 'Status'": answering([], ("Status", "200 OK")),
            "expected two str": answering([], ("X-A", 7)),  # type: ignore[arg-type]
            "Content-Length": answering([], ("Content-Length", "-1")),
            "did not call start_response": lambda environ, start_response: [b"x"],
            "raised ValueError: boom": _raising,
        }
        for words, application in faults.items():
            self.assertIn(words, self.refused(application))

    def test_a_second_start_needs_exc_info(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            start_response("200 OK", [])

        self.assertIn("second time", self.refused(application))

    def test_a_body_that_fails_is_closed_and_logged(self) -> None:
        def chunks() -> Any:
            yield b"first"
            raise ValueError("boom")

        body = Closing()
        body.chunks = chunks()
        response = serve(answering(body))
        self.assertEqual(response.content.value.next(), b"first")
        with self.assertRaises(Err):
            response.content.value.next()
        self.assertEqual(body.closed, 1)
        self.assertIn("ValueError: boom", self.log.getvalue())

    def test_a_head_that_was_sent_cannot_be_replaced(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            start_response("200 OK", [])
            yield b"first"
            try:
                raise ValueError("late")
            except ValueError:
                start_response("500 Oops", [], sys.exc_info())

        response = serve(application)
        self.assertEqual(response.content.value.next(), b"first")
        with self.assertRaises(Err):
            response.content.value.next()

    def test_a_lone_surrogate_does_not_end_the_instance(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            raise ValueError("\ud800")

        self.refused(application).encode("utf-8")


def _raising(environ: Any, start_response: Any) -> Any:
    raise ValueError("boom")
