"""Gold boundaries of words against the token boundaries of one tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.evaluation.lexicon import Segmented
from tokenworks.evaluation.tokens_on_text import TokenBytes, lay_texts

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Per word, int64 [n]: gold boundaries, token boundaries inside it, and those that are both."""

    gold: Ints
    tokens: Ints
    both: Ints


def cut_words(spelled: TokenBytes, items: Sequence[Segmented]) -> Cut:
    """Tokenize words as they stand in a text, after a space, and compare boundaries inside them.

    The space's own boundary does not count, whether the tokenizer puts the space on the word or not.
    """
    batch, laid = lay_texts(spelled, [f" {item.word}" for item in items])
    size = len(batch.data) + 1
    gold = np.zeros(size, dtype=bool)
    begins = batch.begins[:-1] + 1  # after the space
    gold[
        [
            int(begin) + at
            for begin, item in zip(begins, items, strict=True)
            for at in item.boundaries
        ]
    ] = True
    inside = np.ones(size, dtype=bool)
    inside[batch.begins] = False
    inside[begins] = False
    cut = laid.cut & inside
    owner = np.repeat(np.arange(len(items)), np.diff(batch.begins))

    def per_word(marks: NDArray[np.bool_]) -> Ints:
        found: Ints = np.bincount(owner[marks[:-1]], minlength=len(items)).astype(np.int64)
        return found

    return Cut(per_word(gold), per_word(cut), per_word(gold & cut))
