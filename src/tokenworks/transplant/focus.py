"""FOCUS: new rows as sparse mixtures of shared ones that are alike in an auxiliary space."""

from __future__ import annotations

import numpy as np

from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Ids
from tokenworks.transplant.fills import normal
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, require
from tokenworks.transplant.matching import match
from tokenworks.transplant.sparsemax import sparsemax, unit_rows
from tokenworks.transplant.spectral_vectors import spectral_vectors
from tokenworks.transplant.text_ids import encoded

_AT_ONCE = 256


@method(
    "transplant",
    "focus",
    paper="arXiv:2305.14481",
    year=2023,
    fidelity="adapted",
    declares=("initializer", "needs-texts"),
)
def focus(
    old: Tokenizer, new: Tokenizer, embeddings: Embeddings, given: Given
) -> tuple[Embeddings, Report]:
    """Mix the rows of shared tokens by sparsemax of their similarity in an auxiliary space.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.texts` in the language
    of the new tokenizer. Tokens seen fewer than 10 times in it are drawn from N(mean, std). Cost: one
    pass over the texts, targets x shared x 100 products. Deviations: the auxiliary vectors factorise
    counts (see `spectral_vectors`) instead of being trained by fastText; shared tokens are exact
    matches only. Raises: OptionError without texts.
    """
    require(given, "texts", "focus", "texts in the language of the new tokenizer (--on)")
    matched = match(old, new, embeddings.input.rows)
    vectors = unit_rows(spectral_vectors(encoded(new, given.texts), new.max_id_plus_one))
    anchors = matched.shared[vectors[matched.shared].any(axis=1)]
    mixtures = similar_mixtures(vectors[matched.targets], vectors[anchors], matched.source[anchors])
    notes = {"anchors": len(anchors), "without_vector": int((np.diff(mixtures.starts) == 0).sum())}
    return compose(matched, embeddings, mixtures, fill=normal(given.seed), notes=notes)


def similar_mixtures(targets: Floats, anchors: Floats, rows: Ids) -> Mixtures:
    """Sparsemax of cosines: unit vectors of targets and anchors, and the old row of each anchor."""
    lists: list[tuple[list[int], list[float]]] = []
    for start in range(0, len(targets), _AT_ONCE):
        block = targets[start : start + _AT_ONCE]
        weights = sparsemax(block @ anchors.T) if len(anchors) else None
        for place, vector in enumerate(block):
            if weights is None or not vector.any():
                lists.append(([], []))
                continue
            chosen = np.flatnonzero(weights[place])
            lists.append((rows[chosen].tolist(), weights[place, chosen].tolist()))
    return Mixtures.of_lists(lists)
