"""How SentinelLMs is undone by anyone who has the public model: rows are matched, and with them ids.

Both attacks use what a rigid motion leaves alone. A shift moves the mean along, so that centred rows are
the old ones; a rotation keeps the lengths of centred rows, which tell most tokens apart and give the pairs
from which the rotation follows (orthogonal Procrustes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tokenworks.transplant.embeddings import Floats, Ids

_BLOCK = 512
_ROUNDS = 3


def by_neighbours(public: Floats, keyed: Floats) -> Ids:
    """The public row that each keyed row is nearest to, once both are centred: int64 [rows].

    Undoes the released transform, which only shifts the rows.
    """
    return _nearest(_centred(public), _centred(keyed))


def by_lengths(public: Floats, keyed: Floats) -> Ids:
    """The public row of each keyed row where the rows were also rotated: int64 [rows]."""
    one, two = _centred(public), _centred(keyed)
    found = np.empty(len(two), np.int64)
    first = np.argsort(np.linalg.norm(one, axis=1))
    second = np.argsort(np.linalg.norm(two, axis=1))
    found[second] = first[: len(second)]
    for _ in range(_ROUNDS):
        u, _, v = np.linalg.svd(two.T @ one[found])
        found = _nearest(one, two @ (u @ v))
    return found


def _centred(rows: Floats) -> NDArray[np.float64]:
    wide = rows.astype(np.float64)
    centred: NDArray[np.float64] = wide - wide.mean(axis=0)
    return centred


def _nearest(public: NDArray[np.float64], keyed: NDArray[np.float64]) -> Ids:
    squares = np.einsum("ij,ij->i", public, public)
    parts = [
        np.argmin(squares - 2 * (keyed[start : start + _BLOCK] @ public.T), axis=1)
        for start in range(0, len(keyed), _BLOCK)
    ]
    found: Ids = np.concatenate(parts).astype(np.int64)
    return found
