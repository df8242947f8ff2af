"""What a vocabulary is spent on, which part of it a text uses, and which no text can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.workflows.audit.describe import by_category, by_script, shown
from tokenworks.workflows.audit.reach import ordinary_tokens, reach
from tokenworks.workflows.compare.result import Unreachable
from tokenworks.workflows.text_around import impossible

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

RENYI_ORDER = 2.5
EXAMPLES = 8


def renyi_efficiency(histogram: NDArray[np.int64], order: float = RENYI_ORDER) -> float:
    """Renyi entropy of the token frequencies over the logarithm of the types that occurred."""
    seen = histogram[histogram > 0].astype(np.float64)
    if len(seen) < 2:
        return 0.0
    shares = seen / seen.sum()
    return float(np.log(np.sum(shares**order)) / (1 - order) / np.log(len(seen)))


def vocabulary_scripts(tokenizer: Tokenizer) -> dict[str, int]:
    """How many tokens of the vocabulary each script has, most first."""
    return by_script(list(ordinary_tokens(tokenizer).values()))


def text_categories(tokenizer: Tokenizer, histogram: NDArray[np.int64]) -> dict[str, int]:
    """How many tokens of the text are of each kind, most first."""
    numbers = np.flatnonzero(histogram)
    tokens = [tokenizer.token_bytes(number) for number in numbers.tolist()]
    return by_category(tokens, histogram[numbers])


def unreachable_tokens(tokenizer: Tokenizer, seed: int = 0) -> Unreachable:
    """The ordinary tokens that no text was found for.

    Left out are bytes that no text contains, pieces that the model declares unused, and bytes to
    fall back on where each character has a piece of its own.
    """
    model = tokenizer.definition.model
    excused = set(getattr(model, "unused", ()))
    if getattr(model, "byte_fallback", False):
        excused |= {
            int(i)
            for i, piece in zip(model.ids, model.pieces, strict=True)
            if len(piece) == 6 and piece.startswith(b"<0x")
        }
    tokens = {
        i: p
        for i, p in ordinary_tokens(tokenizer).items()
        if i not in excused and not impossible(p)
    }
    found = reach(tokenizer, tokens, seed)
    left = [i for i in tokens if not found.seen[i]]
    return Unreachable(len(left), tuple(shown(tokens[i]) for i in left[:EXAMPLES]))
