"""Standard output and error of the guest: what is written while it is built, and when it runs.

Owns `sys.stdout` and `sys.stderr` from the build on. An application keeps hold of them when it is
imported (its log handlers do), so they are the same objects before and after; only where they write
to changes.
"""

import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

CAPTURED_BYTES_MAX = 64 * 1024
"""Bytes of output that a build keeps; what comes after them is dropped."""


class Stream(io.RawIOBase):
    """A descriptor, or while the guest is built, a memory of what would have gone there."""

    def __init__(self, descriptor: int, captured: bytearray) -> None:
        """Write to `captured` until told otherwise, then to `descriptor`."""
        self._descriptor = descriptor
        self._captured: bytearray | None = captured

    def release(self) -> None:
        """Write to the descriptor from now on."""
        self._captured = None

    def writable(self) -> bool:
        """A stream is for writing."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def write(self, data: "Buffer") -> int:
        """Write all of `data`."""
        view = memoryview(data).cast("B")
        if self._captured is None:
            rest = view
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        else:
            # Limit: CAPTURED_BYTES_MAX.
            room = CAPTURED_BYTES_MAX - len(self._captured)
            self._captured += view[: max(room, 0)]
        return len(view)


def _text(stream: Stream) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        stream,  # type: ignore[arg-type]
        encoding="utf-8",
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )


class Output:
    """Both streams of the guest."""

    def __init__(self) -> None:
        """Take the place of `sys.stdout` and `sys.stderr`, and keep what is written to them."""
        self.captured = bytearray()
        self._streams = (Stream(1, self.captured), Stream(2, self.captured))
        sys.stdout = _text(self._streams[0])
        sys.stderr = _text(self._streams[1])
        vars(sys).update(__stdout__=sys.stdout, __stderr__=sys.stderr)

    def text(self) -> str:
        """What was written so far."""
        return self.captured.decode("utf-8", "backslashreplace")

    def release(self) -> None:
        """Let the streams write to the host's log."""
        self.captured.clear()
        for stream in self._streams:
            stream.release()
