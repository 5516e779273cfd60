"""asyncio's event loop in a guest that has one thread and no way to be woken.

Owns the loop and how far it runs: only while the host waits for something of the application.
Between two calls everything in it stands still.
"""

import asyncio
import selectors
import sys
import threading
import time
from asyncio import events, tasks
from asyncio.selector_events import BaseSelectorEventLoop
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

LEFTOVER_ROUNDS_MAX = 100
"""Rounds of the loop that an application gets for tasks that it left behind."""


class Stuck(RuntimeError):
    """The application waits for something that nothing is going to bring about."""

    def __init__(self) -> None:
        """Say what that means."""
        super().__init__(
            "the application waits, but for no timer, socket or task: "
            "nothing in this instance can wake it up"
        )


def outside(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call `function` as in a thread of its own, where it would find no loop and no task."""
    loop = events._get_running_loop()
    if loop is None:
        return function(*args, **options)
    task = asyncio.current_task(loop)
    if task is not None:
        tasks._leave_task(loop, task)
    events._set_running_loop(None)
    try:
        return function(*args, **options)
    finally:
        events._set_running_loop(loop)
        if task is not None:
            tasks._enter_task(loop, task)


class Selector(selectors.SelectSelector):
    """Waits for sockets if there are some, else for time to pass."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for at most `timeout` seconds."""
        if self.get_map():
            return super().select(timeout)
        if timeout is None:
            raise Stuck
        if timeout > 0:
            time.sleep(timeout)
        return []


class Loop(BaseSelectorEventLoop):
    """The event loop."""

    _asyncgen_firstiter_hook: Any
    _asyncgen_finalizer_hook: Any
    _run_once: Callable[[], None]
    _ready: deque[Any]
    _scheduled: list[Any]

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        """Make a loop; it runs when it is told to."""
        super().__init__(selector or Selector())

    def drive(
        self,
        is_ready: Callable[[], bool],
        coroutine: Coroutine[Any, Any, Any] | None = None,
    ) -> "asyncio.Task[Any] | None":
        """Begin `coroutine` as a task, and run the loop until `is_ready` says that it is enough.

        The task runs at once, as far as it gets without waiting: most never need the loop itself.
        Fails with `Stuck` if there is nothing left that could make it ready.
        """
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(
            firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook
        )
        self._thread_id: int | None = threading.get_ident()
        events._set_running_loop(self)
        task = None
        try:
            if coroutine is not None:
                task = asyncio.Task(coroutine, loop=self, eager_start=True)
            while not is_ready():
                self._run_once()
        finally:
            events._set_running_loop(None)
            self._thread_id = None
            sys.set_asyncgen_hooks(*hooks)
        return task

    def is_idle(self) -> bool:
        """Tell whether nothing can go on without waiting."""
        return not self._ready

    def settle(self) -> None:
        """Let tasks that were left behind go on, as far as they get without waiting."""
        if not self._ready:
            return
        rounds = iter(range(LEFTOVER_ROUNDS_MAX))
        # Limit: LEFTOVER_ROUNDS_MAX.
        self.drive(lambda: not self._ready or next(rounds, None) is None)

    def clear(self) -> None:
        """End all tasks and forget all timers, so that nothing of them is frozen."""
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()
        rounds = iter(range(LEFTOVER_ROUNDS_MAX))
        self._scheduled.clear()
        # Limit: LEFTOVER_ROUNDS_MAX.
        self.drive(lambda: all(task.done() for task in left) or next(rounds, None) is None)
        for task in left:
            if task.done() and not task.cancelled():
                task.exception()
        self._ready.clear()
        self._scheduled.clear()

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        """Call `func` here and now: there is no other thread."""
        future = self.create_future()
        try:
            result = outside(func, *args)
        except StopIteration as error:
            future.set_exception(RuntimeError(f"the function raised {error!r}"))
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def _make_self_pipe(self) -> None:
        """There is no other thread that could wake the loop, and no pipe to do it through."""
        self._internal_fds = 0

    def _close_self_pipe(self) -> None:
        pass

    def _write_to_self(self) -> None:
        pass
