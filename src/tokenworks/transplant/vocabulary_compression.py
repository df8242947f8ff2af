"""Vocabulary compression for tiny models: the most frequent tokens stay, with their rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.registry import method
from tokenworks.tokenizer.definition import Bpe, Unigram
from tokenworks.tokenizer.piece_ids import id_map, renumbered
from tokenworks.tokenizer.prune_plan import Limits, plan
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.initialization import Given, compose, require
from tokenworks.transplant.matching import inherited_match

COVERAGE = 0.98


@method(
    "transplant",
    "vocabulary-compression",
    paper="arXiv:2402.02791",
    year=2024,
    fidelity="adapted",
    declares=("transform", "needs-texts"),
)
def vocabulary_compression(
    embeddings: Embeddings, tokenizer: Tokenizer, given: Given, *, coverage: float = COVERAGE
) -> tuple[Embeddings, Tokenizer]:
    """Keep the most frequent tokens, which make up a share of the text, and inherit their rows.

    In a tiny model the two token matrices are a large part of all parameters, and most of their rows
    are for tokens that hardly occur. Inputs/outputs: matrices and a tokenizer; fewer rows, each bit for
    bit an old one, and a tokenizer with the tokens that stay, renumbered in their order. `given.texts`
    say what is frequent. `coverage`: the share of all tokens of these texts that the tokens counted as
    frequent make up. Cost: the texts encoded once. Deviations: the parts that a kept token is merged
    from stay as well, so that a text of kept tokens gets the same tokens as before; special tokens and
    the alphabet always stay. Raises: OptionError without texts or for a coverage outside (0, 1];
    UnsupportedError for WordPiece.
    """
    require(given, "texts", "vocabulary-compression", "text that says what is frequent (--on)")
    if not 0 < coverage <= 1:
        raise OptionError(f"coverage is {coverage}; it must be above 0 and at most 1")
    definition = tokenizer.definition
    model = definition.model
    if not isinstance(model, Bpe | Unigram):
        raise UnsupportedError(
            f"{tokenizer.name}: WordPiece; vocabulary-compression needs merges or a Unigram model"
        )
    ids, _ = tokenizer.encode_batch(list(given.texts), specials="text")
    uses = np.bincount(ids, minlength=tokenizer.max_id_plus_one)[model.ids]
    kept = plan(definition, uses, Limits(), unwanted=~_frequent(uses, coverage))
    new_ids = id_map(definition, kept)
    made = Tokenizer.from_definition(renumbered(definition, kept, new_ids))
    matched = inherited_match(tokenizer, made, new_ids, embeddings.input.rows)
    return compose(matched, embeddings)[0], made


def _frequent(uses: NDArray[np.int64], coverage: float) -> NDArray[np.bool_]:
    """The fewest pieces that make up this share of all uses, of equal ones the first learned."""
    order = np.argsort(-uses, kind="stable")
    reached = np.cumsum(uses[order])
    enough = int(np.searchsorted(reached, coverage * reached[-1])) + 1
    found = np.zeros(len(uses), np.bool_)
    found[order[:enough]] = True
    return found & (uses > 0)
