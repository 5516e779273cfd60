"""What a build has to say, as JSON in the file that `wasgi build` reads.

Owns the shape of the report. Must write it whatever happens.
"""

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from wasgi.runtime.load import LoadError

PATH = "/1/report.json"
"""The file, in the folder of the generated module."""


@dataclass
class Report:
    """The report of one build. All paths are those that the application sees."""

    module: str = ""
    interface: str | None = None
    python: str = ".".join(map(str, sys.version_info[:3]))
    environment: list[dict[str, Any]] = field(default_factory=list)
    captured: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    warm: list[dict[str, Any]] = field(default_factory=list)
    output: str = ""
    seconds: dict[str, float] = field(default_factory=dict)

    def write(self, error: LoadError | None = None) -> None:
        """Write the report of a build that succeeded, or failed with `error`."""
        content = {"ok": error is None, "error": error and _error(error), **asdict(self)}
        with open(PATH, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)


def _error(error: LoadError) -> dict[str, Any]:
    names = ("kind", "message", "hint", "file", "line", "traceback")
    return {name: getattr(error, name) for name in names}
