"""K-Tokeniser's initial rows: domain terms begin as the mean of their word pieces."""

from __future__ import annotations

import numpy as np

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, new_bytes
from tokenworks.transplant.matching import match
from tokenworks.transplant.pieces import pieces_of


@method(
    "transplant",
    "k-tokeniser",
    paper="arXiv:2406.14312",
    year=2024,
    fidelity="adapted",
    declares=("initializer",),
)
def k_tokeniser(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Give every new term the mean of the rows of its distinct old pieces.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. Cost: the new vocabulary
    encoded once. Deviations: terms are encoded without the space in front of them, and a piece counts
    once, as a term of the paper's lexicon is a set of word pieces; the paper's choice among several
    tokenizations of one term is not part of an initializer.
    """
    matched = match(old, new, embeddings.input.rows)
    terms = [token.strip() or token for token in new_bytes(matched)]
    sources, starts = pieces_of(old, terms)
    lists = []
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        pieces = np.unique(sources[begin:end]).tolist()
        lists.append((pieces, [1 / len(pieces)] * len(pieces)))
    return compose(matched, embeddings, Mixtures.of_lists(lists))
