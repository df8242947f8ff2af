"""Vectors of symbols from what stands near them: the factors of their pointwise information.

Skip-gram with negative sampling, which fastText and word2vec train, implicitly factorises the
shifted pointwise mutual information of symbols and contexts (Levy and Goldberg, 2014). Factorising
it outright needs counts only, no learning rate, and gives the same result on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tokenworks.transplant.embeddings import Floats, Ids

WINDOW = 5
SMOOTHING = 0.75  # contexts are counted to this power, as word2vec samples its negatives
_STEPS = 3  # of the power iteration
_BLOCK = 1 << 24  # numbers that one block of a product may hold


def spectral_vectors(
    sequences: Iterable[Ids], symbols: int, *, dimensions: int = 100, min_count: int = 10
) -> Floats:
    """Make vectors of the symbols of some sequences.

    Args:
        sequences: symbols, int64 [n] each; contexts do not cross their ends.
        symbols: how many there are; numbers below it.
        dimensions: of a vector.
        min_count: symbols that are seen less often get a vector of zeros.

    Returns:
        Vectors, float32 [symbols, dimensions].
    """
    parts = [np.concatenate([one, np.full(WINDOW, -1, np.int64)]) for one in sequences]
    text = np.concatenate([np.zeros(0, np.int64), *parts])
    seen = np.bincount(text[text >= 0], minlength=symbols)
    met, place = np.unique(text, return_index=True)
    met = met[np.argsort(place)]  # in the order of the text, so that the numbers do not matter
    met = met[met >= 0]
    kept = met[seen[met] >= max(1, min_count)]
    vectors = np.zeros((symbols, dimensions), np.float32)
    if len(kept) < 2:
        return vectors
    number = np.full(symbols + 1, -1, np.int64)  # the last place is that of the ends
    number[kept] = np.arange(len(kept))
    matrix = _information(number[text], len(kept))
    rank = min(dimensions, len(kept) - 1)
    vectors[kept, :rank] = _factors(matrix, len(kept), rank)
    return vectors


Sparse = tuple[Ids, Ids, NDArray[np.float64]]  # starts, columns, values


def _information(text: Ids, n: int) -> Sparse:
    """Positive pointwise mutual information, symmetric, nearer contexts counting more."""
    keys: list[Ids] = []
    sums: list[NDArray[np.float64]] = []
    for distance in range(1, WINDOW + 1):
        left, right = text[:-distance], text[distance:]
        inside = (left >= 0) & (right >= 0)
        left, right = left[inside], right[inside]
        key, count = np.unique(
            np.concatenate([left * n + right, right * n + left]), return_counts=True
        )
        keys.append(key)
        sums.append(count / distance)
    key, place = np.unique(np.concatenate(keys), return_inverse=True)
    count = np.bincount(place, np.concatenate(sums), minlength=len(key))
    row, column = key // n, key % n
    of_row = np.bincount(row, count, minlength=n)
    smooth = of_row**SMOOTHING
    information = np.log(count * smooth.sum() / (of_row[row] * smooth[column]))
    positive = information > 0
    starts = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(row[positive], minlength=n), out=starts[1:])
    return starts, column[positive], information[positive]


def _factors(matrix: Sparse, n: int, rank: int) -> NDArray[np.float64]:
    """Left singular vectors times the roots of the singular values (Halko et al., 2011)."""
    transposed = _transposed(matrix, n)
    wide = min(n, rank + 10)
    basis = np.linalg.qr(_times(matrix, np.random.default_rng(0).normal(size=(n, wide))))[0]
    for _ in range(_STEPS):
        basis = np.linalg.qr(_times(transposed, basis))[0]
        basis = np.linalg.qr(_times(matrix, basis))[0]
    small = _times(transposed, basis).T
    left, values, _ = np.linalg.svd(small, full_matrices=False)
    found: NDArray[np.float64] = (basis @ left)[:, :rank] * np.sqrt(values[:rank])
    return found


def _transposed(matrix: Sparse, n: int) -> Sparse:
    starts, columns, values = matrix
    rows = np.repeat(np.arange(n), np.diff(starts))
    order = np.argsort(columns, kind="stable")
    turned = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(columns, minlength=n), out=turned[1:])
    return turned, rows[order], values[order]


def _times(matrix: Sparse, dense: NDArray[np.float64]) -> NDArray[np.float64]:
    """The product of a sparse and a dense matrix, a few million numbers at a time."""
    starts, columns, values = matrix
    n = len(starts) - 1
    product = np.zeros((n, dense.shape[1]))
    most = max(1, _BLOCK // dense.shape[1])
    row = 0
    while row < n:
        end = max(row + 1, int(np.searchsorted(starts, starts[row] + most, side="right")) - 1)
        span = slice(int(starts[row]), int(starts[end]))
        if span.stop > span.start:
            terms = values[span, None] * dense[columns[span]]
            filled = np.flatnonzero(np.diff(starts[row : end + 1])) + row
            product[filled] = np.add.reduceat(terms, starts[filled] - starts[row], axis=0)
        row = end
    return product
