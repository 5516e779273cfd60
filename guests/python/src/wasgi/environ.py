"""The environ of PEP 3333, made of the contract's.

Owns its keys and their spelling. Must do nothing for a request that could be done before: this runs
for each one.
"""

from binascii import b2a_base64
from collections.abc import Iterator
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from wit_world.imports import types

from wasgi.fields import KEYS, key_of
from wasgi.input import Input

Environ: TypeAlias = dict[str, Any]

FILE_BLOCK_BYTES_MIN = 64 * 1024
"""The least block that `wsgi.file_wrapper` reads, whatever is asked for: each costs a call."""

_KEYS = """REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING REQUEST_URI RAW_URI SERVER_NAME
    SERVER_PORT SERVER_PROTOCOL REMOTE_ADDR REMOTE_PORT wsgi.url_scheme wsgi.input
    wasgi.request_id wasgi.route_parameters""".split()


def base_of(errors: Any) -> Environ:
    """Make what all environs have in common; `errors` is their `wsgi.errors`.

    It has every key that each request has, so that a copy has room for the request's fields.
    """
    return {
        **dict.fromkeys(_KEYS),
        "SERVER_SOFTWARE": "wasgi",
        "wsgi.version": (1, 0),
        "wsgi.errors": errors,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
    }


def environ_of(base: Environ, request: types.Environ, source: Input) -> Environ:
    """Make the environ of a request: of `base`, and of the contract's environ."""
    environ = base.copy()
    script = request.script_name
    path = request.path_info
    query = request.query_string
    uri = script + path
    if query is None:
        query = ""
    else:
        uri = f"{uri}?{query}"
    scheme = request.url_scheme
    environ["REQUEST_METHOD"] = request.request_method
    # Decoded bytes stand as Latin-1 text, as PEP 3333 has it.
    environ["SCRIPT_NAME"] = unquote_to_bytes(script).decode("latin-1") if "%" in script else script
    environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
    environ["QUERY_STRING"] = query
    environ["REQUEST_URI"] = environ["RAW_URI"] = uri
    environ["SERVER_NAME"] = request.server_name
    environ["SERVER_PORT"] = str(request.server_port)
    environ["SERVER_PROTOCOL"] = request.server_protocol
    environ["wsgi.url_scheme"] = scheme
    environ["wsgi.input"] = source
    environ["wasgi.request_id"] = request.request_id
    environ["wasgi.route_parameters"] = request.route_parameters
    remote = request.remote
    if remote is not None:
        environ["REMOTE_ADDR"] = remote.address
        environ["REMOTE_PORT"] = str(remote.port)
    else:
        environ["REMOTE_ADDR"] = environ["REMOTE_PORT"] = ""
    if scheme == "https":
        _add_tls(environ, request.tls)
    for name, value in request.headers:
        try:
            key = KEYS[name]
        except KeyError:
            key = key_of(name)
        if key is None:
            continue
        if key in environ:
            glue = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{glue}{value.decode('latin-1')}"
        else:
            environ[key] = value.decode("latin-1")
    return environ


class FileWrapper:
    """`wsgi.file_wrapper` of PEP 3333: the content of a file, block by block."""

    def __init__(self, file: Any, block_size: int = FILE_BLOCK_BYTES_MIN) -> None:
        """Iterate over `file` in blocks of `block_size`, or larger ones."""
        self._file = file
        self._size = max(block_size, FILE_BLOCK_BYTES_MIN)
        if hasattr(file, "close"):
            self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        """A file is read once."""
        return self

    def __next__(self) -> bytes:
        """Read the next block."""
        block: bytes = self._file.read(self._size)
        if not block:
            raise StopIteration
        return block


def _add_tls(environ: Environ, session: types.TlsSession | None) -> None:
    """Tell of the client's TLS session, under the names of Apache's mod_ssl."""
    environ["HTTPS"] = "on"
    if session is not None:
        environ["SSL_PROTOCOL"] = session.version
        environ["SSL_CIPHER"] = session.cipher
        if session.client_certificate is not None:
            text = b2a_base64(session.client_certificate).decode().strip()
            lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
            environ["SSL_CLIENT_CERT"] = (
                f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
            )
