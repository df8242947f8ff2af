"""RAMEN: new rows as sparse mixtures of old ones, by translation or by aligned word vectors."""

from __future__ import annotations

import numpy as np

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.alignment import align
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.fills import normal
from tokenworks.transplant.focus import similar_mixtures
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose
from tokenworks.transplant.matching import match
from tokenworks.transplant.text_ids import encoded
from tokenworks.transplant.wechsel import aligned_vectors


@method(
    "transplant",
    "ramen",
    paper="arXiv:2002.07306",
    year=2020,
    fidelity="adapted",
    declares=("initializer", "needs-texts"),
)
def ramen(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Mix old rows by the chance that their tokens translate the new one.

    Inputs/outputs: matrices by old id; matrices by new id, and a report. With `given.parallel` the
    weights are translation probabilities of aligned tokens; otherwise sparsemax of the cosines of
    rotated word vectors, from `given.texts` (and `old_texts`, `dictionary`) as in `wechsel`. Tokens
    without a translation are drawn from N(mean, std). Cost: that of `trans-tokenizer` or `wechsel`.
    Deviations: our own aligner and word vectors; shared tokens are copied; the joint fine-tuning on both
    languages is not part of an initializer. Raises: OptionError without translations and texts.
    """
    fill = normal(given.seed)
    if not given.parallel:
        matched, targets, sources, notes = aligned_vectors(old, new, embeddings, given, "ramen")
        ids = np.flatnonzero(sources.any(axis=1))
        mixtures = similar_mixtures(targets, sources[ids], ids)
        return compose(matched, embeddings, mixtures, fill=fill, notes=notes)
    matched = match(old, new, embeddings.input.rows)
    first = encoded(old, (one for one, _ in given.parallel))
    second = encoded(new, (two for _, two in given.parallel))
    found = align(list(zip(first, second, strict=True)))
    begin = np.searchsorted(found.target, matched.targets, side="left")
    end = np.searchsorted(found.target, matched.targets, side="right")
    lists = []
    for start, stop in zip(begin.tolist(), end.tolist(), strict=True):
        count = found.count[start:stop]
        lists.append((found.source[start:stop].tolist(), (count / count.sum()).tolist()))
    return compose(matched, embeddings, Mixtures.of_lists(lists), fill=fill)
