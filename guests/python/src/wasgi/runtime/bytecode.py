"""Byte code of modules: compiled once for each content, and kept compressed.

Owns the cache that builds share: a folder of files that are named by what they were compiled from.
Must work without it.
"""

import hashlib
import importlib.util
import marshal
import os
import zlib
from types import CodeType

FOLDER = "/4"
"""The cache, if the build has one."""

LEVEL = 6
"""How hard byte code is compressed: time at the build for bytes of the component."""


def packed(source: bytes, path: str) -> bytes:
    """Compile `source`, which stands at `path`, or take what was compiled before."""
    name = _name(source, path)
    kept = _kept(name)
    if kept is not None:
        return kept
    code = compile(source, path, "exec", dont_inherit=True)
    content = zlib.compress(marshal.dumps(code), LEVEL)
    _keep(name, content)
    return content


def unpack(content: bytes) -> CodeType:
    """Return the code of what `packed` made."""
    code: CodeType = marshal.loads(zlib.decompress(content))
    return code


def _name(source: bytes, path: str) -> str:
    digest = hashlib.sha256(importlib.util.MAGIC_NUMBER)
    digest.update(f"{path}\0".encode())
    digest.update(source)
    return digest.hexdigest()[:40]


def _kept(name: str) -> bytes | None:
    try:
        with open(f"{FOLDER}/{name}", "rb", buffering=0) as file:
            return file.read()
    except OSError:
        return None


def _keep(name: str, content: bytes) -> None:
    # Another build may write the same file: each writes its own, and the last name wins.
    own = f"{FOLDER}/.{name}-{os.urandom(4).hex()}"
    try:
        with open(own, "wb", buffering=0) as file:
            file.write(content)
        os.rename(own, f"{FOLDER}/{name}")
    except OSError:
        return
