"""The module that componentize-py is given for the component that runs source, whatever it is.

The source is a folder of the host at `/app`, what it requires one at `/site`; byte code is kept at
`/cache`. The variable `WASGI_MODULE` names the application, `WASGI_INTERFACE` its interface, and
`WASGI_SOURCE` the folder as its developer knows it. An instance imports the application at its
first request, whatever that asks for; a request with the method `WASGI-PREPARE` asks for nothing
else.

What goes wrong is shown to the client with its source lines: this is for development. Owns what is
frozen into that component, and the import. Must never be in a component that was built of an
application.
"""

import os
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from types import ModuleType
from typing import Any

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.app import Content_Bytes, Content_Empty, Response
from wit_world.imports import types

from wasgi import failure
from wasgi.instance import run_hooks
from wasgi.runtime import bytecode, files, handles, importer, load, patches, snapshot, tree
from wasgi.runtime.app import Server, server_of
from wasgi.runtime.load import LoadError
from wasgi.runtime.page import page_of_error, page_of_failure
from wasgi.runtime.stdio import Output
from wasgi.runtime.tree import Root, Tree

PREPARE = "WASGI-PREPARE"
"""The method of a request for an instance that is ready."""

ROOTS = (
    Root("/0", "/0"),
    Root("/world", "/world"),
    Root("/bundled", "/bundled"),
    Root("/python", "/python", excluded=tree.NOT_OF_PYTHON),
)
"""What is carried: all but the application and what it requires."""

LINKED = "/2/"
"""Where what the application requires lies while this component is built, if it has native code."""

DEFAULTS = {"FLASK_DEBUG": "1"}
"""Variables that the host may grant otherwise. Flask hides what is raised unless it is debugged."""


class Dev(exports.App):
    """The contract's `app`, over source that is imported when it is first needed."""

    def __init__(self) -> None:
        """Wait for the first request."""
        self._server: Server | None = None
        self._failure: LoadError | None = None

    def handle(self, environ: types.Environ, input: types.Input) -> Response:
        """Answer one request: with the application, or with what is wrong with it."""
        if self._server is None and self._failure is None:
            self._begin()
        if environ.request_method == PREPARE:
            return Response(500 if self._failure else 204, [], Content_Empty())
        if self._server is None:
            assert self._failure is not None
            return _error(page_of_failure(self._failure), environ)
        try:
            # `wasgi.input.install` has put its own `Input` in the place of the contract's.
            return self._server.handle(environ, input)  # type: ignore[arg-type]
        except Err as told:
            # The host would be told a text; the developer is told all of it.
            cause = told.__context__ or told
            return _error(page_of_error(cause, str(told.value)), environ)

    def _begin(self) -> None:
        """Import the application. The host's environment is there by now."""
        handles.restore()
        failure.source = os.environ.get("WASGI_SOURCE", failure.source)
        for name, value in DEFAULTS.items():
            os.environ.setdefault(name, value)
        sys.path.insert(0, "/app")
        sys.path.append("/site")
        sys.pycache_prefix = "/cache"
        name = os.environ.get("WASGI_MODULE", "app")
        try:
            application = load.load(name)
            interface = load.interface_of(application, os.environ.get("WASGI_INTERFACE", "auto"))
            server = server_of(application, interface, name)
            run_hooks()
            server.start()
        except LoadError as problem:
            self._fail(problem)
        except Err as told:
            self._fail(LoadError("raised", str(told.value)))
        except BaseException as error:
            self._fail(load.raised(error, "a function of wasgi.on_instance"))
        else:
            self._server = server

    def _fail(self, problem: LoadError) -> None:
        self._failure = problem
        print(failure.shown(problem.traceback or f"error: {problem}"), file=sys.stderr)
        if problem.hint:
            print(f"hint: {problem.hint}", file=sys.stderr)


def _error(page: str, environ: types.Environ) -> Response:
    fields = [("content-type", b"text/html; charset=utf-8"), ("cache-control", b"no-store")]
    return Response(500, fields, Content_Bytes(page.encode("utf-8", "backslashreplace")))


def _exact_stats(self: SourceFileLoader, path: str) -> dict[str, Any]:
    """Tell two states of a source apart, also those of one second and one size.

    Byte code is used as long as the size and the 32 low bits of this time are those that it was
    made of; the bits of nanoseconds change with every save.
    """
    status = os.stat(path)
    return {"mtime": status.st_mtime_ns, "size": status.st_size}


_create_module = ExtensionFileLoader.create_module


def _create_linked(self: ExtensionFileLoader, spec: ModuleSpec) -> ModuleType:
    """Make an extension module, whose library is linked under its path in the build."""
    library = str(spec.origin).replace("/site/", LINKED, 1)
    return _create_module(self, ModuleSpec(spec.name, self, origin=library))


def freeze() -> type[Dev]:
    """Leave a memory in which any application can be imported."""
    sys.dont_write_bytecode = True
    output = Output()
    bytecode.FOLDER = "/1"
    carried = Tree()
    for root in ROOTS:
        carried.add(root)
    sys.path[:] = [root.path for root in ROOTS]
    importer.install(carried)
    files.install(carried, "/app")
    patches.install()
    _import_usual()
    patches.release()
    carried.seal(list(ROOTS))
    SourceFileLoader.path_stats = _exact_stats  # type: ignore[method-assign]
    ExtensionFileLoader.create_module = _create_linked  # type: ignore[method-assign]
    sys.dont_write_bytecode = False
    output.release()
    snapshot.finish()
    return Dev


def _import_usual() -> None:
    """Import what most applications do: what is frozen need not be imported by each instance."""
    import asyncio  # noqa: F401
    import concurrent.futures.thread  # noqa: F401
    import dataclasses  # noqa: F401
    import email.message  # noqa: F401
    import html.parser  # noqa: F401
    import http.cookies  # noqa: F401
    import inspect  # noqa: F401
    import logging.config  # noqa: F401
    import mimetypes  # noqa: F401
    import pathlib  # noqa: F401
    import socketserver  # noqa: F401
    import sqlite3  # noqa: F401
    import tempfile  # noqa: F401
    import typing  # noqa: F401
    import unittest.mock  # noqa: F401
    import urllib.request  # noqa: F401
    import uuid  # noqa: F401
    import zoneinfo  # noqa: F401

    import wasgi.asgi
    import wasgi.http
    import wasgi.wsgi  # noqa: F401


App = freeze()
