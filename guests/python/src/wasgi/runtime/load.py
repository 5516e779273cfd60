"""From a name such as `package.module:attribute` to the application, or to why there is none.

Owns the sentences for what can be wrong with an application before it is called. Must not call it,
but for a factory.
"""

import importlib
import inspect
import sys
import traceback
from dataclasses import dataclass
from typing import Any

from wasgi.failure import location

DEFAULT_ATTRIBUTES = ("app", "application")
"""Where an application is looked for if no attribute is named, as Flask and gunicorn do."""

INTERFACES = ("auto", "wsgi", "asgi", "handler")
"""What an application can be said to be."""


@dataclass
class LoadError(Exception):
    """Why an application cannot be served, for its developer."""

    kind: str
    message: str
    hint: str | None = None
    file: str | None = None
    line: int | None = None
    traceback: str | None = None

    def __str__(self) -> str:
        """The message, with its place."""
        if self.file is None:
            return self.message
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{where}: {self.message}"


def load(name: str) -> Any:
    """Import the application called `name`: `module`, `module:attribute` or `module:factory()`."""
    module_name, _, attribute = name.partition(":")
    module = _import(module_name, name)
    if not attribute:
        return _default(module, module_name)
    factory = attribute.removesuffix("()")
    found = module
    for part in factory.split("."):
        if not hasattr(found, part):
            raise _missing_attribute(module, module_name, factory)
        found = getattr(found, part)
    if factory != attribute:
        return _made(found, name)
    return _callable(found, module, name)


def interface_of(application: Any, wanted: str = "auto") -> str:
    """Tell which interface `application` has: `wsgi`, `asgi` or `handler`.

    ASGI is called with three arguments and is a coroutine; WSGI is called with two, a handler with
    one. Where a signature cannot be read, it is WSGI, as most frameworks are.
    """
    if wanted not in INTERFACES:
        raise LoadError(
            "settings", f"unknown interface {wanted!r}: expected one of {', '.join(INTERFACES)}"
        )
    if wanted != "auto":
        return wanted
    call = application if inspect.isroutine(application) else type(application).__call__
    if inspect.iscoroutinefunction(call):
        return "asgi"
    try:
        parameters = inspect.signature(application).parameters.values()
    except (TypeError, ValueError):
        return "wsgi"
    required = [p for p in parameters if p.default is p.empty and p.kind in _POSITIONAL]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return "wsgi"
    count = max(len(required), min(len([p for p in parameters if p.kind in _POSITIONAL]), 2))
    if len(required) == 3:
        return "asgi"
    if len(required) == 1 and count < 2:
        return "handler"
    if count == 2:
        return "wsgi"
    file, line = _place(application)
    raise LoadError(
        "wrong-interface",
        f"the application takes {len(required)} arguments: expected (environ, start_response) for "
        "WSGI, (scope, receive, send) for ASGI, or (request) for a handler",
        "name its interface with INTERFACE, or name another attribute",
        file,
        line,
    )


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def raised(error: BaseException, what: str) -> LoadError:
    """Say that `what` raised `error`, in the application's own code."""
    trace = _own_traceback(error)
    place = location(error.__traceback__)
    return LoadError(
        "raised",
        f"{what} raised {type(error).__name__}: {error}",
        _hint_for(error),
        place[0] if place else None,
        place[1] if place else None,
        trace,
    )


def _import(module_name: str, name: str) -> Any:
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise LoadError(
            "settings",
            f"{name!r} does not name an application: expected package.module:attribute",
        )
    try:
        return importlib.import_module(module_name)
    except SyntaxError as error:
        text = (error.text or "").strip()
        shown = f": {text}" if text else ""
        raise LoadError(
            "syntax",
            f"{error.msg}{shown}",
            "the application runs on CPython "
            f"{sys.version_info.major}.{sys.version_info.minor}: is it written for that?",
            error.filename,
            error.lineno,
            _own_traceback(error),
        ) from None
    except ModuleNotFoundError as error:
        raise _missing_module(error, module_name) from None
    except BaseException as error:
        raise raised(error, f"importing {module_name}") from None


def _missing_module(error: ModuleNotFoundError, module_name: str) -> LoadError:
    missing = error.name or "?"
    place = location(error.__traceback__)
    is_app = module_name == missing or module_name.startswith(f"{missing}.")
    if is_app:
        return LoadError(
            "missing-module",
            f"there is no module {missing!r} in the source folder",
            "name the application as package.module:attribute, from the source folder down",
        )
    hint = f"add the distribution that has {missing!r} to the requirements"
    if missing in _NOT_IN_GUEST:
        hint = (
            f"{missing!r} needs what a component does not have: "
            "leave it out, or import it only where it is used"
        )
    return LoadError(
        "missing-module",
        f"there is no module {missing!r}, which is imported here",
        hint,
        place[0] if place else None,
        place[1] if place else None,
        _own_traceback(error),
    )


_NOT_IN_GUEST = frozenset(
    """_ctypes _ssl bz2 _bz2 lzma _lzma ctypes curses _curses fcntl grp mmap multiprocessing
    _multiprocessing _posixshmem nis ossaudiodev pwd readline resource spwd syslog termios tkinter
    _tkinter tty pty""".split()
)


def _default(module: Any, module_name: str) -> Any:
    for attribute in DEFAULT_ATTRIBUTES:
        found = getattr(module, attribute, None)
        if callable(found):
            return found
    raise _missing_attribute(module, module_name, " or ".join(DEFAULT_ATTRIBUTES))


def _missing_attribute(module: Any, module_name: str, attribute: str) -> LoadError:
    candidates = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and callable(value)
        and not isinstance(value, type)
        and getattr(value, "__module__", module_name) in (module_name, type(value).__module__)
    ]
    found = f"; it has {', '.join(candidates[:8])}" if candidates else ""
    return LoadError(
        "missing-attribute",
        f"the module {module_name!r} has no attribute {attribute!r}{found}",
        f"name the application as {module_name}:ATTRIBUTE",
        getattr(module, "__file__", None),
    )


def _made(factory: Any, name: str) -> Any:
    try:
        application = factory()
    except BaseException as error:
        raise raised(error, f"calling {name}") from None
    if not callable(application):
        file, line = _place(factory)
        raise LoadError(
            "not-callable",
            f"{name} returned an object of the type {type(application).__name__}, which cannot be "
            "called: expected a WSGI or ASGI application",
            "does the factory end with `return app`?" if application is None else None,
            file,
            line,
        )
    return application


def _callable(found: Any, module: Any, name: str) -> Any:
    from wasgi.http import Handler

    if isinstance(found, type) and issubclass(found, Handler):
        return found()
    if callable(found):
        return found
    raise LoadError(
        "not-callable",
        f"{name} is an object of the type {type(found).__name__}, which cannot be called: expected "
        "a WSGI or ASGI application",
        None,
        getattr(module, "__file__", None),
    )


def _hint_for(error: BaseException) -> str | None:
    if isinstance(error, KeyError):
        return (
            "if it is a variable of the environment: give it in [build] env, "
            "or read it in a function registered with wasgi.on_instance"
        )
    if isinstance(error, SystemExit):
        return "an application must not end the process when it is imported"
    if type(error).__name__ == "ImproperlyConfigured":
        return "give DJANGO_SETTINGS_MODULE and what the settings read in [build] env"
    return None


def _own_traceback(error: BaseException) -> str:
    """The traceback without the frames of the import system and of this package."""
    trace = error.__traceback__
    while trace is not None and _is_foreign(trace.tb_frame.f_globals.get("__name__", "")):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _is_foreign(module_name: str) -> bool:
    return module_name.startswith(("wasgi.", "importlib", "_frozen_importlib"))


def _place(thing: Any) -> tuple[str | None, int | None]:
    code = getattr(thing, "__code__", None)
    if code is not None:
        return code.co_filename, code.co_firstlineno
    module = sys.modules.get(getattr(type(thing), "__module__", ""))
    return getattr(module, "__file__", None), None
