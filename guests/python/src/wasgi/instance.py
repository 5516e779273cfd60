"""What each instance of a component does for itself, before its first request.

The application is imported once, when the component is built; every instance starts from that
memory. So what must differ between instances, or depends on the environment in which they run, has
to be done again: that is what hooks are for.

Owns the hooks. Must not know who calls them.
"""

from collections.abc import Callable
from typing import TypeVar

Hook = TypeVar("Hook", bound=Callable[[], object])

_hooks: list[Callable[[], object]] = []


def on_instance(function: Hook) -> Hook:
    """Call `function` in each instance, when its environment is known, before its first request.

    Use it as a decorator for what reads `os.environ`, opens connections, or draws secrets::

        @wasgi.on_instance
        def configure() -> None:
            app.config["DATABASE"] = os.environ["DATABASE"]

    Functions run in the order in which they were registered. One that raises fails the request,
    and runs again before the next one. They run once more when the component is built, before the
    application is warmed up, with the environment of the build; what they raise there is reported
    and does no harm. So they have to set what they set, and not to add to it.

    Outside of a component nothing calls them.
    """
    _hooks.append(function)
    return function


def run_hooks() -> None:
    """Call what was registered. The runtime does so at the first call of an instance."""
    for hook in _hooks:
        hook()
