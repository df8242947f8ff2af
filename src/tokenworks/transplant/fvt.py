"""Fast Vocabulary Transfer: the rows of the old tokens that spell a new one, combined."""

from __future__ import annotations

import numpy as np

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Ids
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, new_bytes
from tokenworks.transplant.matching import match
from tokenworks.transplant.pieces import pieces_of

VARIANTS = ("mean", "sum", "weighted", "last")


@method(
    "transplant",
    "fvt",
    paper="doi:10.18653/v1/2022.emnlp-industry.41",
    year=2022,
    fidelity="faithful",
    declares=("initializer",),
)
def fvt(
    old: Tokenizer,
    new: Tokenizer,
    embeddings: Embeddings,
    given: Given,
    *,
    variant: str = "mean",
) -> tuple[Embeddings, Report]:
    """Give every new token the mean of the rows of the old tokens that spell it.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. `variant`: "mean"; "sum";
    "weighted", piece i of n counts i in the input matrix and n + 1 - i in the output; "last", the
    input takes the row of the last piece (what the model has just read), the output that of the first
    (what it must predict). Tokens that the old vocabulary cannot spell get the mean of all rows.
    Cost: the new vocabulary encoded once. Deviations: the paper has an encoder and its input matrix
    only; both matrices are treated here. Raises: OptionError for another variant.
    """
    if variant not in VARIANTS:
        raise OptionError(f"variant {variant!r} is not one of {', '.join(VARIANTS)}")
    matched = match(old, new, embeddings.input.rows)
    sources, starts = pieces_of(old, new_bytes(matched))
    sizes = np.diff(starts)
    place = np.arange(len(sources)) - np.repeat(starts[:-1], sizes)
    size = np.repeat(sizes, sizes)
    given_weights = _weights(variant, place, size)
    output_weights = _weights(variant, size - 1 - place, size)
    return compose(
        matched,
        embeddings,
        Mixtures(starts, sources, given_weights),
        output=Mixtures(starts, sources, output_weights),
    )


def _weights(variant: str, place: Ids, size: Ids) -> Floats:
    """Of each piece, `place` counted from the end that matters least."""
    if variant == "mean":
        found = 1 / size
    elif variant == "sum":
        found = np.ones(len(size))
    elif variant == "weighted":
        found = 2 * (place + 1) / (size * (size + 1))
    else:
        found = place == size - 1
    return np.asarray(found, np.float32)
