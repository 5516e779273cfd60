"""Header fields between the contract, where values are bytes, and WSGI, where all is Latin-1 text.

Owns the spelling of names in both directions, and the rules for what an application may send. Must
look at each name in full only once: both directions remember those that they have seen.
"""

from collections.abc import Callable
from typing import NoReturn

NAMES_MAX = 512
"""Names that each direction remembers. Others are looked at whenever they come."""

NAME_CHARACTERS = frozenset(
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
"""What a field's name consists of (RFC 9110, section 5.6.2)."""

HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)
"""Fields that concern one connection. PEP 3333 forbids them to applications."""

_keys: dict[str, str | None] = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_names: dict[str, str] = {}


def key_of(name: str) -> str | None:
    """Return the environ's key for the field `name`, or `None` if the field is left out.

    A name with an underscore is: it could pass for the one with a hyphen, which a proxy checks.
    """
    try:
        return _keys[name]
    except KeyError:
        key = None if "_" in name else "HTTP_" + name.upper().replace("-", "_")
        # Limit: NAMES_MAX.
        if len(_keys) < NAMES_MAX:
            _keys[name] = key
        return key


def encode(field: tuple[str, str], refuse: Callable[[str], NoReturn]) -> tuple[str, bytes]:
    """Check a field that an application sends, and return it as the contract has it.

    Calls `refuse` with what is wrong.
    """
    try:
        name, value = field
        lower = _names.get(name)
        if lower is None:
            lower = _name(name, refuse)
        if not value.isprintable():
            _control(name, value, refuse)
        return lower, value.encode("latin-1")
    except (TypeError, ValueError, AttributeError):
        _explain(field, refuse)


def _name(name: str, refuse: Callable[[str], NoReturn]) -> str:
    """Check a name that was not seen before, and return it in lower case."""
    if type(name) is not str:
        raise TypeError
    if not name or not NAME_CHARACTERS.issuperset(name):
        refuse(f"gave start_response a header named {name!r}: expected a token such as 'X-Name'")
    lower = name.lower()
    if lower in HOP_BY_HOP:
        refuse(
            f"gave start_response the header {name!r}, which concerns one connection and is the "
            "server's own (PEP 3333): leave it out"
        )
    if lower == "status":
        refuse("gave start_response a header 'Status': the status is its first argument")
    # Limit: NAMES_MAX.
    if len(_names) < NAMES_MAX:
        _names[name] = lower
    return lower


def _control(name: str, value: str, refuse: Callable[[str], NoReturn]) -> None:
    """Refuse control characters: with them, a value could become another field."""
    if type(value) is not str:
        raise TypeError
    for character in value:
        if (character < " " and character != "\t") or character == "\x7f":
            refuse(
                f"gave start_response a control character in the header {name!r}: {value!r:.80}: "
                "remove it, or encode the value"
            )


def _explain(field: object, refuse: Callable[[str], NoReturn]) -> NoReturn:
    """Say what is wrong with a field that could not be taken apart or encoded."""
    if type(field) is not tuple or len(field) != 2:
        refuse(f"gave start_response the header {field!r:.80}: expected a tuple (name, value)")
    for part in field:
        if type(part) is not str:
            refuse(
                f"gave start_response the header {field!r:.80} with a part of the type "
                f"{type(part).__name__}: expected two str"
            )
    refuse(
        f"gave start_response a value for {field[0]!r} that is not Latin-1: {field[1]!r:.80}: "
        "encode it, as urllib.parse.quote does"
    )
