"""The files that a component carries: modules as byte code, and data as it was.

Nothing is mounted when a component runs, so what an application imports late or reads has to be in
its memory. A `Tree` is filled from the folders of the build, under the paths that the application
is to see, and asked by the importer and by the functions that read files.

Owns what is kept and what is left out. Must keep it where nothing writes: what is not used costs a
fresh instance nothing.
"""

import io
import os
import zlib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from wasgi.runtime import bytecode

FILE_BYTES_MAX = 4 << 20
"""Bytes of one data file, unless a pattern of `include` asks for it."""

FILES_BYTES_MAX = 64 << 20
"""Bytes of all data files together."""

FILES_MAX = 20_000
"""Files of one folder with all those below it."""

PACKED_BYTES_MIN = 512
"""Bytes from which a data file of a requirement is kept compressed."""

LEFT_OUT = (
    "*.pyc *.pyo *.pyi *.so *.wasm *.db *.sqlite *.sqlite3 *-journal *-shm *-wal *.log *.po *.whl "
    "*.c *.h *.pyx *.pxd"
).split()
"""Data files that no application reads, or that must not be frozen into one."""

LIBRARY_ENDS = (".cpython-314-wasm32-wasi.so", ".abi3.so")
"""How the names of extension modules end that componentize-py links into the component."""

NOT_OF_PYTHON = frozenset(
    """__phello__ _pyrepl antigravity.py config-3.14-wasm32-wasi curses ensurepip idlelib pydoc_data
    site-packages test this.py tkinter turtle.py turtledemo venv""".split()
)
"""What of the standard library no server needs."""


@dataclass
class Root:
    """A folder of the build, and the path under which the application sees it."""

    real: str
    path: str
    keeps_sources: bool = False
    keeps_data: bool = False
    packs_data: bool = False
    include: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    """Names at the top that are left out."""


@dataclass
class Tree:
    """Files by their paths."""

    folders: dict[str, list[str]] = field(default_factory=dict)
    """The names in each folder."""
    facts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The size and the time of change of each file."""
    data: dict[str, bytes] = field(default_factory=dict)
    """What is in the files that are kept as they are."""
    packed: dict[str, bytes] = field(default_factory=dict)
    """What is in those that are kept compressed."""
    codes: dict[str, bytes] = field(default_factory=dict)
    """The byte code of modules, by the path of their source."""
    libraries: dict[str, str] = field(default_factory=dict)
    """The names under which extension modules are linked, by the path that their source would have
    without its end."""
    left_out: list[dict[str, Any]] = field(default_factory=list)
    """Files that were left out although an application may want them."""
    _real: dict[str, str] = field(default_factory=dict)
    _bytes_kept: int = 0

    def add(self, root: Root) -> None:
        """Take in a folder with all that is below it."""
        count = 0
        for folder, folders, files in os.walk(root.real):
            path = root.path + folder[len(root.real) :]
            excluded = root.excluded if folder == root.real else frozenset()
            folders[:] = sorted(f for f in folders if f not in excluded and not _is_hidden(f))
            names = list(folders)
            for name in sorted(files):
                # Limit: FILES_MAX.
                count += 1
                if count > FILES_MAX:
                    raise OSError(f"{root.path} has more than {FILES_MAX} files")
                if name not in excluded and self._add_file(
                    root, f"{folder}/{name}", f"{path}/{name}"
                ):
                    names.append(name)
            self.folders[path] = names

    def read(self, path: str) -> bytes | None:
        """Return what is in a file, or `None` if it is not kept."""
        data = self.data.get(path)
        if data is None:
            packed = self.packed.get(path)
            if packed is not None:
                return zlib.decompress(packed)
            real = self._real.get(path)
            if real is not None:
                return _read(real)
        return data

    def code(self, path: str) -> Any | None:
        """Return the byte code of the module whose source is at `path`."""
        packed = self.codes.get(path)
        if packed is None:
            source = self.read(path)
            if source is None:
                return None
            packed = bytecode.packed(source, path)
        return bytecode.unpack(packed)

    def seal(self, roots: list[Root]) -> dict[str, dict[str, int]]:
        """Compile the modules, and let go of the folders. Returns what is kept.

        Also of those that were imported: applications load modules again, as Django does with
        packages of migrations.
        """
        counts: dict[str, dict[str, int]] = {}
        for root in roots:
            name = root.path[1:] if root.keeps_data else "python"
            total = counts.setdefault(name, {"modules": 0, "files": 0, "bytes": 0})
            for key, count in self._seal_root(root).items():
                total[key] += count
        self._real.clear()
        return counts

    def _add_file(self, root: Root, real: str, path: str) -> bool:
        name = path.rsplit("/", 1)[1]
        status = os.stat(real)
        size = status.st_size
        is_source = name.endswith(".py")
        module = _library(real, path)
        if module is not None:
            # componentize-py links a library under its path in the build, so none is needed later.
            self.libraries[module] = real
            return False
        if not is_source and not self._is_wanted(root, path, name, size):
            return False
        self.facts[path] = (size, int(status.st_mtime))
        if is_source:
            self._real[path] = real
            if not root.keeps_sources:
                return True
        data = _read(real)
        self._bytes_kept += size
        if root.packs_data and size >= PACKED_BYTES_MIN:
            self.packed[path] = zlib.compress(data, 6)
        else:
            self.data[path] = data
        return True

    def _is_wanted(self, root: Root, path: str, name: str, size: int) -> bool:
        below = path[len(root.path) + 1 :]
        is_included = any(fnmatchcase(below, pattern) for pattern in root.include)
        reason = None
        if self._bytes_kept + size > FILES_BYTES_MAX:
            # Limit: FILES_BYTES_MAX.
            reason = f"the files are over {FILES_BYTES_MAX >> 20} MiB together"
        elif is_included:
            return True
        elif not root.keeps_data or _is_hidden(name):
            return False
        elif any(fnmatchcase(name, pattern) for pattern in LEFT_OUT):
            if not root.include and root.packs_data:
                return False
            reason = "of a kind that is not frozen into a component"
        elif size > FILE_BYTES_MAX:
            # Limit: FILE_BYTES_MAX.
            reason = f"over {FILE_BYTES_MAX >> 20} MiB"
        if reason is None:
            return True
        self.left_out.append({"file": path, "bytes": size, "reason": reason})
        return False

    def _seal_root(self, root: Root) -> dict[str, int]:
        inside = f"{root.path}/"
        modules = 0
        count = 0
        for path in [p for p in self._real if p.startswith(inside)]:
            packed = self.codes.get(path)
            if packed is None:
                packed = _compiled(self.read(path), path)
            if packed is None:
                continue
            self.codes[path] = packed
            modules += 1
            count += len(packed)
        files = [
            d for kept in (self.data, self.packed) for p, d in kept.items() if p.startswith(inside)
        ]
        return {"modules": modules, "files": len(files), "bytes": count + sum(map(len, files))}


def _compiled(source: bytes | None, path: str) -> bytes | None:
    if source is None:
        return None
    try:
        return bytecode.packed(source, path)
    except (SyntaxError, ValueError, RecursionError):
        # Templates of modules, and tests of compilers: importing them would fail as well.
        return None


def _library(real: str, path: str) -> str | None:
    """The path of the extension module in a library of WebAssembly, without the end of its name."""
    for end in LIBRARY_ENDS:
        if path.endswith(end):
            with io.FileIO(real) as file:
                return path.removesuffix(end) if file.read(4) == b"\0asm" else None
    return None


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"


def _read(real: str) -> bytes:
    # Not with `open`, which finds what is in the tree.
    with io.FileIO(real) as file:
        return file.readall()
