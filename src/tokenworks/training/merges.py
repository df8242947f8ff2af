"""Merges learned from counted words: the native merger, with its inputs and results as arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import OptionError
from tokenworks.interruption import interruptions
from tokenworks.training.counted_words import CountedWords, Words
from tokenworks.training.kept_merges import KeptMerges

_STRIDE = 4096  # merges between two looks at the keyboard and the progress bar
_PATIENCE = 1.0  # seconds after which one is due in any case

Progress = Callable[[int], None]


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
    stride: int = _STRIDE,
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
            changes the time that merging takes and nothing else. Counted words bring their own, and
            the folder where what was learned is kept.
        stride: merges between two looks at the keyboard, the clock and `enough`.

    Raises:
        OptionError: the words do not fit into the memory, or an option is out of range.
        KeyboardInterrupt: interrupted; what was learned is kept where there is a folder for it.
    """
    for name, value in (
        ("min_frequency", min_frequency),
        ("max_token_length", 1 if max_token_length is None else max_token_length),
        ("max_words", max_words),
    ):
        least = 1 if name == "max_token_length" else 0
        if not least <= value < 1 << 32:
            raise OptionError(f"{name} is {value}; it must be {least} or more, and below 2**32")
    tokens = (token_of_symbol, *packed(strings), vocab_size, min_frequency, max_token_length or 0)
    rules = (max_words, veto_colon_space, reuse)
    kept = KeptMerges(None, 0.0)
    if isinstance(words, CountedWords):
        budget = words.budget(len(strings), vocab_size)
        kept = KeptMerges(words.work, words.every, words.key, *tokens, *rules)
        before, done = kept.load()
        if progress is not None:
            progress(len(before))
        if done:
            return _merges(before)
        from_counter = (words.counter, words.least, words.symbol_bytes, *tokens, *rules, budget)
        try:
            learner = _native.learner_of_counts(*from_counter, before)
        except ValueError:  # they are no merges of these tokens
            learner = _native.learner_of_counts(*from_counter, before[:0])
    else:
        learner = _native.learner(
            words.symbols, words.starts, words.counts, *tokens, threshold, *rules, memory
        )
    del words  # the learner has its own copy; the caller's may be the only other one
    if not kept.keeps:
        _learn(learner, stride, progress, enough, lambda: None)
        return _merges(_rows(learner))
    with interruptions() as noted:

        def look() -> None:
            if noted.asked or kept.is_time():
                kept.save(_rows(learner), done=False)
            if noted.asked:
                raise KeyboardInterrupt

        _learn(learner, stride, progress, enough, look)
    learned = _rows(learner)
    if kept.is_long:
        kept.save(learned, done=True)
    return _merges(learned)


def _learn(
    learner: _native.Learner,
    stride: int,
    progress: Progress | None,
    enough: Callable[[NDArray[np.uint64]], bool] | None,
    look: Callable[[], None],
) -> None:
    while step := learner.run(stride, _PATIENCE):
        if progress is not None:
            progress(step)
        look()
        if enough is not None and enough(learner.counts()):
            break


def _rows(learner: _native.Learner) -> NDArray[np.uint64]:
    """Left, right, token and count of each merge."""
    return np.column_stack([learner.merges().astype(np.uint64), learner.counts()])


def _merges(rows: NDArray[np.uint64]) -> Merges:
    ids = rows[:, :3].astype(np.uint32)
    return Merges(np.ascontiguousarray(ids[:, :2]), ids[:, 2].copy(), rows[:, 3].copy())
