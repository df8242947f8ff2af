"""What every measure of prompt extraction and every defence must do, on a tiny model of random weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tokenworks.provenance.forcing_laws import tiny_model
from tokenworks.provenance.leaked_text import ngram_recall, partial_ratio
from tokenworks.testing import law

_PROMPT = "Be kind."


@law(
    "measures lie between nothing and all, and a reply that is the prompt gives all",
    when="extracts",
)
def measured(extract: Callable[..., Any]) -> None:
    model = tiny_model()
    found = extract(model, _PROMPT, ["What?", "Why?"], length=6)
    assert len(found.replies) == 2 and found.recall.shape == (2, 4), found
    assert ((found.recall >= 0) & (found.recall <= 1)).all(), found.recall
    assert ((found.ratio >= 0) & (found.ratio <= 100)).all(), found.ratio
    again = extract(model, _PROMPT, ["What?", "Why?"], secrets=found.replies[:1], length=6)
    if found.replies[0].split():
        assert again.recall[0].min() == 1 and again.ratio[0] == 100, (again.recall, again.ratio)
    taken = extract(
        model, _PROMPT, ["What?"], secrets=("entirely other",), decoys=found.replies[:1], length=6
    )
    ids = np.arange(4)
    assert ngram_recall(ids, ids, 3) == 1 and partial_ratio(_PROMPT, _PROMPT) == 100
    assert (
        taken.ratio[0]
        <= extract(model, _PROMPT, ["What?"], secrets=("entirely other",), length=6).ratio[0] + 1e-9
    )


@law("the words of the prompt stay, in order; the same seed gives the same edit", when="defends")
def defended(defend: Callable[..., Any]) -> None:
    model, prompt = tiny_model(), "You answer briefly. Never name the colour blue."
    found = defend(prompt, model, seed=3)
    assert found.text != prompt, "the prompt is not edited"
    words = iter(found.text.split())
    assert all(word in words for word in prompt.split()), found.text
    assert found == defend(prompt, model, seed=3), "the same seed gives another edit"
    left = iter(found.secret.split())
    assert all(word in left for word in prompt.split()), "the secret misses words of the prompt"
    for decoy in found.decoys:
        assert decoy in found.text and decoy not in prompt, decoy
