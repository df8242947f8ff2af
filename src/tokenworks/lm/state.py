"""What a model remembers between steps: its cache of keys and values, and how far it has read."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokenworks.errors import OptionError, UnsupportedError


@dataclass(slots=True)
class State:
    """The cache of one or several sequences of equal length.

    cache: of `transformers`. length: tokens read so far. batch: how many sequences.
    """

    cache: Any
    length: int
    batch: int

    def copy(self) -> State:
        """A state of its own: steps from one do not change the other."""
        return State(copy.deepcopy(self.cache), self.length, self.batch)

    def select(self, rows: Sequence[int]) -> State:
        """A state of these sequences in this order; rows may repeat, as in a beam.

        Raises:
            OptionError: a row outside the batch, or none.
        """
        import torch

        if not len(rows) or not all(0 <= row < self.batch for row in rows):
            raise OptionError(f"rows are {list(rows)[:9]}; expected some of 0..{self.batch - 1}")
        cache = copy.deepcopy(self.cache)
        cache.batch_select_indices(torch.as_tensor(list(rows), dtype=torch.long))
        return State(cache, self.length, len(rows))

    def crop(self, length: int) -> State:
        """A state that has read only the first `length` tokens.

        Raises:
            OptionError: longer than what was read, or empty.
            UnsupportedError: the cache sums up what it has read, as that of a recurrent layer.
        """
        if not 0 < length <= self.length:
            raise OptionError(f"length is {length}; expected 1 to {self.length}")
        cache = copy.deepcopy(self.cache)
        if length < self.length:
            try:
                cache.crop(length - self.length)  # transformers counts what is taken away
            except (ValueError, NotImplementedError, RuntimeError, AttributeError) as error:
                raise UnsupportedError(f"this model's cache cannot go back: {error}") from None
        return State(cache, length, self.batch)
