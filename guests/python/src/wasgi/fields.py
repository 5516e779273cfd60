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

KEYS: dict[str, str | None] = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
"""The environ's keys for the names that came; `None` for those that are left out."""

NAMES: dict[str, str] = {}
"""The names that applications sent, in lower case."""


def key_of(name: str) -> str | None:
    """Return the environ's key for a field that is not in `KEYS`: `None` if it is left out.

    A name with an underscore is: it could pass for the one with a hyphen, which a proxy checks.
    """
    key = None if "_" in name else "HTTP_" + name.upper().replace("-", "_")
    # Limit: NAMES_MAX.
    if len(KEYS) < NAMES_MAX:
        KEYS[name] = key
    return key


def name_of(name: str, refuse: Callable[[str], NoReturn]) -> str:
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
    if len(NAMES) < NAMES_MAX:
        NAMES[name] = lower
    return lower


def check_value(name: str, value: str, refuse: Callable[[str], NoReturn]) -> None:
    """Refuse control characters: with them, a value could become another field."""
    if type(value) is not str:
        raise TypeError
    for character in value:
        if (character < " " and character != "\t") or character == "\x7f":
            refuse(
                f"gave start_response a control character in the header {name!r}: {value!r:.80}: "
                "remove it, or encode the value"
            )


def explain(field: object, refuse: Callable[[str], NoReturn]) -> NoReturn:
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
