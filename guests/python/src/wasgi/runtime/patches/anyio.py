"""anyio's threads for functions that block, which Starlette and FastAPI use for plain `def`."""

from collections.abc import Callable
from contextvars import copy_context
from typing import Any


def patch(module: Any) -> None:
    """Let the backend for asyncio call such functions in place."""
    module.AsyncIOBackend.run_sync_in_worker_thread = classmethod(_run)


async def _run(
    backend: Any,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    abandon_on_cancel: bool = False,
    limiter: Any = None,
) -> Any:
    await backend.checkpoint()
    return copy_context().run(function, *args)
