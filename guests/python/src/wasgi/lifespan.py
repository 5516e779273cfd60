"""The lifespan of an instance, as an ASGI application sees it: start-up and shutdown.

Owns the one task that the application runs for it. Must take an application as it is that does not
know of lifespans: it raises when it is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from wasgi.loop import Loop
from wasgi.scope import ASGI


class StartupFailed(RuntimeError):
    """The application said that it cannot start."""


class Lifespan:
    """The lifespan of one application in one instance."""

    def __init__(self, application: Callable[..., Awaitable[None]], name: str, loop: Loop) -> None:
        """Prepare the lifespan of `application`, called `name` in messages."""
        self.state: dict[str, Any] = {}
        """What the application has put into its state; each request has a copy of it."""
        self._application = application
        self._name = name
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None
        self._is_over = False
        self._events: list[str] = []
        self._answer: Mapping[str, Any] | None = None
        self._waiting: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Send the event of start-up, and run until it is answered."""
        self.state.clear()
        self._events = ["lifespan.startup"]
        self._answer = None
        self._is_over = False
        self._task = self._loop.drive(self._is_answered, self._run())
        answer = self._answer
        if answer is not None and answer["type"] == "lifespan.startup.failed":
            self._task = None
            raise StartupFailed(
                f"the application {self._name} failed to start: {answer.get('message', '')}"
            )

    def stop(self) -> None:
        """Send the event of shutdown, and run until it is answered."""
        if self._task is None or self._is_over:
            return
        self._events.append("lifespan.shutdown")
        self._answer = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        self._loop.drive(self._is_answered)
        self._task = None
        self.state.clear()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": ASGI, "state": self.state}
        try:
            await self._application(scope, self._receive, self._send)
        except Exception:
            # It does not know of lifespans, or has said by an event why it failed.
            pass
        finally:
            self._is_over = True

    async def _receive(self) -> dict[str, Any]:
        if not self._events:
            self._waiting = self._loop.create_future()
            await self._waiting
        return {"type": self._events.pop(0)}

    async def _send(self, message: Mapping[str, Any]) -> None:
        self._answer = message

    def _is_answered(self) -> bool:
        return self._answer is not None or self._is_over
