"""What an ASGI application is told of a request: the connection scope.

Owns the translation of the contract's environ.
"""

from typing import Any
from urllib.parse import unquote

from wit_world.imports import types

NAMES_MAX = 512
"""Names of fields whose bytes are remembered."""

ASGI = {"version": "3.0", "spec_version": "2.4"}
"""The version of the specification that this is a server of."""

_names: dict[str, bytes] = {}


def scope_of(environ: types.Environ, state: dict[str, Any]) -> dict[str, Any]:
    """Make the scope of one request."""
    root = environ.script_name
    path = root + environ.path_info
    query = environ.query_string
    remote = environ.remote
    return {
        "type": "http",
        "asgi": ASGI,
        "http_version": _version(environ.server_protocol),
        "method": environ.request_method.upper(),
        "scheme": environ.url_scheme,
        "path": unquote(path) if "%" in path else path,
        "raw_path": path.encode(),
        "root_path": unquote(root) if "%" in root else root,
        "query_string": query.encode() if query else b"",
        "headers": [(_names.get(name) or _encode(name), value) for name, value in environ.headers],
        "client": (remote.address, remote.port) if remote is not None else None,
        "server": (environ.server_name, environ.server_port),
        "state": state.copy(),
        "extensions": {
            "wasgi": {
                "request_id": environ.request_id,
                "route_parameters": environ.route_parameters,
            }
        },
    }


def _version(protocol: str) -> str:
    version = protocol.removeprefix("HTTP/")
    return "2" if version == "2.0" else version


def _encode(name: str) -> bytes:
    content = name.encode("latin-1")
    # Limit: NAMES_MAX.
    if len(_names) < NAMES_MAX:
        _names[name] = content
    return content
