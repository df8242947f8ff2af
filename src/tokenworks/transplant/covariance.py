"""Rows drawn from the normal distribution that the old rows have together (John Hewitt)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import BLOCK, Embeddings, Floats, Ids, Part, Rows, moments
from tokenworks.transplant.fills import standard_normal
from tokenworks.transplant.initialization import Fill, Given, Report, compose
from tokenworks.transplant.matching import Match, match

_FALLBACK = 0.02


@method(
    "transplant",
    "covariance",
    paper="John Hewitt, Initializing New Word Embeddings for Pretrained Language Models, 2021",
    year=2021,
    fidelity="exact",
    declares=("initializer",),
)
def covariance(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Draw the row of every new token from N(mean, covariance) of the old rows.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.seed`. Where the
    covariance is not positive definite the rows are 0.02 N(0, I). Cost: one product of the old matrix
    with itself, width cubed for its root. Deviations: none.
    """
    fill = _drawn(given.seed)
    return compose(match(old, new, embeddings.input.rows), embeddings, fill=fill)


def _drawn(seed: int) -> Fill:
    def fill(rows: Rows, part: Part, match: Match) -> Callable[[Ids], Floats]:
        mean, _ = moments(rows, match.used)
        product = np.zeros((rows.width, rows.width))
        size = max(1, BLOCK // rows.width)
        for start in range(0, len(match.used), size):
            centred = rows.take(match.used[start : start + size]) - mean.astype(np.float32)
            product += centred.T @ centred
        try:
            root = np.linalg.cholesky(product / len(match.used))
        except np.linalg.LinAlgError:
            mean = np.zeros(rows.width)
            root = _FALLBACK * np.eye(rows.width)

        def make(ids: Ids) -> Floats:
            drawn = standard_normal(match, ids, rows.width, seed, part)
            return (mean + drawn @ root.T).astype(np.float32)

        return make

    return fill
