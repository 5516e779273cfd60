"""asyncio's loop, which needs a pair of sockets to wake itself up, and a component has none."""

from typing import Any


def patch(module: Any) -> None:
    """Make the loop of `wasgi.loop` what asyncio makes when it is asked for one."""
    from wasgi.loop import Loop

    module._UnixDefaultEventLoopPolicy._loop_factory = Loop
    module.SelectorEventLoop = Loop
