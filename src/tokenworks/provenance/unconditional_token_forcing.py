"""Unconditional token forcing: every token as a start, and how sure the model is of what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.provenance.greedy import greedy
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.lm.model import LanguageModel

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Forced:
    """What follows each start when decoded greedily.

    starts: int64 [n], one id each. ids: int64 [n, length], the tokens that follow. probabilities:
    float64 [n, length], those of the tokens taken.
    """

    starts: Ints
    ids: Ints
    probabilities: Floats

    @property
    def scores(self) -> Floats:
        """The mean of 1, for the start, and of the probabilities: float64 [n], in (0, 1]."""
        length = self.probabilities.shape[1]
        found: Floats = (1 + self.probabilities.sum(axis=1)) / (1 + length)
        return found

    def ranked(self) -> Ints:
        """Positions in `starts`, the highest score first."""
        found: Ints = np.lexsort((self.starts, -self.scores))
        return found


@method(
    "provenance",
    "unconditional-token-forcing",
    paper="arXiv:2406.02481",
    year=2024,
    needs=("torch",),
    declares=("forces",),
)
def unconditional_token_forcing(
    model: LanguageModel,
    starts: Ints | None = None,
    *,
    length: int = 3,
    batch: int = 256,
    on_batch: Callable[[Forced], None] = lambda _: None,
) -> Forced:
    """Decode a few tokens after every token of the vocabulary, fed by its id and without a prompt.

    Inputs/outputs: a model; `starts`, int64 [n], by default every id that has a token and a row; a
    `Forced` in their order. `on_batch` is given each batch when it is done. Text that was learned by
    heart follows its first token with probabilities near 1; so do headings and boilerplate.
    Cost: `length` passes over n sequences of one or two tokens.
    Raises: OptionError for a length or batch below 1, or a start without a row.
    """
    if length < 1 or batch < 1:
        raise OptionError(f"length {length} and batch {batch} must be at least 1")
    given = all_starts(model) if starts is None else np.asarray(starts, np.int64)
    model.check_rows(given)
    before = np.array(model.start, np.int64)
    parts = []
    for first in range(0, len(given), batch):
        part = given[first : first + batch]
        whole = np.concatenate([np.tile(before, (len(part), 1)), part[:, None]], axis=1)
        parts.append(Forced(part, *greedy(model, whole, length)))
        on_batch(parts[-1])
    return joined(parts, length)


def all_starts(model: LanguageModel) -> Ints:
    """Every id of the tokenizer for which the model has a row: int64 [n], ascending."""
    definition = model.tokenizer.definition
    known = {*definition.model.ids.tolist(), *(token.id for token in definition.added)}
    return np.array(sorted(id for id in known if id < model.rows), np.int64)


def joined(parts: list[Forced], length: int) -> Forced:
    """Batches as one."""
    empty = Forced(np.zeros(0, np.int64), np.zeros((0, length), np.int64), np.zeros((0, length)))
    if not parts:
        return empty
    return Forced(
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
    )
