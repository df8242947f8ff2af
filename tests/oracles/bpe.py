"""Byte pair encoding in its plainest form: the oracle of the fast ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping


def merge_bytes(ranks: Mapping[bytes, int], text: bytes, below: int | None = None) -> list[bytes]:
    """Merge the adjacent parts whose joint has the lowest rank, leftmost first, until none has one.

    With `below`, only ranks lower than it count.
    """

    def rank(left: bytes, right: bytes) -> int | None:
        found = ranks.get(left + right)
        return found if below is None or found is None or found < below else None

    return _merge(text, rank)


def merge_pairs(ranks: Mapping[tuple[bytes, bytes], int], text: bytes) -> list[bytes]:
    """The same where pairs have ranks, not what they join to."""
    return _merge(text, lambda left, right: ranks.get((left, right)))


def _merge(text: bytes, rank: Callable[[bytes, bytes], int | None]) -> list[bytes]:
    parts = [bytes((byte,)) for byte in text]
    while len(parts) > 1:
        best = min(
            (
                (found, position)
                for position, pair in enumerate(itertools.pairwise(parts))
                if (found := rank(*pair)) is not None
            ),
            default=None,
        )
        if best is None:
            break
        position = best[1]
        parts[position : position + 2] = [parts[position] + parts[position + 1]]
    return parts
