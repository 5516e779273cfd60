"""Python web applications as WebAssembly components, behind the gateway of `wasgi`.

A WSGI or ASGI application needs nothing of this package: `wasgi build` finds and wraps it. What
stands here is for those who want more: handlers without a framework, and a hook for what each
instance must do for itself.

Owns the public names. Must import nothing that a guest alone has: the package can be imported
under any CPython, so that an application can be tested without a gateway.
"""

from wasgi.http import Handler, Request, Response
from wasgi.instance import on_instance

__all__ = ["Handler", "Request", "Response", "on_instance"]
__version__ = "0.1.0"
