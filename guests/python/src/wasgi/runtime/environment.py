"""Reads of the environment while the application is imported: what they find is frozen.

Owns the record of them, for the report. Must be out of the way when the component runs.
"""

import os
import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

from wasgi.instance import run_hooks

READS_MAX = 200
"""Reads that the report has."""


class Recorder:
    """Notes who reads which variable."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        """Put `variables` into the environment, and note what is read of it from now on."""
        os.environ.update(variables)
        reads: dict[tuple[str, str, int], dict[str, Any]] = {}
        self._reads = reads
        environ: Any = type(os.environ)

        class Recording(environ):  # type: ignore[misc]
            """`os.environ`, noting its reads."""

            def __getitem__(self, key: str) -> str:
                """Read a variable; note it if it is not there: it may be where this runs."""
                try:
                    value: str = super().__getitem__(key)
                except KeyError:
                    _note(reads, key)
                    raise
                return value

        self._before = environ
        os.environ.__class__ = Recording

    def stop(self) -> list[dict[str, Any]]:
        """Note nothing more, and return what was noted."""
        os.environ.__class__ = self._before
        return list(self._reads.values())


def _note(reads: dict[tuple[str, str, int], dict[str, Any]], key: object) -> None:
    # Limit: READS_MAX.
    if len(reads) >= READS_MAX or not isinstance(key, str):
        return
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_OF_PYTHON):
        if frame.f_code.co_name == "setdefault":
            # It writes what is to be read.
            return
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None:
        return
    file = frame.f_code.co_filename
    if file.startswith(("/app/", "/site/")) and not _is_in_hook(frame):
        read = {"key": key, "file": file, "line": frame.f_lineno}
        reads.setdefault((key, file, frame.f_lineno), read)


def _is_in_hook(frame: FrameType) -> bool:
    """Whether this is called by what each instance does anew."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_code is not run_hooks.__code__:
        caller = caller.f_back
    return caller is not None


_OF_PYTHON = ("<frozen os>", "<frozen _collections_abc>", "/0/wasgi/")
