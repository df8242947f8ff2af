"""Sums per tokenizer, label and bin: all that a comparison keeps of a corpus, whatever its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BINS = 128  # documents of a label go around these; intervals are drawn over them
LABELS = 400  # further labels share one
OTHER = "(further labels)"
TOKENS, BYTES, CHARACTERS, WORDS, DOCUMENTS = range(5)


class Tally:
    """Counts of tokens, bytes, characters, words and documents."""

    def __init__(self, tokenizers: int) -> None:
        self._tokenizers = tokenizers
        self.index: dict[str, int] = {}
        self._seen: list[int] = []  # documents of each label so far
        self._counts = np.zeros((8, tokenizers, BINS, 5), np.int64)

    @property
    def labels(self) -> list[str]:
        """The labels in the order in which they came."""
        return list(self.index)

    @property
    def counts(self) -> NDArray[np.int64]:
        """[labels, tokenizers, bins, 5]: tokens, bytes, characters, words, documents."""
        return self._counts[: len(self.index)]

    @property
    def overflowed(self) -> bool:
        """True if some labels had to share one."""
        return OTHER in self.index

    def place(self, label: str) -> tuple[int, int]:
        """The label's number and the bin of its next document; both are taken by the call."""
        number = self.index.get(label)
        if number is None:
            if len(self.index) >= LABELS and label != OTHER:
                return self.place(OTHER)
            number = self.index[label] = len(self.index)
            self._seen.append(0)
            if number == len(self._counts):
                self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
        position = self._seen[number]
        self._seen[number] += 1
        return number, position % BINS

    def add(
        self,
        tokenizer: int,
        labels: NDArray[np.int64],
        bins: NDArray[np.int64],
        tokens: NDArray[np.int64],
        sizes: NDArray[np.int64],
    ) -> None:
        """Add the documents of a batch.

        Args:
            tokenizer: its number.
            labels, bins: int64 [n], from `place`.
            tokens: int64 [n], -1 where the tokenizer failed; such a document is not counted.
            sizes: int64 [n, 3], bytes, characters and words.
        """
        good = tokens >= 0
        rows = np.column_stack([tokens, sizes, np.ones_like(tokens)])[good]
        np.add.at(self._counts[:, tokenizer], (labels[good], bins[good]), rows)
