"""What texts cost under a model, and what exactly was counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LN2 = float(np.log(2.0))


@dataclass(frozen=True, slots=True)
class Scores:
    """The cost of every token of every text.

    What is counted:
        Every token of a text, the first one given the model's start token (BOS). Where a model has no
        such token, the first token costs log2(rows), as if all were equally likely (`uniform_start`).
        The start token itself and an end of text are not counted.
        A text longer than the window is read in overlapping windows, each from the start token on; a
        token counts once, in the first window that reaches it.
        Bytes are those of the text as given. Where a tokenizer normalises or drops some, its tokens
        describe less than the text: `changed` says how many bytes, and the cost is then only a lower
        bound.

    ids: uint32 [tokens]. starts: uint64 [texts + 1], where each text begins in them.
    nats: float64 [tokens]: -log p of each. ends: int64 [tokens]: the byte of the text where each ends.
    bytes: int64 [texts]. changed: int64 [texts]: bytes that the tokens do not give back.
    window, stride: in tokens. start: the ids before every window.
    """

    ids: NDArray[np.uint32]
    starts: NDArray[np.uint64]
    nats: NDArray[np.float64]
    ends: NDArray[np.int64]
    bytes: NDArray[np.int64]
    changed: NDArray[np.int64]
    window: int
    stride: int
    start: tuple[int, ...]

    @property
    def texts(self) -> int:
        """How many texts."""
        return len(self.bytes)

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Tokens of each text, int64 [texts]."""
        return np.diff(self.starts.astype(np.int64))

    @property
    def bits(self) -> NDArray[np.float64]:
        """What each text costs, float64 [texts]."""
        total = np.concatenate([[0.0], np.cumsum(self.nats)]) / LN2
        found: NDArray[np.float64] = np.diff(total[self.starts.astype(np.int64)])
        return found

    @property
    def uniform_start(self) -> bool:
        """Whether the first tokens were counted as equally likely, for want of a start token."""
        return not self.start

    @property
    def lossless(self) -> bool:
        """Whether the tokens give back every byte of the texts."""
        return not self.changed.any()

    @property
    def bits_per_byte(self) -> float:
        """Of all texts together; 0.0 if they are empty."""
        return float(self.nats.sum() / LN2 / max(int(self.bytes.sum()), 1))

    def slice(self, text: int) -> slice:
        """The tokens of one text, for `ids`, `nats` and `ends`."""
        return slice(int(self.starts[text]), int(self.starts[text + 1]))
