"""Tokens that a model cannot say: the probe that confirms an under-trained token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

_BETWEEN = ("", "\n", '", "')  # what stands between two occurrences
_TIMES = 4
_NUMBERS = 1 << 26  # of logits held at once


@method(
    "provenance",
    "repeat-probe",
    paper="arXiv:2405.05417",
    year=2024,
    needs=("torch",),
    fidelity="adapted",
    declares=("probes",),
)
def repeat_probe(model: LanguageModel, tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Show each token four times in a row and take the probability that it comes once more.

    Inputs/outputs: int64 [n] of ids; float64 [n], the highest over three prompts that differ in what
    stands between: nothing, a new line, quotation marks with a comma. Below 0.01 a token that other
    tokens of the model are far above is under-trained.
    Cost: three passes over n short sequences.
    Deviations: prompts that a model without instruction training follows, fed by id.
    Raises: OptionError for an id without a row; FormatError where the model gives NaN.
    """
    given = np.asarray(tokens, np.int64)
    model.check_rows(given)
    best = np.zeros(len(given))
    for text in _BETWEEN:
        between = model.tokenizer.encode(text).astype(np.int64).tolist()
        pattern = [*model.start, *((-1, *between) * _TIMES)]
        many = max(_NUMBERS // (len(pattern) * model.rows), 1)
        for first in range(0, len(given), many):
            part = given[first : first + many]
            rows = np.tile(np.array(pattern, np.int64), (len(part), 1))
            rows = np.where(rows < 0, part[:, None], rows)
            logits = model.logits(rows)[:, -1].float()
            found = logits.softmax(-1).cpu().numpy()[np.arange(len(part)), part]
            if np.isnan(found).any():
                raise FormatError(f"{model.name} gives NaN; its weights are damaged or overflow")
            best[first : first + len(part)] = np.maximum(best[first : first + len(part)], found)
    return best
