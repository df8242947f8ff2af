"""The matrices of a model that have one row per token, read row by row.

An initializer takes the matrices of the old vocabulary and returns those of the new one. Neither is
held in memory as a whole: a matrix is anything that gives the rows asked for, as float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Part = Literal["input", "output", "bias"]

BLOCK = 1 << 22  # numbers that are worked on at once where all rows are read


class Rows(Protocol):
    """A matrix [rows, width] whose rows are read on demand."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    @property
    def width(self) -> int:
        """How long a row is."""
        ...

    def take(self, ids: Ids) -> Floats:
        """The rows of these ids (int64 [n]), float32 [n, width], in a new array."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A matrix that is in memory."""

    array: Floats  # [rows, width]

    @property
    def rows(self) -> int:
        return int(self.array.shape[0])

    @property
    def width(self) -> int:
        return int(self.array.shape[1])

    def take(self, ids: Ids) -> Floats:
        taken: Floats = self.array[ids]
        return taken


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """The matrices of a model that have one row per token.

    `output` is None where the model uses the input matrix for both ends (tied); `bias` [rows, 1] is
    that of the output where the model has one.
    """

    input: Rows
    output: Rows | None = None
    bias: Rows | None = None

    @property
    def tied(self) -> bool:
        return self.output is None

    def parts(self) -> dict[Part, Rows]:
        """The matrices that are there, by name."""
        named: dict[Part, Rows | None] = {
            "input": self.input,
            "output": self.output,
            "bias": self.bias,
        }
        return {name: rows for name, rows in named.items() if rows is not None}


def blocks(rows: Rows) -> Iterator[Floats]:
    """All rows of a matrix in order, a few megabytes at a time."""
    size = max(1, BLOCK // max(1, rows.width))
    for start in range(0, rows.rows, size):
        yield rows.take(np.arange(start, min(start + size, rows.rows), dtype=np.int64))


def whole(rows: Rows) -> Floats:
    """The matrix in memory, float32 [rows, width]."""
    found = np.empty((rows.rows, rows.width), np.float32)
    start = 0
    for block in blocks(rows):
        found[start : start + len(block)] = block
        start += len(block)
    return found


def moments(rows: Rows, ids: Ids) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of these rows in each dimension, float64 [width] each."""
    total = np.zeros(rows.width)
    squares = np.zeros(rows.width)
    size = max(1, BLOCK // max(1, rows.width))
    for start in range(0, len(ids), size):
        block = rows.take(ids[start : start + size]).astype(np.float64)
        total += block.sum(axis=0)
        squares += np.einsum("ij,ij->j", block, block)
    n = max(1, len(ids))
    mean = total / n
    return mean, np.sqrt(np.maximum(squares / n - mean * mean, 0.0))
