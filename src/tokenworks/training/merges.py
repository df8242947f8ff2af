"""Merges learned from counted words: the native merger, with its inputs and results as arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native

_STRIDE = 4096  # merges between two looks at the keyboard and the progress bar

Progress = Callable[[int], None]


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
    """Words that lie in a finished counter, on disk perhaps, until a learner takes them from there.

    least: rarer ones are left out. symbol_bytes: 1 or 4. memory: bytes that the learner may take for
    what it knows of pairs. release: removes what lies on disk.
    """

    counter: _native.Counter
    least: int
    symbol_bytes: int
    memory: int
    release: Callable[[], None]


@dataclass(frozen=True, slots=True, eq=False)
class Merges:
    """Merges in the order in which they were learned.

    pairs: uint32 [m, 2], ids of the left and right part. tokens: uint32 [m], the id of the result.
    counts: uint64 [m], how often the pair stood in the words when it was merged.
    """

    pairs: NDArray[np.uint32]
    tokens: NDArray[np.uint32]
    counts: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.counts)

    def first(self, n: int) -> Merges:
        """The first `n` merges."""
        return Merges(self.pairs[:n], self.tokens[:n], self.counts[:n])


def packed(strings: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """Strings end to end, and where each begins: uint8 [total], uint64 [n + 1]."""
    starts = np.zeros(len(strings) + 1, dtype=np.uint64)
    np.cumsum([len(string) for string in strings], out=starts[1:])
    return np.frombuffer(b"".join(strings), dtype=np.uint8), starts


def learn_merges(
    words: Words | CountedWords,
    strings: Sequence[bytes],
    token_of_symbol: NDArray[np.int64],
    vocab_size: int,
    *,
    min_frequency: int = 0,
    max_token_length: int | None = None,
    threshold: int = 0,
    max_words: int = 0,
    veto_colon_space: bool = False,
    reuse: bool = True,
    enough: Callable[[NDArray[np.uint64]], bool] | None = None,
    progress: Progress | None = None,
    memory: int = 0,
) -> Merges:
    """Learn merges until the vocabulary has `vocab_size` tokens or no pair is frequent enough.

    The merges are those of Hugging Face's `BpeTrainer` for the same words: the pair of highest count
    first, then of smallest left and right id; "aaa" counts as two overlapping pairs.

    Args:
        words: what to learn from.
        strings: the spelling of each token known so far, in the order of their ids: special tokens
            and the alphabet. A merge that spells a special token becomes that token.
        token_of_symbol: int64 [highest symbol + 1], the id of each symbol; -1 drops it from words.
        vocab_size: tokens in all, those of `strings` included.
        min_frequency: rarer pairs are not merged.
        max_token_length: in symbols; merged tokens stay under it, as in the reference.
        threshold: pairs that are born rarer than this are counted anew when they are reached, which
            saves memory and changes nothing else; 0 chooses by the size of the corpus.
        max_words: pieces between spaces that a merged token may have; 0 is no limit.
        veto_colon_space: no merged token holds ": ".
        reuse: False leaves out merges that spell a known token.
        enough: asked now and then with the counts so far; True ends the learning early.
        progress: called now and then with the number of merges learned since the last call.
        memory: bytes for what is known of pairs, beside the words themselves; 0 is no bound. It
            changes the time that merging takes and nothing else. Counted words bring their own.
    """
    tokens = (token_of_symbol, *packed(strings), vocab_size, min_frequency, max_token_length or 0)
    rules = (max_words, veto_colon_space, reuse)
    if isinstance(words, CountedWords):
        try:
            learner = _native.learner_of_counts(
                words.counter, words.least, words.symbol_bytes, *tokens, *rules, words.memory
            )
        finally:
            words.release()
    else:
        learner = _native.learner(
            words.symbols, words.starts, words.counts, *tokens, threshold, *rules, memory
        )
    del words  # the learner has its own copy; the caller's may be the only other one
    while step := learner.run(_STRIDE):
        if progress is not None:
            progress(step)
        if enough is not None and enough(learner.counts()):
            break
    learned = learner.merges()
    return Merges(np.ascontiguousarray(learned[:, :2]), learned[:, 2].copy(), learner.counts())
