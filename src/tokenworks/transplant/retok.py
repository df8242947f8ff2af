"""ReTok: the mean of the old pieces in both matrices, which alone are trained afterwards."""

from __future__ import annotations

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.fvt import fvt
from tokenworks.transplant.initialization import Given, Report


@method(
    "transplant",
    "retok",
    paper="arXiv:2410.04335",
    year=2024,
    fidelity="faithful",
    declares=("initializer",),
)
def retok(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Give every new token the mean of its old pieces in the input and the output matrix.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. Training the two matrices
    with the rest frozen is the paper's second half: `--heal N`. Cost: the new
    vocabulary encoded once. Deviations: none; as an initializer it is `fvt` on both matrices.
    """
    return fvt(old, new, embeddings, given)
