"""`hashlib.pbkdf2_hmac` and `hashlib.scrypt`, which the guest's CPython is built without.

The host computes them. Owns the checks of the arguments, which are those of the standard library,
and a slow `pbkdf2_hmac` for the hash functions that the host does not know.
"""

import hashlib
from typing import Any, SupportsIndex

INT_MAX = 2**31 - 1
"""The largest count that OpenSSL takes."""

SCRYPT_BYTES_MAX = 32 << 20
"""Memory that OpenSSL lets scrypt take where `maxmem` is 0."""

HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
"""The hash functions of the interface `kdf`."""

try:
    from wit_world.imports import kdf
except ImportError:
    kdf = None  # type: ignore[assignment]


def install() -> None:
    """Add both functions to `hashlib`, unless they are there."""
    if not hasattr(hashlib, "pbkdf2_hmac"):
        hashlib.pbkdf2_hmac = pbkdf2_hmac
    if kdf is not None and not hasattr(hashlib, "scrypt"):
        hashlib.scrypt = scrypt


def pbkdf2_hmac(
    hash_name: str,
    password: Any,
    salt: Any,
    iterations: SupportsIndex,
    dklen: SupportsIndex | None = None,
) -> bytes:
    """Derive a key with PBKDF2: `hashlib.pbkdf2_hmac`."""
    if not isinstance(hash_name, str):
        kind = type(hash_name).__name__
        raise TypeError(f"pbkdf2_hmac() argument 'hash_name' must be str, not {kind}")
    secret = bytes(memoryview(password))
    grain = bytes(memoryview(salt))
    count = iterations.__index__()
    if count < 1:
        raise ValueError("iteration value must be greater than 0.")
    if count > INT_MAX:
        raise OverflowError("iteration value is too great.")
    name = hash_name.lower().replace("-", "")
    try:
        size = hashlib.new(name).digest_size
    except ValueError:
        raise ValueError(f"unsupported hash type {hash_name}") from None
    length = size if dklen is None else dklen.__index__()
    if length < 1:
        raise ValueError("key length must be greater than 0.")
    if length > INT_MAX:
        raise OverflowError("key length is too great.")
    if kdf is None or name not in HASHES:
        return _pbkdf2(name, secret, grain, count, length)
    return _derive(kdf.pbkdf2_hmac, getattr(kdf.Hash, name.upper()), secret, grain, count, length)


def scrypt(
    password: Any,
    *,
    salt: Any,
    n: SupportsIndex,
    r: SupportsIndex,
    p: SupportsIndex,
    maxmem: SupportsIndex = 0,
    dklen: SupportsIndex = 64,
) -> bytes:
    """Derive a key with scrypt: `hashlib.scrypt`."""
    secret = bytes(memoryview(password))
    grain = bytes(memoryview(salt))
    cost, block, lanes = n.__index__(), r.__index__(), p.__index__()
    if cost < 2 or cost & (cost - 1):
        raise ValueError("n must be a power of 2.")
    memory, length = maxmem.__index__(), dklen.__index__()
    if not 0 <= memory <= INT_MAX:
        raise ValueError(f"maxmem must be positive and smaller than {INT_MAX}")
    if not 1 <= length <= INT_MAX:
        raise ValueError(f"dklen must be greater than 0 and smaller than {INT_MAX}")
    if block < 1 or lanes < 1 or block * lanes >= 1 << 30:
        raise ValueError("Invalid parameter combination for n, r, p and maxmem.")
    needed = 128 * block * (lanes + cost + 2)
    if needed > (memory or SCRYPT_BYTES_MAX):
        raise ValueError(
            f"Invalid parameter combination for n, r, p and maxmem: {needed} bytes are needed"
        )
    return _derive(kdf.scrypt, secret, grain, cost, block, lanes, length)


def _derive(function: Any, *arguments: Any) -> bytes:
    """Let the host compute a key."""
    from componentize_py_types import Err

    try:
        key: bytes = function(*arguments)
    except Err as error:
        reason = error.value
    else:
        return key
    if isinstance(reason, kdf.Error_Denied):
        raise PermissionError("the manifest denies this application the host's `crypto`")
    raise ValueError(reason.value)


def _pbkdf2(name: str, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    """Compute PBKDF2 here: RFC 8018, section 5.2."""
    # Not with `hmac`, each copy of which costs as much again.
    start = hashlib.new(name)
    if len(password) > start.block_size:
        password = hashlib.new(name, password).digest()
    padded = password.ljust(start.block_size, b"\0")
    inner = hashlib.new(name, padded.translate(_INNER))
    outer = hashlib.new(name, padded.translate(_OUTER))

    def keyed(message: bytes) -> bytes:
        hidden, shown = inner.copy(), outer.copy()
        hidden.update(message)
        shown.update(hidden.digest())
        return shown.digest()

    key = b""
    block = 0
    while len(key) < length:
        block += 1
        part = keyed(salt + block.to_bytes(4))
        total = int.from_bytes(part)
        for _ in range(iterations - 1):
            part = keyed(part)
            total ^= int.from_bytes(part)
        key += total.to_bytes(len(part))
    return key[:length]


_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
