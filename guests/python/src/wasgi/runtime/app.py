"""What the component exports: `handle`, over the server of the application's interface.

Owns the first call of an instance. Must let no exception out but `Err`: any other ends the
instance.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.app import Response
from wit_world.imports import types

from wasgi.body import Body
from wasgi.failure import describe
from wasgi.input import Input
from wasgi.instance import run_hooks
from wasgi.runtime import handles


class Server(Protocol):
    """What answers requests: an application of whichever interface."""

    def start(self) -> None:
        """Begin the life of an instance, or raise `Err` with a text."""

    def stop(self) -> None:
        """End it, so that another one can begin."""

    def handle(self, environ: types.Environ, source: Input) -> Response:
        """Answer one request, or raise `Err` with a text."""


def server_of(application: Any, interface: str, name: str) -> Server:
    """Make the server for an application."""
    if interface == "asgi":
        from wasgi import asgi

        return asgi.Server(application, name, Body())
    from wasgi import wsgi

    if interface == "handler":
        from wasgi import http

        application = http.application(application)
    return wsgi.Server(application, name, Body(), sys.stderr)


class Exports(exports.App):
    """The contract's `app`."""

    def __init__(self, server: Server, defaults: Mapping[str, str]) -> None:
        """Answer with `server`. `defaults` are variables for what the host does not grant."""
        self._server = server
        self._defaults = defaults
        self._is_started = False

    def handle(self, environ: types.Environ, input: types.Input) -> Response:
        """Answer one request."""
        if not self._is_started:
            self._begin()
        # `wasgi.input.install` has put its own `Input` in the place of the contract's.
        return self._server.handle(environ, input)  # type: ignore[arg-type]

    def _begin(self) -> None:
        """Do what each instance has to do for itself. The host's environment is there by now."""
        handles.restore()
        for name, value in self._defaults.items():
            os.environ.setdefault(name, value)
        try:
            run_hooks()
        except BaseException as error:
            raise Err(f"a function of wasgi.on_instance failed: {describe(error)}") from None
        self._server.start()
        self._is_started = True
