"""What of Python does not work in a component as it is, replaced where there is something better.

Each module here is one such thing. Owns when they are applied: at once for what everybody has, and
after its import for what few have. Must replace nothing that works.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from wasgi.runtime.patches import (
    anyio,
    asgiref,
    folders,
    hashes,
    host,
    loops,
    sockets,
    threads,
    tls,
)

AFTER_IMPORT: dict[str, Callable[[Any], None]] = {
    "anyio._backends._asyncio": anyio.patch,
    "asgiref.sync": asgiref.patch,
    "asyncio.unix_events": loops.patch,
    "concurrent.futures.thread": threads.patch,
    "tempfile": folders.patch,
}
"""What is to be done after a module was imported, by the module's name."""


def install() -> None:
    """Apply the patches."""
    sys.meta_path.insert(0, Patcher())
    for name, patch in AFTER_IMPORT.items():
        if name in sys.modules:
            patch(sys.modules[name])
    hashes.install()
    tls.install()
    sockets.guard()
    host.guard()


def release() -> None:
    """Allow what is forbidden only while the component is built."""
    sockets.release()
    host.release()


class Patcher:
    """The finder that patches modules when they are imported."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that is to be patched; leave all others to other finders."""
        patch = AFTER_IMPORT.get(name)
        if patch is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                patch(module)

            loader.exec_module = exec_module
        return spec
