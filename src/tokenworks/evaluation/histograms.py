"""Counts of ids per group of documents, sparse, in blocks that can be left out one by one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

BLOCKS = 16  # of each cell, for intervals: document k of a cell is in block k % BLOCKS
_PENDING = 1 << 21  # entries that may wait before they are summed


class Histograms:
    """Counts of the ids of one tokenizer by cell and block."""

    def __init__(self, size: int) -> None:
        """Count ids below `size`."""
        self.size = size
        self._keys: Ints = np.empty(0, np.int64)  # (cell * BLOCKS + block) * size + id, ascending
        self._counts: Ints = np.empty(0, np.int64)
        self._waiting: list[tuple[Ints, Ints]] = []

    def add(self, ids: NDArray[np.uint32], places: Ints) -> None:
        """Count ids; `places` is cell * BLOCKS + block of each."""
        self._waiting.append(_counted(places * self.size + ids))
        if sum(len(keys) for keys, _ in self._waiting) > _PENDING:
            self._settle()

    def _settle(self) -> None:
        if self._waiting:
            keys = np.concatenate([self._keys, *(keys for keys, _ in self._waiting)])
            counts = np.concatenate([self._counts, *(counts for _, counts in self._waiting)])
            self._waiting = []
            order = np.argsort(keys, kind="stable")
            keys, counts = keys[order], counts[order]
            first = np.flatnonzero(np.diff(keys, prepend=-1))
            self._keys = keys[first]
            self._counts = np.add.reduceat(counts, first) if len(first) else counts

    def counts(self, cells: Iterable[int]) -> Ints:
        """How often each id stands in some cells: int64 [size]."""
        found = np.zeros(self.size, dtype=np.int64)
        for keys, counts in self._of(cells):
            np.add.at(found, keys % self.size, counts)
        return found

    def blocks(self, cells: Iterable[int]) -> tuple[Ints, Ints, Ints]:
        """The entries of some cells: ids, blocks and counts, int64 [entries] each."""
        parts = list(self._of(cells))
        keys = np.concatenate([np.empty(0, np.int64), *(keys for keys, _ in parts)])
        counts = np.concatenate([np.empty(0, np.int64), *(counts for _, counts in parts)])
        return keys % self.size, keys // self.size % BLOCKS, counts

    def _of(self, cells: Iterable[int]) -> Iterable[tuple[Ints, Ints]]:
        self._settle()
        width = BLOCKS * self.size
        for cell in cells:
            begin, end = np.searchsorted(self._keys, (cell * width, (cell + 1) * width))
            yield self._keys[begin:end], self._counts[begin:end]


def _counted(keys: Ints) -> tuple[Ints, Ints]:
    found, counts = np.unique(keys, return_counts=True)
    return found, counts.astype(np.int64)
