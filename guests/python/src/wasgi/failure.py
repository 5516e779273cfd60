"""What went wrong in an application, told to its developer: in full in the log, in short to the host.

Owns the two texts of a failure. Must not decide what happens after it.
"""

import sys
import traceback
from types import TracebackType


class Violation(AssertionError):
    """The application broke the rules of its interface. The message says which one and how.

    An `AssertionError`, as servers raise it by tradition: `start_response` raises it to the
    application while that is still running.
    """


def describe(error: BaseException) -> str:
    """Log `error` with its traceback, and return the short text that the host is told."""
    if isinstance(error, Violation) and error.__traceback__ is None:
        print(f"error: {error}", file=sys.stderr)
    else:
        # The frames of the server itself say nothing to the developer.
        trace = _of_application(error.__traceback__)
        lines = traceback.format_exception(type(error), error, trace)
        sys.stderr.write(_printable("".join(lines)))
    return _printable(summary(error))


def summary(error: BaseException) -> str:
    """Say in one line what was raised, and where in the application."""
    if isinstance(error, Violation):
        return str(error)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place = location(error.__traceback__)
    where = f" ({place[0]}, line {place[1]})" if place else ""
    return f"the application raised {text}{where}"


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


def _printable(text: str) -> str:
    # A lone surrogate cannot leave the guest: the contract's strings are UTF-8.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
