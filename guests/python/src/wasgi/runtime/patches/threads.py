"""Pools of threads in a component, which has one thread: what they are given runs at once.

`threading.Thread.start` keeps its error: code that starts a thread of its own counts on going on
beside it, and would wait for ever. Code that gives work to a pool waits for the result.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


def patch(module: Any) -> None:
    """Let the pool of `concurrent.futures.thread` run what it is given."""
    module.ThreadPoolExecutor.submit = submit


def submit(pool: Any, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
    """Run `function`, and return its outcome as a future that is done."""
    if pool._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    try:
        if "asyncio" in sys.modules:
            from wasgi.loop import outside

            result = outside(function, *args, **options)
        else:
            result = function(*args, **options)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
    return future
