"""WECHSEL: new rows from the old tokens that are nearest in bilingual word vectors."""

from __future__ import annotations

import numpy as np

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats
from tokenworks.transplant.fills import normal
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, require
from tokenworks.transplant.matching import Match, match
from tokenworks.transplant.sparsemax import unit_rows
from tokenworks.transplant.word_vectors import WordVectors, dictionary_of, orthogonal_map

NEIGHBOURS = 10
TEMPERATURE = 0.1
_LEAST_ENTRIES = 20
_AT_ONCE = 512


@method(
    "transplant",
    "wechsel",
    paper="arXiv:2112.06598",
    year=2022,
    fidelity="adapted",
    declares=("initializer", "needs-texts"),
)
def wechsel(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Mix the rows of the ten old tokens nearest in word vectors that were rotated onto each other.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.texts` in the new
    language, `given.old_texts` in the model's (the same texts where left out), `given.dictionary`, or
    `given.parallel` from which one is made; without either, words that both languages have. Weights
    are softmax(cosine / 0.1). Tokens that are part of no word are drawn from N(mean, std). Cost: word
    vectors of two corpora, targets x old tokens x 100 products. Deviations: word vectors factorise
    counts (see `spectral_vectors`); a token's vector is the mean of the words it is part of; shared
    tokens are copied. Raises: OptionError without texts, or with fewer than 20 known word pairs.
    """
    matched, targets, sources, notes = aligned_vectors(old, new, embeddings, given, "wechsel")
    ids = np.flatnonzero(sources.any(axis=1))
    anchors = sources[ids]
    lists: list[tuple[list[int], list[float]]] = []
    for start in range(0, len(targets), _AT_ONCE):
        block = targets[start : start + _AT_ONCE]
        cosines = np.round(block @ anchors.T, 5)  # tokens of one same word are equally near
        near = np.argsort(-cosines, axis=1, kind="stable")[:, :NEIGHBOURS]
        best = np.take_along_axis(cosines, near, axis=1)
        weights = np.exp((best - best[:, :1]) / TEMPERATURE)
        weights /= weights.sum(axis=1, keepdims=True)
        for place, vector in enumerate(block):
            none = not vector.any()
            lists.append(([], []) if none else (ids[near[place]].tolist(), weights[place].tolist()))
    return compose(
        matched, embeddings, Mixtures.of_lists(lists), fill=normal(given.seed), notes=notes
    )


def aligned_vectors(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given, name: str
) -> tuple[Match, Floats, Floats, dict[str, int]]:
    """The match, unit vectors of its targets and of all old tokens in one space, and figures."""
    require(given, "texts", name, "texts in the language of the new tokenizer (--on)")
    matched = match(old, new, embeddings.input.rows)
    second = WordVectors(given.texts)
    first = WordVectors(given.old_texts) if given.old_texts else second
    if given.dictionary:
        dictionary = list(given.dictionary)
    elif given.parallel:
        dictionary = dictionary_of(given.parallel)
    else:
        dictionary = [(word, word) for word in first.words if word in second.number]
    rotation, entries = orthogonal_map(first, second, dictionary)
    if entries < _LEAST_ENTRIES:
        raise OptionError(
            f"{name} found {entries} pairs of words in both texts, too few to bring their vectors "
            "together; give more text, a dictionary, or translations (--parallel)"
        )
    targets = unit_rows(second.of_tokens(new)[matched.targets])
    sources = unit_rows(first.of_tokens(old) @ rotation)
    sources[list(old.specials.values())] = 0
    return matched, targets, sources, {"word_pairs": entries}
