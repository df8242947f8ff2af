"""Batches of passages of a text, each batch drawn by its number alone."""

from __future__ import annotations

import numpy as np

from tokenworks.errors import FormatError

_TO_A_BOUNDARY = 40  # characters


class TextSlices:
    """Passages that begin where a word does; batch n is the same whenever it is asked for."""

    def __init__(self, text: str, *, many: int, characters: int, seed: int = 0) -> None:
        """Prepare.

        Args:
            text: to cut from.
            many: passages of a batch.
            characters: of a passage.
            seed: of their places.

        Raises:
            FormatError: the text is shorter than two passages.
        """
        if len(text) < 2 * characters:
            raise FormatError(
                f"the text has {len(text):,} characters; at least {2 * characters:,} are needed"
            )
        self._text, self._many, self._characters, self._seed = text, many, characters, seed

    def __call__(self, number: int) -> list[str]:
        """The batch of this number, from 0 on."""
        random = np.random.default_rng([self._seed, 2, number])
        last = len(self._text) - self._characters - _TO_A_BOUNDARY
        found = []
        for start in random.integers(0, max(1, last), self._many).tolist():
            space = self._text.find(" ", start, start + _TO_A_BOUNDARY)
            begin = space if space >= 0 else start
            found.append(self._text[begin : begin + self._characters])
        return found
