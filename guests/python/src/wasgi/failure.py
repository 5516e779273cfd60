"""What went wrong in an application: told in full to the log, in short to the host.

Owns the two texts of a failure. Must not decide what happens after it.
"""

import sys
import traceback
from collections.abc import Callable
from types import TracebackType

observers: list[Callable[[str], None]] = []
"""Who is told the text of each failure that is logged."""

source = "/app"
"""What the source's folder is called in texts."""


class Violation(AssertionError):
    """The application broke the rules of its interface. The message says which one and how.

    An `AssertionError`, as servers raise it by tradition: `start_response` raises it to the
    application while that is still running.
    """


def describe(error: BaseException) -> str:
    """Log `error` with its traceback, and return the short text that the host is told."""
    try:
        # The frames of the server itself say nothing to the developer.
        trace = _of_application(error.__traceback__)
        text = shown("".join(traceback.format_exception(type(error), error, trace)))
        sys.stderr.write(text)
        for observer in observers:
            observer(text)
        return shown(summary(error))
    except BaseException:
        # There may be no memory left to say more, and any other exception ends the instance.
        return f"the application raised {type(error).__name__}"


def summary(error: BaseException) -> str:
    """Say in one line what was raised, and where in the application."""
    if isinstance(error, Violation):
        return str(error)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place = location(error.__traceback__)
    where = f" ({place[0]}, line {place[1]})" if place else ""
    return f"the application raised {text}{where}"


def shown(text: str) -> str:
    """Make a text fit for the log: with the source's own name, and without lone surrogates.

    A surrogate cannot leave the guest: the contract's strings are UTF-8.
    """
    if source != "/app":
        text = text.replace("/app/", f"{source}/")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def location(trace: TracebackType | None) -> tuple[str, int] | None:
    """Find the innermost line of the application's own code, else of what it called."""
    own = None
    last = None
    while trace is not None:
        last = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        if last[0].startswith("/app/"):
            own = last
        trace = trace.tb_next
    return own or last


def _of_application(trace: TracebackType | None) -> TracebackType | None:
    rest = trace
    while rest is not None and rest.tb_frame.f_globals.get("__name__", "").startswith("wasgi."):
        rest = rest.tb_next
    return rest or trace
