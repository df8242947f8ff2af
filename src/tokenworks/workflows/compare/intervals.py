"""Bootstrap over documents: the figures again, on documents drawn with replacement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.workflows.compare.tally import BYTES, TOKENS

ROUNDS = 400
LEAST_DOCUMENTS = 5  # with fewer, an interval would say nothing
SURE = 95  # percent
Sums = NDArray[np.float64]  # [rounds, labels, tokenizers, 2]: tokens and bytes


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval; the ends are None where there are too few documents."""

    value: float
    low: float | None = None
    high: float | None = None


class Bootstrap:
    """Sums over the corpus, and over 400 corpora drawn from its documents.

    On parallel text a document is drawn for all labels at once, otherwise the documents of each
    label are drawn apart, and labels of one document together. Tokenizers are always compared on the
    same draws.
    """

    def __init__(self, counts: NDArray[np.int64], *, parallel: bool, seed: int = 0) -> None:
        """
        Args:
            counts: int64 [labels, tokenizers, bins, 5] of a `Tally`.
            parallel: draw documents of all labels together.
            seed: of the draws.
        """
        pair = counts[..., [TOKENS, BYTES]].astype(np.float64)
        self.total: Sums = pair.sum(axis=2)[None]
        occupied: NDArray[np.bool_] = np.any(counts[..., TOKENS] > 0, axis=1)  # [labels, bins]
        least = occupied.sum(axis=1).max() if parallel else occupied.sum()
        self.enough = bool(least >= LEAST_DOCUMENTS)
        random = np.random.default_rng(seed)
        if parallel:
            weights = _weights(random, np.asarray(np.any(occupied, axis=0)))
            self.drawn: Sums = np.einsum("rb,ltbf->rltf", weights, pair, optimize=True)
        else:
            # labels of a single document say nothing of how documents differ: they are drawn together
            single = occupied.sum(axis=1) == 1
            among_single = _weights(random, single)
            self.drawn = np.stack(
                [
                    np.einsum(
                        "rb,tbf->rtf",
                        among_single[:, [label]] * used
                        if single[label]
                        else _weights(random, used),
                        one,
                    )
                    for label, (used, one) in enumerate(zip(occupied, pair, strict=True))
                ],
                axis=1,
            )

    def estimate(self, figure: Callable[[Sums], NDArray[np.float64]]) -> list[Estimate]:
        """A figure for each tokenizer (or label), with intervals.

        Args:
            figure: from sums [rounds, labels, tokenizers, 2] to [rounds, n].
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            values = figure(self.total)[0]
            if not self.enough:
                return [Estimate(float(value)) for value in values]
            edge = (100 - SURE) / 2
            drawn = figure(self.drawn)
            low, high = np.nanpercentile(drawn, [edge, 100 - edge], axis=0)
        return [
            Estimate(float(value), float(a), float(b))
            for value, a, b in zip(values, low, high, strict=True)
        ]


def _weights(random: np.random.Generator, used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How often each bin is drawn, [rounds, bins]."""
    weights = np.zeros((ROUNDS, len(used)))
    n = int(used.sum())
    if n:
        weights[:, used] = random.multinomial(n, np.full(n, 1 / n), size=ROUNDS)
    return weights
