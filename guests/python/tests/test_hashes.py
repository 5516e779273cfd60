"""Keys from passwords: the fallback, and the checks of the standard library."""

import hashlib
import unittest
from typing import Any

from wasgi.runtime.patches import hashes


class Pbkdf2Test(unittest.TestCase):
    def test_the_fallback_computes_what_the_standard_library_does(self) -> None:
        for name, password, salt, count, length in (
            ("sha1", b"password", b"salt", 2, 20),
            ("sha256", b"x" * 200, b"salt", 3, 70),
            ("md5", b"", b"", 1, 5),
            ("sha512", b"password", b"na\0cl", 10, 64),
        ):
            expected = hashlib.pbkdf2_hmac(name, password, salt, count, length)
            self.assertEqual(hashes._pbkdf2(name, password, salt, count, length), expected)

    def test_refuses_what_the_standard_library_refuses(self) -> None:
        cases: list[tuple[Any, ...]] = [
            ("sha256", b"p", b"s", 0),
            ("sha256", b"p", b"s", -1),
            ("sha256", b"p", b"s", 2**40),
            ("sha256", b"p", b"s", 1, 0),
            ("nothing", b"p", b"s", 1),
            ("sha256", "p", b"s", 1),
            (7, b"p", b"s", 1),
        ]
        for case in cases:
            with self.assertRaises(Exception) as theirs:
                hashlib.pbkdf2_hmac(*case)
            # Its own kind of it, where there is no such hash function.
            is_value = isinstance(theirs.exception, ValueError)
            with self.assertRaises(ValueError if is_value else type(theirs.exception)):
                hashes.pbkdf2_hmac(*case)


class ScryptTest(unittest.TestCase):
    def test_refuses_what_the_standard_library_refuses(self) -> None:
        cases: list[dict[str, Any]] = [
            {"n": 3, "r": 1, "p": 1},
            {"n": 1, "r": 1, "p": 1},
            {"n": 16, "r": 0, "p": 1},
            {"n": 1 << 20, "r": 8, "p": 1},
            {"n": 16, "r": 1, "p": 1, "dklen": 0},
            {"n": 16, "r": 1, "p": 1, "maxmem": -1},
        ]
        for case in cases:
            with self.assertRaises(ValueError):
                hashlib.scrypt(b"p", salt=b"s", **case)
            with self.assertRaises(ValueError):
                hashes.scrypt(b"p", salt=b"s", **case)
