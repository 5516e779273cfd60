"""The request's body: sizes, lines, ends and errors."""

import unittest
from collections.abc import Iterable

from componentize_py_types import Err
from wit_world.imports import types

from wasgi.input import PIECE_BYTES_MAX, Input, InputError


class Source(Input):
    """A body that comes in these pieces, then in an error if one is given."""

    def __init__(self, pieces: Iterable[bytes], error: object = None) -> None:
        self.pieces = list(pieces)
        self.error = error
        self.asked: list[int] = []


def _read(source: Source, size: int) -> bytes:
    source.asked.append(size)
    if not source.pieces:
        if source.error is not None:
            raise Err(source.error)
        return b""
    piece = source.pieces.pop(0)
    if len(piece) > size:
        source.pieces.insert(0, piece[size:])
    return piece[:size]


class InputTest(unittest.TestCase):
    def setUp(self) -> None:
        import wasgi.input

        self._kept = wasgi.input._read
        wasgi.input._read = _read  # type: ignore[assignment]

    def tearDown(self) -> None:
        import wasgi.input

        wasgi.input._read = self._kept

    def test_reads_all_without_a_size(self) -> None:
        self.assertEqual(Source([b"ab", b"cd"]).read(), b"abcd")
        self.assertEqual(Source([b"ab", b"cd"]).read(None), b"abcd")

    def test_reads_a_size_across_pieces_and_no_more(self) -> None:
        source = Source([b"ab", b"cdef"])
        self.assertEqual(source.read(3), b"abc")
        self.assertEqual(source.read(0), b"")
        self.assertEqual(source.read(99), b"def")
        self.assertEqual(source.read(99), b"")

    def test_asks_for_no_more_than_one_piece(self) -> None:
        source = Source([b"x"])
        source.read(10 * PIECE_BYTES_MAX)
        self.assertEqual(max(source.asked), PIECE_BYTES_MAX)

    def test_asks_nothing_before_it_is_read_and_nothing_after_the_end(self) -> None:
        source = Source([])
        self.assertEqual(source.asked, [])
        self.assertEqual([source.read(), source.readline(), list(source)], [b"", b"", []])
        self.assertEqual(len(source.asked), 1)

    def test_reads_lines_across_pieces(self) -> None:
        source = Source([b"one\ntw", b"o\n", b"\nend"])
        self.assertEqual(list(source), [b"one\n", b"two\n", b"\n", b"end"])

    def test_reads_a_part_of_a_line(self) -> None:
        source = Source([b"longer\nx"])
        self.assertEqual([source.readline(3), source.readline(99)], [b"lon", b"ger\n"])
        self.assertEqual(source.read(), b"x")

    def test_reads_lines_up_to_a_hint(self) -> None:
        source = Source([b"1\n2\n3\n4\n"])
        self.assertEqual(source.readlines(3), [b"1\n", b"2\n"])
        self.assertEqual(source.readlines(), [b"3\n", b"4\n"])

    def test_reads_into_a_buffer(self) -> None:
        buffer = bytearray(3)
        self.assertEqual(Source([b"abcdef"]).readinto(buffer), 3)
        self.assertEqual(buffer, b"abc")

    def test_fails_with_an_oserror_that_says_why(self) -> None:
        for reason, words in (
            (types.InputError_Closed(), "client left"),
            (types.InputError_TooLarge(), "limit"),
            (types.InputError_TimedOut(), "silent"),
            (types.InputError_Other("odd"), "odd"),
        ):
            with self.assertRaisesRegex(InputError, words) as caught:
                Source([b"ab"], reason).read()
            self.assertIsInstance(caught.exception, OSError)
