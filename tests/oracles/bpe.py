"""Byte pair encoding in its plainest form: the oracle of the fast ones."""

from __future__ import annotations

import itertools
from collections.abc import Mapping


def merge_bytes(ranks: Mapping[bytes, int], text: bytes, below: int | None = None) -> list[bytes]:
    """Merge the adjacent parts whose joint has the lowest rank, leftmost first, until none has one.

    With `below`, only ranks lower than it count.
    """
    parts = [bytes((byte,)) for byte in text]
    while len(parts) > 1:
        best = min(
            (
                (rank, position)
                for position, pair in enumerate(itertools.pairwise(parts))
                if (rank := ranks.get(pair[0] + pair[1])) is not None
                and (below is None or rank < below)
            ),
            default=None,
        )
        if best is None:
            break
        position = best[1]
        parts[position : position + 2] = [parts[position] + parts[position + 1]]
    return parts
