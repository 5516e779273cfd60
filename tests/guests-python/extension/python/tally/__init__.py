"""Counts words, in Rust."""

from tally._tally import count as count
