"""Imports of the application that nothing provides, found before they fail.

An import within a function fails when the function is called, which may be long after the build.
Owns that search. Must import nothing, and must not complain about what the application expects.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

from wasgi.runtime.tree import Tree

MISSING_MAX = 100
"""Imports that the report has."""

_EXPECTED = frozenset(("ImportError", "ModuleNotFoundError", "Exception", "BaseException"))


def missing(tree: Tree) -> list[dict[str, Any]]:
    """Return the imports in the application's own modules whose distribution is not there."""
    found: list[dict[str, Any]] = []
    known: dict[str, bool] = {}
    for path, source in tree.data.items():
        if not (path.startswith("/app/") and path.endswith(".py")):
            continue
        try:
            module = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for name, line in _imported(module):
            top = name.partition(".")[0]
            if top not in known:
                known[top] = _is_there(top)
            # Limit: MISSING_MAX.
            if not known[top] and len(found) < MISSING_MAX:
                found.append({"module": name, "file": path, "line": line})
    return found


def _imported(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The modules that are imported in a piece of source, but for those it can do without."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, node.lineno
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        yield node.module, node.lineno
    elif _is_optional(node):
        return
    for child in ast.iter_child_nodes(node):
        yield from _imported(child)


def _is_optional(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.dump(node.test)
    return isinstance(node, ast.Try) and any(_expects(handler) for handler in node.handlers)


def _expects(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(n, ast.Name) and n.id in _EXPECTED for n in ast.walk(handler.type))


def _is_there(top: str) -> bool:
    if top in sys.modules or top in sys.builtin_module_names:
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False
