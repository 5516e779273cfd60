"""Imports from the tree: what the import system of Python asks for a folder of `sys.path`.

Owns the finder and the loader. Must behave as those of the standard library, so that all that is
built on them does: packages, namespaces, `importlib.resources`, `importlib.metadata`, `pkgutil`.
"""

import sys
from collections.abc import Iterator
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

from wasgi.runtime.tree import Tree


def install(tree: Tree) -> None:
    """Let `sys.path` lead into `tree` where the tree has the folder."""

    def hook(path: str) -> Finder:
        if path not in tree.folders:
            raise ImportError(f"not a folder of the component: {path}")
        return Finder(tree, path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


class Finder:
    """Finds modules in one folder."""

    def __init__(self, tree: Tree, path: str) -> None:
        """Look in the folder `path` of `tree`."""
        self._tree = tree
        self.path = path

    def find_spec(self, name: str, target: ModuleType | None = None) -> ModuleSpec | None:
        """Find the module `name`: a package, a file, or a part of a namespace."""
        tail = name.rpartition(".")[2]
        package = f"{self.path}/{tail}"
        source = f"{package}/__init__.py"
        if source in self._tree.facts:
            loader = Loader(self._tree, name, source)
            return spec_from_file_location(
                name, source, loader=loader, submodule_search_locations=[package]
            )
        library = self._tree.libraries.get(package)
        if library is not None:
            origin = f"{self.path}/{library.rpartition('/')[2]}"
            return spec_from_file_location(name, origin, loader=Extension(name, origin, library))
        source = f"{package}.py"
        if source in self._tree.facts:
            return spec_from_file_location(name, source, loader=Loader(self._tree, name, source))
        if package in self._tree.folders:
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [package]
            return spec
        return None

    def iter_modules(self, prefix: str = "") -> Iterator[tuple[str, bool]]:
        """Name the modules of the folder, for `pkgutil`."""
        inside = f"{self.path}/"
        for module in self._tree.libraries:
            name = module.removeprefix(inside)
            if module.startswith(inside) and "/" not in name:
                yield f"{prefix}{name}", False
        for name in self._tree.folders[self.path]:
            if name.endswith(".py"):
                if name != "__init__.py":
                    yield f"{prefix}{name[:-3]}", False
            elif f"{self.path}/{name}/__init__.py" in self._tree.facts:
                yield f"{prefix}{name}", True

    def invalidate_caches(self) -> None:
        """There are none: the tree does not change."""


class Extension(ExtensionFileLoader):
    """Loads one extension module, whose library is linked into the component."""

    def __init__(self, name: str, path: str, library: str) -> None:
        """Load the module `name` of the file `path` from what is linked as `library`."""
        super().__init__(name, path)
        self._library = library

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the module, which is looked up by what its library is called in the component."""
        return super().create_module(ModuleSpec(spec.name, self, origin=self._library))


class Loader(SourceFileLoader):
    """Loads one module."""

    def __init__(self, tree: Tree, name: str, path: str) -> None:
        """Load the module `name`, whose source is at `path` of `tree`."""
        super().__init__(name, path)
        self._tree = tree

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the module's byte code."""
        code: CodeType | None = self._tree.code(self.path)
        if code is None:
            raise ImportError(
                f"the component has no byte code of the module {fullname!r}: its source could not "
                "be compiled",
                name=fullname,
                path=self.path,
            )
        return code

    def get_source(self, fullname: str) -> str | None:
        """Return the module's source, if it is kept."""
        try:
            return super().get_source(fullname)
        except ImportError:
            return None

    def get_data(self, path: Any) -> bytes:
        """Return what is in a file beside the module."""
        data = self._tree.read(str(path))
        if data is None:
            raise FileNotFoundError(2, "No such file in the component", str(path))
        return data
