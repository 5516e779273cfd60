"""Sockets while a component is built: refused.

The C library remembers the network that it first asked for, and a component that runs has another
one. So what is opened, or looked up, at import would end every instance at its first real socket.
"""

import errno
from typing import Any

_NAMES = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")

_kept: dict[str, Any] = {}


class NotYet(OSError):
    """A socket was asked for while the component is built."""


def guard() -> None:
    """Refuse sockets and names from now on."""
    import socket

    def refuse(*_: Any, **__: Any) -> Any:
        raise NotYet(
            errno.EACCES,
            "there is no network while a component is built: "
            "connect when a request comes, or in a function registered with wasgi.on_instance",
        )

    _kept["__init__"] = socket.socket.__init__
    socket.socket.__init__ = refuse  # type: ignore[method-assign]
    for name in _NAMES:
        if hasattr(socket, name):
            _kept[name] = getattr(socket, name)
            setattr(socket, name, refuse)


def release() -> None:
    """Allow them again."""
    import socket

    socket.socket.__init__ = _kept.pop("__init__")  # type: ignore[method-assign]
    for name, function in _kept.items():
        setattr(socket, name, function)
    _kept.clear()
