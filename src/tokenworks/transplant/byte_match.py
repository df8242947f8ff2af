"""The rows of single bytes, for what no other vocabulary shares."""

from __future__ import annotations

import numpy as np

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, new_bytes
from tokenworks.transplant.matching import match
from tokenworks.transplant.pieces import pieces_of


@method("transplant", "byte-match", fidelity="exact", declares=("initializer",))
def byte_match(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Give every new token the mean of the rows of its bytes.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. Bytes without a token of
    their own are left out, tokens without any byte that has one get the mean row. Cost: one look-up
    for each byte of a token. Deviations: none.
    """
    matched = match(old, new, embeddings.input.rows)
    sources, starts = pieces_of(old, [bytes((value,)) for value in range(256)])
    row = {
        value: int(sources[starts[value]])
        for value in range(256)
        if starts[value + 1] - starts[value] == 1
    }
    lists = []
    for token in new_bytes(matched):
        ids = [row[value] for value in token if value in row]
        lists.append((ids, np.full(len(ids), 1 / max(1, len(ids))).tolist()))
    return compose(matched, embeddings, Mixtures.of_lists(lists))
