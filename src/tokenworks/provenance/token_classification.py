"""Baseline: the share of a category is the share of the tokens that are most frequent in it."""

from __future__ import annotations

import numpy as np

from tokenworks.provenance.evidence import Evidence
from tokenworks.provenance.shares import Shares
from tokenworks.registry import method


@method(
    "provenance",
    "token-classification",
    paper="arXiv:2407.16607",
    year=2024,
    fidelity="adapted",
    declares=("mixture",),
)
def token_classification(
    evidence: Evidence, start: Shares | None = None, *, slope: float = 1.0
) -> Shares:
    """Give every token to the category that uses it most; shares are by numbers of tokens.

    Inputs/outputs: evidence; shares of the bytes, float64 [n].
    Cost: one pass over the counts of tokens.
    Deviations: the paper learns a log-linear model from tokenizers of known mixture; here its slope
    is given. A token that no category uses counts for none.
    """
    counts = evidence.token_counts / np.maximum(evidence.by_category(evidence.bytes), 1.0)
    made = evidence.merges.merges[:, 2]
    used = counts[made]
    best = used.argmax(axis=1)[used.max(axis=1) > 0]
    tokens = np.bincount(best, minlength=evidence.n).astype(np.float64)
    weights = np.maximum(tokens, 0.5) ** slope
    return Shares(weights / weights.sum())
