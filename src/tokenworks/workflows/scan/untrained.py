"""Suspicious rows of a model, confirmed by asking it to repeat their tokens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.evaluation.proportion import wilson
from tokenworks.evaluation.under_trained import indicators
from tokenworks.lm.model import LanguageModel
from tokenworks.provenance.repeat_probe import repeat_probe
from tokenworks.tokenizer import Tokenizer
from tokenworks.workflows.scan.result import Untrained, UntrainedToken

PROBED = 0.02  # share of the tokens with the most suspicious rows
LEAST = 20  # tokens probed where that share is fewer
CONTROLS = 200
UNLIKELY = 0.01  # probability below which a token cannot be said
_BATCH = 64


def untrained(
    model: LanguageModel, *, seed: int = 0, on_tokens: Callable[[int, int], None]
) -> Untrained:
    """Probe the most suspicious tokens, and others as a control.

    Args:
        model: opened from a folder.
        seed: of the draw of controls.
        on_tokens: called with tokens probed, of how many.

    Raises:
        FormatError: the folder's matrices cannot be read.
    """
    assert model.path is not None
    rows = indicators(model.tokenizer, model.path)
    place = {id: number for number, id in enumerate(rows.ids.tolist())}
    ordinary = [id for id in rows.ranked().tolist() if reachable(model.tokenizer, id)]
    probed = ordinary[: max(round(PROBED * len(ordinary)), LEAST)]
    rest = np.array(ordinary[len(probed) :], np.int64)
    controls = np.random.default_rng(seed).permutation(rest)[:CONTROLS]
    every = np.concatenate([np.array(probed, np.int64), controls])
    said = _probe(model, every, on_tokens)
    failed = int((said[len(probed) :] < UNLIKELY).sum())
    answered = bool(len(controls)) and 2 * failed < len(controls)
    confirmed = tuple(
        UntrainedToken(
            id,
            model.tokenizer.token_bytes(id).decode("utf-8"),
            probability,
            float(rows.similarity[place[id]]),
            float(rows.norm[place[id]]),
        )
        for id, probability in zip(probed, said.tolist(), strict=False)
        if answered and probability < UNLIKELY
    )
    low, high = wilson(failed, len(controls))
    return Untrained(
        confirmed, len(ordinary), len(probed), len(controls), failed, low, high, answered
    )


def _probe(
    model: LanguageModel, tokens: NDArray[np.int64], on_tokens: Callable[[int, int], None]
) -> NDArray[np.float64]:
    found = np.zeros(len(tokens))
    for first in range(0, len(tokens), _BATCH):
        part = slice(first, first + _BATCH)
        found[part] = repeat_probe(model, tokens[part])
        on_tokens(min(first + _BATCH, len(tokens)), len(tokens))
    return found


def reachable(tokenizer: Tokenizer, id: int) -> bool:
    """Whether a token is text, and that text is encoded as this token."""
    try:
        text = tokenizer.token_bytes(id).decode("utf-8")
        return bool(text) and tokenizer.encode(text, specials="text").tolist() == [id]
    except (UnicodeDecodeError, OptionError):
        return False
