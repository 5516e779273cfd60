"""The last steps before the memory is frozen: everything in it is what instances start with.

Owns what makes a fresh instance write to as few pages as possible. Must be called last.
"""

import gc
from collections.abc import Callable

LAST_STEPS: list[Callable[[], None]] = []
"""Functions that `finish` calls at the very end, after which nothing is allocated any more."""


def finish() -> None:
    """Leave the heap as it is to be frozen."""
    gc.collect()
    # What is there now is never garbage: without this, the first collection of each instance
    # would write to every object.
    gc.freeze()
    for step in LAST_STEPS:
        step()
