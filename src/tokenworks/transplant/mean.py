"""The mean of all old rows for every new token."""

from __future__ import annotations

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.initialization import Given, Report, compose
from tokenworks.transplant.matching import match


@method("transplant", "mean", fidelity="exact", declares=("initializer",))
def mean(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Give every new token the mean of the rows that have a token.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. Cost: one pass over the old
    matrices. Deviations: none.
    """
    return compose(match(old, new, embeddings.input.rows), embeddings)
