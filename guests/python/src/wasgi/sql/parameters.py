"""Parameter styles: from what a statement is written in to what its database reads.

Owns the five styles of PEP 249. SQLite and PostgreSQL are given numbered parameters; a statement
without parameters is left as it is.
"""

import functools
import re
from collections.abc import Mapping, Sequence

from wasgi.sql.errors import ProgrammingError

STYLES = ("qmark", "numeric", "named", "format", "pyformat")
"""The names of the styles. `format` and `pyformat` are told apart by what is passed."""

STATEMENTS_MAX = 512
"""Translated statements that are kept."""

_SKIPPED = r"""
    '(?:[^']|'')*'                  # a text
  | "(?:[^"]|"")*"                  # a name
  | --[^\n]*                        # a comment
  | /\*.*?\*/
  | \$(\w*)\$.*?\$\1\$              # a text of PostgreSQL
  | ::                              # a cast
"""

_QMARK = re.compile(rf"{_SKIPPED} | (?P<escaped>\?\?) | (?P<mark>\?)", re.VERBOSE | re.DOTALL)
_NUMERIC = re.compile(rf"{_SKIPPED} | :(?P<number>\d+)", re.VERBOSE | re.DOTALL)
_NAMED = re.compile(rf"{_SKIPPED} | :(?P<name>[A-Za-z_]\w*)", re.VERBOSE | re.DOTALL)
_NEXT = re.compile(rf"{_SKIPPED} | (?P<next>;\s*[^\s;])", re.VERBOSE | re.DOTALL)
_FORMAT = re.compile(r"%(?:(?P<escaped>%)|(?P<mark>[sbt])|\((?P<name>[^)]*)\)[sbt])")


def is_script(sql: str) -> bool:
    """Whether this is several statements."""
    return ";" in sql and any(found["next"] for found in _NEXT.finditer(sql))


def translate(
    sql: str, parameters: Sequence[object] | Mapping[str, object], style: str, sigil: str
) -> tuple[str, list[object]]:
    """The statement with numbered parameters, and these in the order of their numbers.

    `sigil` is what the database writes before a number: `?` or `$`.
    """
    translated, names, count = _translated(sql, style, sigil)
    if names is None:
        if not isinstance(parameters, Mapping):
            return translated, list(parameters)
        # A mapping may hold more than is asked for; what has no name cannot be in it.
        if count:
            raise ProgrammingError("the statement's parameters have no names: pass a sequence")
        return translated, []
    if not isinstance(parameters, Mapping):
        raise ProgrammingError("the statement's parameters have names: pass a mapping")
    try:
        return translated, [parameters[name] for name in names]
    except KeyError as missing:
        raise ProgrammingError(f"the statement's parameter {missing} was not given") from None


@functools.lru_cache(maxsize=STATEMENTS_MAX)
def _translated(sql: str, style: str, sigil: str) -> tuple[str, tuple[str, ...] | None, int]:
    """The statement, the names of its parameters in the order of their numbers, if it has any, and
    how many have none."""
    names: dict[str, int] = {}
    count = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal count
        parts = found.groupdict()
        if parts.get("escaped"):
            return found["escaped"][0]
        if parts.get("name"):
            return f"{sigil}{names.setdefault(found['name'], len(names) + 1)}"
        if parts.get("number"):
            return f"{sigil}{found['number']}"
        if parts.get("mark"):
            count += 1
            return f"{sigil}{count}"
        return found[0]

    pattern = {"qmark": _QMARK, "numeric": _NUMERIC, "named": _NAMED}.get(style, _FORMAT)
    translated = pattern.sub(replace, sql)
    if names and count:
        raise ProgrammingError("expected parameters with names or without, got both")
    return translated, tuple(names) if names or style == "named" else None, count
