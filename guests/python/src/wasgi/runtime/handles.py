"""The handles of resources that the host gave: dropped when their object is.

The runtime of componentize-py hangs a `weakref.finalize` on each, which costs as much as all else
that it does for a request. An object that only the resource holds does the same.

Owns that object and its place. Must put `weakref.finalize` back before the application runs.
"""

import weakref
from collections.abc import Callable
from typing import Any

_finalize = weakref.finalize


class Finalizer:
    """Drops a handle when the resource is gone, unless it was detached before."""

    __slots__ = ("_arguments", "_drop")

    def __init__(self, resource: object, drop: Callable[..., Any], *arguments: Any) -> None:
        """Call `drop` with `arguments` at the end of `resource`, which holds this object."""
        self._drop: Callable[..., Any] | None = drop
        self._arguments = arguments

    def detach(self) -> tuple[None, Callable[..., Any] | None, tuple[Any, ...], dict[str, Any]]:
        """Never drop the handle; return what would have been called, as `weakref.finalize` does."""
        drop, self._drop = self._drop, None
        return None, drop, self._arguments, {}

    def __del__(self) -> None:
        """Drop the handle."""
        if self._drop is not None:
            self._drop(*self._arguments)


def install() -> None:
    """Let the runtime find `Finalizer`: it looks once, when the module that it imports is done."""
    weakref.finalize = Finalizer  # type: ignore[misc,assignment]


def restore() -> None:
    """Give `weakref.finalize` back to the application."""
    weakref.finalize = _finalize  # type: ignore[misc]
