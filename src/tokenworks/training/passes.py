"""What one pass over the text counts. A pass is small and picklable: workers on other machines run it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.text.bulk import Batch
from tokenworks.training.merges import packed
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.reading import BATCH

LONGEST_PRETOKEN = 65_536  # bytes
_SLOW_BATCH = 1 << 19  # bytes

RunWords = tuple[NDArray[np.uint8], NDArray[np.uint64], NDArray[np.uint32]]


class Pass(Protocol):
    """One pass over the text.

    scanner: the pattern that the counter itself splits text by, or "". run_words: the words whose
    runs are counted, for the counter that finds them itself. is_text: whether words are pieces of the
    text, and not sequences of symbols.
    """

    @property
    def key(self) -> str:
        """What is counted: two passes of the same key count the same."""

    @property
    def split(self) -> Pretokens: ...

    @property
    def scanner(self) -> str: ...

    @property
    def run_words(self) -> RunWords | None: ...

    @property
    def is_text(self) -> bool: ...

    def add(self, counter: _native.Counter, batch: Batch) -> None:
        """Count a batch of documents."""


@dataclass(frozen=True, slots=True)
class PretokenPass:
    """Distinct pretokens."""

    split: Pretokens
    is_text: bool = True

    @property
    def key(self) -> str:
        return f"pretokens {self.split.key}"

    @property
    def scanner(self) -> str:
        return self.split.scanner

    @property
    def run_words(self) -> RunWords | None:
        return None

    def add(self, counter: _native.Counter, batch: Batch) -> None:
        batch = self.split.normalized(batch)
        if self.scanner:
            counter.add(batch.data, batch.ends)
            return
        for document in batch.documents():
            counter.add_pretokens(document, self.split.spans(document.decode("utf-8")))


@dataclass(frozen=True, slots=True)
class RunPass:
    """Maximal runs of two or more of these words (whole pretokens) that stand side by side.

    words: the words, and the symbol of each.
    """

    split: Pretokens
    words: Mapping[bytes, int]
    is_text: bool = False

    @property
    def key(self) -> str:
        digest = blake2b(digest_size=16)
        for word, symbol in self.words.items():
            digest.update(f"{len(word)} {symbol} ".encode() + word)
        return f"runs {self.split.key} {digest.hexdigest()}"

    @property
    def scanner(self) -> str:
        return self.split.scanner

    @property
    def run_words(self) -> RunWords | None:
        if not self.scanner:
            return None
        text, starts = packed(list(self.words))
        values = np.fromiter(self.words.values(), dtype=np.uint32, count=len(self.words))
        return text, starts, values

    def add(self, counter: _native.Counter, batch: Batch) -> None:
        batch = self.split.normalized(batch)
        if self.scanner:
            counter.add(batch.data, batch.ends)
            return
        for document in batch.documents():
            spans = self.split.spans(document.decode("utf-8")).tolist()
            found = (
                self.words.get(document[a:b]) for a, b in zip(spans[::2], spans[1::2], strict=True)
            )
            counter.add_sequences(*_sequences(found))


@dataclass(frozen=True, slots=True)
class DocumentPass:
    """What `put` gives the counter of each document.

    put: called with the counter and a document. name: says what it does, options included. is_text:
    whether it counts pieces of the text, and not sequences of symbols.
    """

    split: Pretokens
    put: Callable[[_native.Counter, bytes], None]
    name: str
    is_text: bool
    scanner: str = ""
    run_words: RunWords | None = None

    @property
    def key(self) -> str:
        return f"{'pieces' if self.is_text else 'sequences'} {self.split.key} {self.name}"

    def add(self, counter: _native.Counter, batch: Batch) -> None:
        for document in self.split.normalized(batch).documents():
            self.put(counter, document)


def batch_size(what: Pass) -> int:
    """Bytes of text to read at a time: fewer where Python has a hand in it, and takes many times that."""
    return BATCH if what.scanner and not what.split.normalizer else _SLOW_BATCH


def new_counter(what: Pass, threads: int, memory: int, prefix: str) -> _native.Counter:
    """A counter for the pass; `memory` bytes for its tables, 0 is no bound."""
    return _native.Counter(what.scanner, threads, memory, prefix, LONGEST_PRETOKEN, what.run_words)


def _sequences(found: Iterable[int | None]) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
    """Maximal runs of two or more symbols between the None."""
    symbols: list[int] = []
    starts = [0]
    for symbol in found:
        if symbol is not None:
            symbols.append(symbol)
        elif len(symbols) - starts[-1] > 1:
            starts.append(len(symbols))
        else:
            del symbols[starts[-1] :]
    if len(symbols) - starts[-1] > 1:
        starts.append(len(symbols))
    del symbols[starts[-1] :]
    return np.array(symbols, dtype=np.uint32), np.array(starts, dtype=np.uint64)
