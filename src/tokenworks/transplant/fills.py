"""Rows drawn at random, each from its token's bytes: its number and its neighbours do not matter."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from tokenworks.transplant.embeddings import Floats, Ids, Part, Rows, moments
from tokenworks.transplant.initialization import Fill
from tokenworks.transplant.matching import Match


def standard_normal(
    match: Match, ids: Ids, width: int, seed: int, part: Part
) -> NDArray[np.float64]:
    """Independent N(0, 1) numbers for the tokens of these new ids, float64 [n, width]."""
    drawn = np.empty((len(ids), width))
    for place, number in enumerate(ids.tolist()):
        key = f"{seed}:{part}:".encode() + match.new.token_bytes(number)
        digest = int.from_bytes(blake2b(key, digest_size=16).digest(), "big")
        drawn[place] = np.random.default_rng(digest).standard_normal(width)
    return drawn


def normal(seed: int) -> Fill:
    """N(mean, std) of the old rows in each dimension, the usual last resort."""

    def fill(rows: Rows, part: Part, match: Match) -> Callable[[Ids], Floats]:
        mean, deviation = moments(rows, match.used)

        def make(ids: Ids) -> Floats:
            drawn = standard_normal(match, ids, rows.width, seed, part)
            return (mean + deviation * drawn).astype(np.float32)

        return make

    return fill


def zeros(rows: Rows, part: Part, match: Match) -> Callable[[Ids], Floats]:
    """Zeros."""
    return lambda ids: np.zeros((len(ids), rows.width), np.float32)
