"""Words that were counted, in memory or on disk, until a learner takes them from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.training.bounded import budget_for_candidates, refuse_too_many
from tokenworks.training.checkpoints import spilling

_PART = 4 << 20  # bytes of words that are looked at together


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Distinct words and how often each was seen.

    symbols: the words end to end; bytes (uint8) or any symbols below 2^32 (uint32).
    starts: uint64 [n + 1], where each word begins in `symbols`. counts: uint64 [n].
    """

    symbols: NDArray[np.uint8] | NDArray[np.uint32]
    starts: NDArray[np.uint64]
    counts: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class CountedWords:
    """Words in a finished counter.

    words, word_bytes: of those seen 0, 1, 2, ... times, the last for all higher counts. pretokens: of
    the text; 0 where the words are no pretokens. least: rarer words are left out. symbol_bytes: 1 for
    text, 4 for symbols. memory: bytes for the whole process; None is no bound. tables: bytes of it for
    tables of counts. scratch: what the names of files begin with that hold what does not fit. key: what
    was counted, and in what. work: the folder for checkpoints of what is learned, or None; at most
    `every` seconds of work are lost.
    """

    counter: _native.Counter
    words: NDArray[np.uint64]
    word_bytes: NDArray[np.uint64]
    pretokens: int = 0
    least: int = 1
    symbol_bytes: int = 1
    memory: int | None = None
    tables: int = 0
    scratch: str = ""
    key: str = ""
    work: Path | None = None
    every: float = 0.0

    def budget(self, known: int, vocab_size: int) -> int:
        """Bytes for what a learner knows of pairs; 0 is no bound.

        Args:
            known: tokens before merging. vocab_size: tokens after it.

        Raises:
            OptionError: they do not fit; the message names the least count that does.
        """
        refuse_too_many(self)
        return 0 if self.memory is None else budget_for_candidates(self, known, vocab_size)

    def each_part(self, visit: Callable[[Words], None], *, ordered: bool = False) -> None:
        """Look at all words, some megabytes at a time, `ordered` by their bytes if asked for."""

        def part(*arrays: Any) -> None:
            visit(self._as_words(*arrays))

        self.counter.each_part(self.least, _PART, ordered, part)

    def together(self) -> Words:
        """All words at once."""
        sizes = (int(amount[self.least :].sum()) for amount in (self.words, self.word_bytes))
        return self._as_words(*self.counter.words(self.least, *sizes))

    def _as_words(
        self, text: NDArray[np.uint8], starts: NDArray[np.uint64], counts: NDArray[np.uint64]
    ) -> Words:
        if self.symbol_bytes == 1:
            return Words(text, starts, counts)
        return Words(text.view(np.uint32), starts // self.symbol_bytes, counts)

    def spelled(self, spell: Callable[[Words], Words], how: str) -> CountedWords:
        """The same words in other symbols, which take the place of these in memory.

        Args:
            spell: gives the words as symbols (uint32); it may leave words out, and make them equal.
            how: what it does.
        """
        counter = _native.Counter("", 1, self.tables, self.scratch)

        def add(words: Words) -> None:
            found = spell(words)
            symbols = np.ascontiguousarray(found.symbols, np.uint32).view(np.uint8)
            counter.add_counts(symbols, found.starts * 4, found.counts)

        with spilling():
            self.each_part(add)
            self.counter.forget()
            held = counter.finish()
        return replace(
            self,
            counter=counter,
            words=held["words"],
            word_bytes=held["bytes"],
            symbol_bytes=4,
            key=f"{self.key} {how}",
        )
