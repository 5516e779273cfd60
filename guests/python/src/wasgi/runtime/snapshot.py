"""The last steps before the memory is frozen: everything in it is what instances start with.

Owns what makes a fresh instance write to as few pages as possible. Must be called last.
"""

import gc
import linecache
import sys
from collections.abc import Callable

from wasgi import input
from wasgi.runtime import handles

LAST_STEPS: list[Callable[[], None]] = []
"""Functions that `finish` calls at the very end, after which nothing is allocated any more."""


def finish() -> None:
    """Leave the heap as it is to be frozen."""
    sys.path_importer_cache.clear()
    linecache.clearcache()
    _forget_random()
    handles.install()
    input.install()
    gc.collect()
    # What is there now is never garbage: without this, the first collection of each instance
    # would write to every object.
    gc.freeze()
    for step in LAST_STEPS:
        step()


def _forget_random() -> None:
    """Let each instance draw what must not be the same in all of them.

    The runtime of componentize-py seeds `random` itself; keys are drawn when they are needed.
    """
    modules = sys.modules
    if "tempfile" in modules:
        modules["tempfile"]._name_sequence = None  # type: ignore[attr-defined]
    if "uuid" in modules:
        modules["uuid"]._node = None  # type: ignore[attr-defined]
        modules["uuid"]._last_timestamp = None  # type: ignore[attr-defined]
