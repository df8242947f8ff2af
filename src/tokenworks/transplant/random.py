"""Random rows with the mean and deviation of the old ones in each dimension."""

from __future__ import annotations

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.fills import normal
from tokenworks.transplant.initialization import Given, Report, compose
from tokenworks.transplant.matching import match


@method("transplant", "random", fidelity="exact", declares=("initializer",))
def random(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Draw the row of every new token from N(mean, std) of the old rows, dimension by dimension.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.seed`. Cost: one pass
    over the old matrices. Deviations: none.
    """
    fill = normal(given.seed)
    return compose(match(old, new, embeddings.input.rows), embeddings, fill=fill)
