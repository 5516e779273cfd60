"""The module that componentize-py is given for the generic component of dev mode.

It has the standard library in its memory and no application::

    componentize-py … componentize wasgi.runtime.dev -p RUNTIME [-p CACHE]

An instance finds the source at `/app` and its requirements at `/site`, imports what `WASGI_MODULE`
names at its first request, and keeps byte code in `/cache` if that is there. The method
`WASGI-PREPARE` imports the application and does no more.

Owns the import at run time, and the page for what fails. Must stay usable after every failure.
"""

import importlib
import os
import sys
from importlib.machinery import SourceFileLoader
from typing import Any

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.app import Content_Bytes, Content_Empty, Response
from wit_world.imports import types

from wasgi import failure
from wasgi.input import Input
from wasgi.instance import run_hooks
from wasgi.runtime import bytecode, handles, importer, load, patches, snapshot, tree
from wasgi.runtime.app import Server, server_of
from wasgi.runtime.load import LoadError
from wasgi.runtime.page import page
from wasgi.runtime.stdio import Output
from wasgi.runtime.tree import Root, Tree

PREPARE = "WASGI-PREPARE"
"""The method of a request that only has the application imported."""

PRELOADED = """
    asyncio base64 calendar collections.abc concurrent.futures.thread contextvars copy csv datetime
    decimal difflib email.message email.mime.multipart email.parser email.utils fractions functools
    gettext gzip hashlib hmac html http.client http.cookies http.server importlib.metadata
    importlib.resources inspect ipaddress json linecache locale logging.config logging.handlers
    mimetypes pathlib pickle pkgutil platform pprint queue random secrets shutil socket sqlite3
    statistics string subprocess tempfile textwrap threading timeit traceback typing unicodedata
    unittest.mock urllib.request uuid warnings weakref wsgiref.util xml.etree.ElementTree zipfile
    zoneinfo wasgi.asgi wasgi.wsgi
""".split()
"""Modules that most applications import, imported once for all of them."""


class App(exports.App):
    """The contract's `app`, over an application that is imported from its source."""

    def __init__(self) -> None:
        """Know no application yet."""
        self._server: Server | None = None
        self._problem: LoadError | None = None
        self._is_started = False
        self._failed: list[str] = []

    def handle(self, environ: types.Environ, input: Input) -> Response:
        """Answer one request, if need be with the page that says what is wrong."""
        if self._server is None and self._problem is None:
            self._load()
        if environ.request_method == PREPARE:
            return Response(500 if self._problem else 204, [], Content_Empty())
        if self._problem is not None:
            return _page(_problem_page(self._problem))
        self._failed.clear()
        try:
            if not self._is_started:
                run_hooks()
                self._of_application().start()
                self._is_started = True
            response = self._of_application().handle(environ, input)
        except Err as error:
            return _page(page(str(error.value), None, None, "\n".join(self._failed)))
        except BaseException as error:
            text = failure.describe(error)
            return _page(page(text, None, None, "\n".join(self._failed)))
        if response.status >= 500 and self._failed and type(response.content) is Content_Bytes:
            # The framework answered, and has raised what it answered for.
            return _page(page(failure.shown("the application failed"), None, None, self._failed[-1]))
        return response

    def _of_application(self) -> Server:
        assert self._server is not None
        return self._server

    def _load(self) -> None:
        _prepare_instance()
        failure.observers.append(self._failed.append)
        name = os.environ.get("WASGI_MODULE", "app")
        try:
            application = load.load(name)
            interface = load.interface_of(application, os.environ.get("WASGI_INTERFACE", "auto"))
            self._server = server_of(application, interface, name)
        except LoadError as problem:
            self._problem = problem
            print(failure.shown(f"error: {problem}"), file=sys.stderr)
            if problem.traceback:
                sys.stderr.write(failure.shown(problem.traceback))
            if problem.hint:
                print(f"hint: {problem.hint}", file=sys.stderr)


def _problem_page(problem: LoadError) -> bytes:
    place = None
    if problem.file is not None:
        place = problem.file if problem.line is None else f"{problem.file}, line {problem.line}"
    trace = failure.shown(problem.traceback) if problem.traceback else None
    return page(problem.message, place and failure.shown(place), problem.hint, trace)


def _page(content: bytes) -> Response:
    fields = [("content-type", b"text/html; charset=utf-8"), ("cache-control", b"no-store")]
    return Response(500, fields, Content_Bytes(content))


def _prepare_instance() -> None:
    """Turn to the folders that the host has mounted."""
    handles.restore()
    failure.source = os.environ.get("WASGI_SOURCE", failure.source)
    sys.dont_write_bytecode = not os.path.isdir("/cache")
    if not sys.dont_write_bytecode:
        sys.pycache_prefix = "/cache"
        SourceFileLoader.path_stats = _exact_stats  # type: ignore[method-assign]
    # Flask then lets exceptions through, and reads templates anew.
    os.environ.setdefault("FLASK_DEBUG", "1")
    os.chdir("/app")
    importlib.invalidate_caches()


def _exact_stats(self: SourceFileLoader, path: str) -> dict[str, Any]:
    """Tell two states of a source apart, also those of one second and one size.

    Byte code is used as long as the size and the 32 low bits of this time are those that it was
    made of. Bits of nanoseconds change with every save.
    """
    status = os.stat(path)
    return {"mtime": status.st_mtime_ns, "size": status.st_size}


def _build() -> None:
    output = Output()
    if os.path.isdir("/1"):
        bytecode.FOLDER = "/1"
    carried = Tree()
    roots = [
        Root("/0", "/0"),
        Root("/world", "/world"),
        Root("/bundled", "/bundled"),
        Root("/python", "/python", excluded=tree.NOT_OF_PYTHON),
    ]
    for root in roots:
        carried.add(root)
    sys.path[:] = ["/app", *(root.path for root in roots), "/site"]
    importer.install(carried)
    patches.install()
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError:
            # Not in this build of CPython: whoever needs it is told so.
            continue
    patches.release()
    carried.seal(roots)
    output.release()
    snapshot.finish()


_build()
