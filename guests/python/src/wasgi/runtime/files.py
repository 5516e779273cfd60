"""The functions of Python that read files, so that they find those of the tree.

Owns `open` and the functions of `os` that are replaced. Must touch no path but those of the tree:
all others go to the host, which has what the manifest grants.
"""

import builtins
import errno
import io
import os
import stat
import tokenize
from collections.abc import Callable, Iterator
from typing import Any

from wasgi.runtime.tree import Tree


def install(tree: Tree, folder: str) -> None:
    """Let files be found in `tree`, and make `folder` of it the current one."""
    files = Files(tree, folder)
    builtins.open = io.open = files.open
    tokenize._builtin_open = files.open  # type: ignore[attr-defined]
    for name in ("stat", "lstat", "access", "listdir", "scandir", "chdir", "getcwd"):
        setattr(os, name, getattr(files, name))


class Files:
    """The functions, over one tree."""

    def __init__(self, tree: Tree, folder: str) -> None:
        """Keep the functions of the host for the paths that `tree` does not have."""
        self._tree = tree
        self._folder = folder
        self._host_open = io.open
        self._host: dict[str, Callable[..., Any]] = {
            name: getattr(os, name)
            for name in ("stat", "lstat", "access", "listdir", "scandir", "chdir")
        }

    def open(self, file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        """Open a file: `open` of Python."""
        path = self._path(file)
        if path is None or not self._has(path):
            return self._host_open(file if path is None else path, mode, *args, **options)
        if path in self._tree.folders:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if any(letter in mode for letter in "wax+"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        data = self._tree.read(path)
        if data is None:
            raise FileNotFoundError(errno.ENOENT, "Not kept in the component", path)
        content = File(data, path)
        if "b" in mode:
            return content
        return self._text(content, mode, *args, **options)

    def stat(self, path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> Any:
        """Look at a file: `os.stat`."""
        found = self._path(path) if dir_fd is None else None
        if found is not None and self._has(found):
            return self._facts(found)
        target = path if found is None else found
        return self._host["stat"](target, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    def lstat(self, path: Any, *, dir_fd: int | None = None) -> Any:
        """Look at a file: `os.lstat`."""
        return self.stat(path, dir_fd=dir_fd, follow_symlinks=False)

    def access(self, path: Any, mode: int, **options: Any) -> bool:
        """Tell whether a file can be used: `os.access`."""
        found = self._path(path)
        if found is not None and self._has(found):
            return not mode & os.W_OK
        return bool(self._host["access"](path if found is None else found, mode, **options))

    def listdir(self, path: Any = ".") -> list[Any]:
        """Name what is in a folder: `os.listdir`."""
        found = self._path(path)
        if found is not None and self._has(found):
            names: list[Any] = self._names(found)
            return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names
        return list(self._host["listdir"](path if found is None else found))

    def scandir(self, path: Any = ".") -> Any:
        """Look at what is in a folder: `os.scandir`."""
        found = self._path(path)
        if found is not None and self._has(found):
            shown = "." if path is None else os.fsdecode(path)
            return Entries(self, found, shown, self._names(found))
        return self._host["scandir"](path if found is None else found)

    def chdir(self, path: Any) -> None:
        """Change the current folder: `os.chdir`."""
        found = self._path(path)
        if found is None or found not in self._tree.folders:
            self._host["chdir"](path if found is None else found)
        if found is not None:
            self._folder = found

    def getcwd(self) -> str:
        """Return the current folder: `os.getcwd`."""
        return self._folder

    def _path(self, path: Any) -> str | None:
        """Return the whole path of what is named, or `None` for a descriptor."""
        if isinstance(path, int):
            return None
        text = "." if path is None else os.fsdecode(path)
        if not text.startswith("/"):
            text = f"{self._folder}/{text}" if text else text
        if "/." in text or "//" in text or text.endswith("/"):
            text = os.path.normpath(text)
        return text

    def _has(self, path: str) -> bool:
        return path in self._tree.facts or path in self._tree.folders

    def _names(self, path: str) -> list[str]:
        names = self._tree.folders.get(path)
        if names is None:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return list(names)

    def _facts(self, path: str) -> os.stat_result:
        facts = self._tree.facts.get(path)
        mode = stat.S_IFDIR | 0o555 if facts is None else stat.S_IFREG | 0o444
        size, changed = facts or (0, 0)
        inode = hash(path) & 0xFFFFFFFF
        return os.stat_result((mode, inode, 0, 1, 0, 0, size, changed, changed, changed))

    @staticmethod
    def _text(
        content: io.BytesIO,
        mode: str,
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: object = None,
    ) -> io.TextIOWrapper:
        text = io.TextIOWrapper(content, encoding or "utf-8", errors, newline)
        vars(text)["mode"] = mode
        return text


class File(io.BytesIO):
    """A file of the tree that is open."""

    def __init__(self, data: bytes, path: str) -> None:
        """Read `data`, which is at `path`."""
        super().__init__(data)
        self.name = path
        self.mode = "rb"  # type: ignore[misc]

    def writable(self) -> bool:
        """The tree is for reading."""
        return False

    def write(self, data: Any) -> int:
        """Fail: the tree is for reading."""
        raise io.UnsupportedOperation("not writable")


class Entry:
    """One name in a folder: `os.DirEntry`."""

    __slots__ = ("_files", "_found", "name", "path")

    def __init__(self, files: Files, found: str, path: str, name: str) -> None:
        """Stand for `name`, shown as `path` and found at `found`."""
        self._files = files
        self._found = found
        self.path = path
        self.name = name

    def __fspath__(self) -> str:
        """The path, below the folder as it was named."""
        return self.path

    def __repr__(self) -> str:
        """Look like the one of `os`."""
        return f"<DirEntry {self.name!r}>"

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a folder."""
        return stat.S_ISDIR(self.stat().st_mode)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Tell whether it is a file."""
        return stat.S_ISREG(self.stat().st_mode)

    def is_symlink(self) -> bool:
        """There are no links."""
        return False

    def is_junction(self) -> bool:
        """There are no links."""
        return False

    def inode(self) -> int:
        """A number for the file."""
        return self.stat().st_ino

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Look at the file."""
        status: os.stat_result = self._files.stat(self._found)
        return status


class Entries:
    """What is in a folder: the iterator of `os.scandir`."""

    def __init__(self, files: Files, found: str, shown: str, names: list[str]) -> None:
        """Iterate over `names` in the folder at `found`, which was named as `shown`."""
        self._entries = (
            Entry(files, f"{found}/{name}", os.path.join(shown, name), name) for name in names
        )

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over the entries."""
        return self

    def __next__(self) -> Entry:
        """Return the next entry."""
        return next(self._entries)

    def __enter__(self) -> "Entries":
        """Nothing is held."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""
