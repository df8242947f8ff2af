"""Many tokens as one array of characters, so that a vocabulary is looked at in array operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_SEPARATOR = "\n"


@dataclass(frozen=True, slots=True, eq=False)
class TokenCharacters:
    """The characters of n tokens end to end.

    points: code points, uint32 [characters]; after those of each token stands one more, which is of no
    token. starts: where each token begins in them, int64 [n]. ends: where its separator stands, int64
    [n]. partial: whether its bytes are no UTF-8, bool [n].
    """

    points: NDArray[np.uint32]
    starts: Ints
    ends: Ints
    partial: NDArray[np.bool_]

    @classmethod
    def of(cls, tokens: Sequence[bytes]) -> TokenCharacters:
        """The characters of tokens, given by their bytes."""
        joined = _SEPARATOR.encode().join([*tokens, b""])
        # A byte that is no UTF-8 becomes one of U+DC80 .. DCFF.
        text = joined.decode("utf-8", "surrogateescape")
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        escaped = (points & 0xFFFFFF80) == 0xDC80
        sizes = 1 + (points > 0x7F).astype(np.int8) + (points > 0x7FF) + (points > 0xFFFF)
        sizes[escaped] = 1
        after = np.cumsum(sizes, dtype=np.int64)  # bytes up to and with each character
        lengths = np.array([len(token) + 1 for token in tokens], dtype=np.int64)
        ends = np.searchsorted(after, np.cumsum(lengths))
        starts = np.concatenate([[0], ends[:-1] + 1])[: len(tokens)]
        found = cls(points, starts, ends, np.zeros(len(tokens), dtype=bool))
        found.partial[:] = found.any(escaped)
        return found

    @property
    def lengths(self) -> Ints:
        """Characters of each token; a byte that is no UTF-8 counts as one."""
        return self.ends - self.starts

    def any(self, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a flag of characters is set in each token, bool [n]."""
        return self.union(flags.astype(np.uint8)) > 0

    def union(self, bits: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
        """The bits that stand at some character of each token, [n]."""
        return self._reduced(np.bitwise_or, bits, 0)

    def least(self, values: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
        """The least value of the characters of each token, the greatest there is for none, [n]."""
        return self._reduced(np.minimum, values, np.iinfo(values.dtype).max)

    def greatest(self, values: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
        """The greatest value of the characters of each token, 0 for none, [n]."""
        return self._reduced(np.maximum, values, 0)

    def _reduced(
        self, function: np.ufunc, values: NDArray[np.unsignedinteger], neutral: int
    ) -> NDArray[np.unsignedinteger]:
        if not len(self.starts):
            return values[:0]
        own = values.copy()
        own[self.ends] = neutral
        found: NDArray[np.unsignedinteger] = function.reduceat(own, self.starts)
        return found


class CharacterTable:
    """A small number for each character, asked for once per character."""

    def __init__(self, number_of: Callable[[str], int]) -> None:
        """number_of: from a character to its number, below 65,535."""
        self._number_of = number_of
        self._known = np.full(0x110000, _UNSEEN, dtype=np.uint16)

    def __call__(self, points: NDArray[np.uint32]) -> NDArray[np.uint16]:
        """The numbers of code points, uint16 [n]."""
        found = self._known[points]
        unseen = points[found == _UNSEEN]
        if len(unseen):
            for point in np.unique(unseen).tolist():
                self._known[point] = self._number_of(chr(point))
            found = self._known[points]
        return found


_UNSEEN = 0xFFFF
