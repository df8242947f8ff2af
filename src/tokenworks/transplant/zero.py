"""Rows of zeros: the floor that every other initializer is measured against."""

from __future__ import annotations

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.fills import zeros
from tokenworks.transplant.initialization import Given, Report, compose
from tokenworks.transplant.matching import match


@method("transplant", "zero", fidelity="exact", declares=("initializer",))
def zero(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Give every new token a row of zeros.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. Cost: none. Deviations: none.
    """
    return compose(match(old, new, embeddings.input.rows), embeddings, fill=zeros)
