"""Baseline: what a tokenizer compresses well, against one trained for it alone, it was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.provenance.alphabet import NO_SYMBOL
from tokenworks.provenance.evidence import Evidence, Floats
from tokenworks.provenance.shares import Shares
from tokenworks.registry import method


@method(
    "provenance",
    "encoding-efficiency",
    paper="arXiv:2407.16607",
    year=2024,
    fidelity="adapted",
    declares=("mixture",),
)
def encoding_efficiency(
    evidence: Evidence, start: Shares | None = None, *, slope: float = 10.0
) -> Shares:
    """Take the bytes per token of each category, relative to a tokenizer of its own, to a power.

    Inputs/outputs: evidence; shares of the bytes, float64 [n].
    Cost: a tokenizer is trained on each category, with as many merges as the one asked about.
    Deviations: the paper learns a log-linear model from tokenizers of known mixture; here its slope
    is given.
    """
    tokens = evidence.token_counts.sum(axis=0)
    own = own_tokens(evidence)
    weights = (own / np.maximum(tokens, 1.0)) ** slope  # the bytes cancel out
    return Shares(weights / weights.sum())


def own_tokens(evidence: Evidence) -> Floats:
    """Tokens of each category under a tokenizer trained on it alone: float64 [n]."""
    words = evidence.words
    found = np.zeros(evidence.n)
    word_of = np.repeat(
        np.arange(len(words.starts) - 1), np.diff(words.entry_starts.astype(np.int64))
    )
    for category in range(evidence.n):
        ours = evidence.category_of[words.groups] == category
        counts = np.bincount(
            word_of[ours],
            weights=words.counts[ours] * evidence.times[words.groups[ours]],
            minlength=len(words.starts) - 1,
        ).astype(np.float64)
        found[category] = _own(evidence, np.flatnonzero(counts), counts)
    return found


def _own(evidence: Evidence, which: NDArray[np.int64], counts: Floats) -> float:
    words = evidence.words
    begins = words.starts[which].astype(np.int64)
    ends = words.starts[which + 1].astype(np.int64)
    lengths = ends - begins
    starts = np.concatenate([[0], np.cumsum(lengths)])
    index = np.repeat(begins - starts[:-1], lengths) + np.arange(starts[-1])
    raw = words.symbols[index]
    used, symbols = np.unique(raw, return_inverse=True)
    symbol_of = np.arange(len(used), dtype=np.int64)
    symbol_of[used == NO_SYMBOL] = -1
    spelled = np.frombuffer("".join(chr(0x4000 + i) for i in range(len(used))).encode(), np.uint8)
    merges = len(evidence.merges)
    learner = _native.learner(
        symbols.astype(np.uint32),
        starts.astype(np.uint64),
        counts[which].astype(np.uint64),
        symbol_of,
        spelled,
        np.arange(len(used) + 1, dtype=np.uint64) * 3,
        len(used) + merges,
        2,
    )
    learner.run(merges)
    # each merge of a pair that occurs c times takes c tokens away
    symbols_in_all = float((lengths * counts[which]).sum())
    return max(symbols_in_all - float(learner.counts().sum()), 1.0)
