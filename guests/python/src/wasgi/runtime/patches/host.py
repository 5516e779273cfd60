"""What the host provides, while a component is built: refused, since there is no host.

A call of an import would end the build without a word of where it was made.
"""

from typing import Any

_kept: list[tuple[Any, str, Any]] = []


def guard() -> None:
    """Refuse databases and keys from now on."""
    try:
        from wit_world.imports import database, kdf, values
    except ImportError:
        return

    from componentize_py_types import Err

    reason = (
        "there is no host while a component is built: "
        "ask it when a request comes, or in a function registered with wasgi.on_instance"
    )

    def refuse_database(_name: str) -> Any:
        raise Err(values.Error_Operational(values.Report(message=reason, sqlstate="08001")))

    def refuse_key(*_: object) -> Any:
        raise Err(kdf.Error_Invalid(reason))

    _replace(database, "open", refuse_database)
    _replace(kdf, "pbkdf2_hmac", refuse_key)
    _replace(kdf, "scrypt", refuse_key)


def release() -> None:
    """Allow them again."""
    for module, name, function in _kept:
        setattr(module, name, function)
    _kept.clear()


def _replace(module: Any, name: str, function: Any) -> None:
    _kept.append((module, name, getattr(module, name)))
    setattr(module, name, function)
