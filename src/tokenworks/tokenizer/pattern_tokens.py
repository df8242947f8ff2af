"""The pieces of a regular expression: escapes, brackets, and single characters, with their depth."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PIECE = re.compile(
    r"\\[pP][A-Z]|\\[pPxuUoN]\{[^}]*\}|\\x[0-9A-Fa-f]{2}|\\.|\[:\^?[A-Za-z]+:\]|\[\^?\]?|.",
    re.DOTALL,
)


def tokens(pattern: str) -> Iterator[tuple[str, int]]:
    """Cut a pattern; the pieces joined are the pattern.

    Returns:
        Each piece with the number of character sets that it stands in. The bracket that opens a
        set and the one that closes it count as inside; a `]` right after the opening is no end.

    >>> list(tokens("a[^b]$"))
    [('a', 0), ('[^', 1), ('b', 1), (']', 1), ('$', 0)]
    """
    depth = 0
    place = 0
    while place < len(pattern):
        found = _PIECE.match(pattern, place)
        assert found is not None  # the last alternative takes any character
        piece = found[0]
        if piece.startswith("[:") and not depth:
            piece = "["
        place += len(piece)
        if piece.startswith("[") and not piece.startswith("[:"):
            depth += 1
        yield piece, depth
        if piece == "]" and depth:
            depth -= 1


def nests(pattern: str) -> bool:
    """Whether a character set stands in another, or sets are intersected."""
    previous = ""
    for piece, depth in tokens(pattern):
        if depth > 1 or (depth and previous == piece == "&"):
            return True
        previous = piece
    return False
