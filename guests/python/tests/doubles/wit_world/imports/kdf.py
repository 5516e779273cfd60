"""`wasgi:crypto/kdf`."""

from dataclasses import dataclass
from enum import Enum


class Hash(Enum):
    SHA1 = 0
    SHA224 = 1
    SHA256 = 2
    SHA384 = 3
    SHA512 = 4


@dataclass
class Error_Invalid:
    value: str


@dataclass
class Error_TooCostly:
    value: str


@dataclass
class Error_Denied:
    pass


def pbkdf2_hmac(hash: Hash, password: bytes, salt: bytes, iterations: int, length: int) -> bytes:
    raise NotImplementedError


def scrypt(password: bytes, salt: bytes, n: int, r: int, p: int, length: int) -> bytes:
    raise NotImplementedError
