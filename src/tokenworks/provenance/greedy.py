"""Greedy decoding from starts of equal length, with the probability of every token taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, UnsupportedError

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_NUMBERS = 1 << 26  # of probabilities held at once


def greedy(
    model: LanguageModel, starts: Ints, length: int, *, ends: Ints | None = None
) -> tuple[Ints, Floats]:
    """Decode `length` tokens after each start.

    Args:
        model: of any kind; one without a cache reads everything again for each token.
        starts: int64 [n, m], with what stands before a text.
        length: tokens to decode; fewer where the context ends.
        ends: ids, int64; once every start has met one the rest is left 0.

    Returns:
        The tokens, int64 [n, length], and their probabilities, float64 [n, length].

    Raises:
        FormatError: the model gives NaN.
    """
    if model.context is not None:
        length = max(min(length, model.context - starts.shape[1]), 0)
    ids = np.zeros((len(starts), length), np.int64)
    probabilities = np.zeros((len(starts), length))
    many = max(_NUMBERS // (model.rows * max(starts.shape[1], 1)), 1)
    for first in range(0, len(starts), many):
        part = slice(first, first + many)
        ids[part], probabilities[part] = _decode(model, starts[part], length, ends)
    return ids, probabilities


def _decode(
    model: LanguageModel, starts: Ints, length: int, ends: Ints | None
) -> tuple[Ints, Floats]:
    ids, probabilities = np.zeros((len(starts), length), np.int64), np.zeros((len(starts), length))
    state, new, cached = None, starts, True
    for position in range(length):
        if cached:
            try:
                found, state = model.step(new, state)
            except UnsupportedError:
                cached = False
        if not cached:
            found = model.log_probs(np.concatenate([starts, ids[:, :position]], axis=1))
        last = found[:, -1]
        if np.isnan(last).any():
            raise FormatError(f"{model.name} gives NaN; its weights are damaged or overflow")
        chosen = last.argmax(axis=1)
        ids[:, position] = chosen
        probabilities[:, position] = np.exp(last[np.arange(len(last)), chosen].astype(np.float64))
        if ends is not None and np.isin(ids[:, : position + 1], ends).any(axis=1).all():
            break
        new = chosen[:, None]
    return ids, probabilities
