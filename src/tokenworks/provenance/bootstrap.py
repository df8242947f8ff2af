"""How far shares move when the blocks of the samples are drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.provenance.data_mixture_inference import data_mixture_inference
from tokenworks.provenance.evidence import Evidence
from tokenworks.provenance.shares import Shares

_ROUNDS = 12  # of search for rivals; what is left then changes shares far less than the sampling


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Shares over replicates: float64 [replicates, n], and a 95 % interval: low, high [n]."""

    draws: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Standard deviation of each share, float64 [n]."""
        return np.asarray(self.draws.std(axis=0, ddof=1))


def spread(
    evidence: Evidence,
    found: Shares,
    replicates: int,
    *,
    seed: int = 0,
    advance: Callable[[float], None] = lambda _: None,
) -> Spread:
    """Draw the blocks of every category with replacement, and infer anew.

    The interval is that of a normal distribution, within [0, 1], and covers the chance of the samples
    alone, not how the training text differs from them. Drawing k blocks of k makes deviations too
    small by sqrt((k - 1) / k), which is put right.

    Args:
        evidence: of the whole samples. found: what they say.
        replicates: at least two.
    """
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(replicates):
        draw = evidence.resampled(random)
        draws.append(data_mixture_inference(draw, found, rounds=_ROUNDS).weights)
        advance(1)
    table = np.array(draws)
    blocks = np.bincount(evidence.category_of).min()
    wide = 1.96 * table.std(axis=0, ddof=1) * np.sqrt(blocks / max(blocks - 1, 1))
    low = np.clip(found.weights - wide, 0.0, 1.0)
    return Spread(table, low, np.clip(found.weights + wide, 0.0, 1.0))
