"""asgiref's threads for functions that block, which Django uses for whatever is not `async`.

Its pools run what they are given at once, as all do. Only the end of a context of threads is left:
it waits for the pool's end in a thread of its own.
"""

from typing import Any


def patch(module: Any) -> None:
    """Let a context of threads end its pool in place."""
    context = module.ThreadSensitiveContext
    leave = context.__aexit__

    async def __aexit__(self: Any, *error: Any) -> Any:
        pool = module.SyncToAsync.context_to_thread_executor.pop(self, None)
        if pool is not None:
            pool.shutdown()
        return await leave(self, *error)

    context.__aexit__ = __aexit__
