"""The row of the longest old token that a new token begins with."""

from __future__ import annotations

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, new_bytes
from tokenworks.transplant.matching import match


@method("transplant", "prefix-match", fidelity="exact", declares=("initializer",))
def prefix_match(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Give every new token the row of the longest old token that is a prefix of it.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. Tokens without such a prefix
    get the mean row. Cost: one look-up for each prefix of a token. Deviations: none.
    """
    matched = match(old, new, embeddings.input.rows)
    special = set(old.specials.values())
    lists: list[tuple[list[int], list[float]]] = []
    for token in new_bytes(matched):
        prefixes = (old.id_of(token[:end]) for end in range(len(token), 0, -1))
        found = next((one for one in prefixes if one is not None and one not in special), None)
        lists.append(([], []) if found is None else ([found], [1.0]))
    return compose(matched, embeddings, Mixtures.of_lists(lists))
