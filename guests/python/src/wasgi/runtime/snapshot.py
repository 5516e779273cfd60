"""The last steps before the memory is frozen: everything in it is what instances start with.

An instance shares its pages with all others until it writes to one; then the page is copied, which
is most of what a fresh instance costs. So what a request writes to should be little, and lie
together. Owns that. Must be called last, and must not change what a program can see.
"""

import gc
import linecache
import os
import random
import sys
from array import array
from collections.abc import Callable, Iterator
from types import CodeType, FrameType, FunctionType, GeneratorType
from typing import Any

from wasgi import input
from wasgi.runtime import handles

ADDRESSES = "/1/immortal.bin"
"""Where the builder finds the addresses of the objects that live as long as their instance."""

CHUNKS_MAX = 400_000
"""Pieces that are allocated to use up holes in the heap."""

ROUNDS = 30
"""Times that something is done for CPython to specialise its byte code."""

_kept: list[Any] = []
"""What must stay alive although nothing else refers to it."""


def prepare(again: Callable[[], object]) -> None:
    """Bring together what a request writes to, and tell which objects it need not write to.

    `again` does what an instance does for requests.
    """
    hot = _executed_by(again)
    gc.collect()
    _fill_holes()
    _move(hot)
    # What was moved is specialised anew, and what these requests leave free is what the next one
    # takes.
    for _ in range(2):
        _begin_often()
        again()
        gc.collect()
    linecache.clearcache()
    _write_immortals()


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


def _begin_often() -> None:
    """Do what the runtime does at the first call of an instance, for its byte code and caches."""
    state = random.getstate()
    for _ in range(ROUNDS):
        random.seed()
        os.environ["WASGI"] = "1"
        del os.environ["WASGI"]
    random.setstate(state)


def _executed_by(again: Callable[[], object]) -> set[int]:
    """The code objects that run, by their addresses."""
    codes: dict[int, CodeType] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            codes[id(frame.f_code)] = frame.f_code

    sys.setprofile(note)
    try:
        again()
        _begin_often()
    finally:
        sys.setprofile(None)
    _kept.append(list(codes.values()))
    return set(codes)


def _move(hot: set[int]) -> None:
    """Put the code that runs for each request to the end of the heap, all in one place.

    CPython counts in it whenever it runs, so each page with such code is written to.
    """
    moved: dict[int, CodeType] = {}

    def copy(code: CodeType) -> CodeType:
        if id(code) not in moved:
            constants = tuple(
                copy(c) if isinstance(c, CodeType) and holds(c) else c for c in code.co_consts
            )
            moved[id(code)] = code.replace(co_consts=constants)
            _kept.append(code)
        return moved[id(code)]

    def holds(code: CodeType) -> bool:
        return id(code) in hot or any(holds(c) for c in code.co_consts if isinstance(c, CodeType))

    for function in gc.get_objects():
        if type(function) is FunctionType and holds(function.__code__):
            function.__code__ = copy(function.__code__)


def _fill_holes() -> None:
    """Use up what is free between objects, so that new ones lie together at the end of the heap."""
    fillers = _kept
    fillers.append([None] * CHUNKS_MAX)
    end = max(max(map(id, gc.get_objects())), id(bytes(4096)))
    size = 1 << 20
    while size > SMALL_BYTES_MAX:
        while id(piece := bytes(size)) < end and len(fillers) < CHUNKS_MAX:
            fillers.append(piece)
        size = size * 7 // 8
    end = max(end, id(piece))
    for size in range(SMALL_BYTES_MAX, 16, -8):
        beyond = 0
        # The allocator of small objects fills one pool after the other, in no order of addresses.
        while beyond < 4 and len(fillers) < CHUNKS_MAX:
            fillers.append(piece := bytes(size - 17))
            beyond = beyond + 1 if id(piece) > end else 0


SMALL_BYTES_MAX = 512
"""Largest piece that CPython's own allocator hands out."""


def _write_immortals() -> None:
    """Tell the builder which objects live as long as the instance: it sets their reference counts.

    CPython does not write to a count that says "immortal".
    """
    objects = list(_reachable())
    _kept.append(tuple(objects))
    del objects
    with open(ADDRESSES, "wb") as file:
        array("I", map(id, _kept[-1])).tofile(file)


def _reachable() -> Iterator[Any]:
    seen = bytearray(1 << 23)
    waiting = gc.get_objects()
    own = {id(seen), id(waiting), id(_kept)}
    while waiting:
        found = waiting.pop()
        place = id(found) >> 3
        bit = 1 << (place & 7)
        if seen[place >> 3] & bit or id(found) in own or isinstance(found, _SHORT_LIVED):
            continue
        seen[place >> 3] |= bit
        waiting += gc.get_referents(found)
        if isinstance(found, CodeType):
            waiting += _referents_of_code(found)
        yield found
    yield from _kept


_SHORT_LIVED = (FrameType, GeneratorType)


def _referents_of_code(code: CodeType) -> Iterator[Any]:
    """What a code object refers to: it does not tell the collector."""
    yield from (code.co_consts, code.co_names, code.co_filename, code.co_name, code.co_qualname)
    yield from (code.co_linetable, code.co_exceptiontable)
    yield from code.co_varnames
    yield from code.co_freevars
    yield from code.co_cellvars


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
