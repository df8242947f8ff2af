"""What the methods of mixture inference look at: merges replayed over samples of every category."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.provenance.alphabet import code_points
from tokenworks.provenance.merge_list import MergeList
from tokenworks.provenance.samples import Sample
from tokenworks.provenance.word_breaks import MARKER, WordBreaks, read_word_breaks
from tokenworks.tokenizer.definition import Definition
from tokenworks.tokenizer.pattern_split import matches

_LONGEST = 65_536  # bytes of a word
_STRIDE = 1024  # merges between two looks at the keyboard and the progress bar

Advance = Callable[[float], None]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GroupedWords:
    """Distinct words with counts by group; a group is a block of a category.

    symbols: uint32, piece indices. starts, entry_starts: uint64 [words + 1]. groups, counts: uint32.
    """

    symbols: NDArray[np.uint32]
    starts: NDArray[np.uint64]
    entry_starts: NDArray[np.uint64]
    groups: NDArray[np.uint32]
    counts: NDArray[np.uint32]


def count_words(
    definition: Definition,
    merges: MergeList,
    samples: Sequence[Sample],
    advance: Advance = lambda _: None,
) -> GroupedWords:
    """Normalize and split the samples as the tokenizer does, and count the words of every block.

    Models of characters see one line at a time, as SentencePiece's trainer does; where their
    vocabulary shows that words were cut further, they are.

    Raises:
        UnsupportedError: a step of the tokenizer is not known.
    """
    model = merges.alphabet.model
    breaks = read_word_breaks(merges.results, model.byte_level)
    tally = _tally(definition, model.byte_level, breaks)
    group = 0
    for sample in samples:
        for block in sample.blocks:
            tally.begin(group)
            group += 1
            for text in block:
                if model.byte_level:
                    tally.add(text)
                else:
                    for line in text.splitlines():
                        tally.add(line)
                advance(len(text))
    text, starts, entry_starts, groups, counts = tally.words()
    symbols, begins = merges.alphabet.spell(text, starts)
    if breaks.scripts or breaks.digits:
        points, _ = code_points(text, starts)
        symbols, begins = breaks.cut(points, symbols, begins)
    return GroupedWords(symbols, begins, entry_starts, groups, counts)


def _tally(definition: Definition, byte_level: bool, breaks: WordBreaks) -> Any:
    try:
        return _native.WordTally(
            [dict(step) for step in definition.normalizer],
            [dict(step) for step in definition.pretokenizer],
            matches,
            byte_level,
            MARKER if breaks.marker else "",
            _LONGEST,
        )
    except (ValueError, KeyError) as error:
        raise UnsupportedError(f"{definition.name}: {error}") from None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Merges replayed over the samples of n categories in g groups.

    first, last: the merges that are looked at, out of all that are replayed. bytes, pairs:
    float64 [g], of text, and of neighbouring symbols before any merge. category_of: uint32 [g].
    times: float64 [g], how often each group counts; a bootstrap draws them anew.
    """

    names: tuple[str, ...]
    merges: MergeList
    words: GroupedWords
    replay: Any
    first: int
    last: int
    bytes: Floats
    pairs: Floats
    category_of: NDArray[np.uint32]
    times: Floats

    @property
    def n(self) -> int:
        """How many categories there are."""
        return len(self.names)

    @property
    def steps(self) -> int:
        """How many merges are looked at."""
        return self.last - self.first

    def by_category(self, values: Floats) -> Floats:
        """The sum over the groups of each category, as often as each counts: float64 [n]."""
        sums = np.bincount(self.category_of, weights=values * self.times, minlength=self.n)
        return sums.astype(np.float64)

    @cached_property
    def asked(self) -> NDArray[np.uint8]:
        """Merges that were learned, and whose pair occurs in some category: uint8 [replayed steps]."""
        occurs = self.replay.merged() != 0xFFFFFFFF
        asked = occurs & self.merges.learned[self.first : self.first + len(occurs)]
        asked[self.steps :] = False
        return np.asarray(asked, dtype=np.uint8)

    def until(self, last: int) -> Evidence:
        """The same, with only the merges before `last` looked at."""
        return replace(self, last=min(max(last, self.first + 1), self.last))

    @cached_property
    def token_counts(self) -> Floats:
        """Tokens of each category under all merges: float64 [pieces, n]."""
        counts: Floats = self.replay.token_counts(self.times, self.category_of, self.n)
        return counts

    def counts_of_merged(self, factors: Floats) -> Floats:
        """How often the pair of each merge occurs before it, by category: float64 [steps, n]."""
        steps = np.arange(self.steps, dtype=np.uint32)
        none = np.full(self.steps, 0xFFFFFFFF, dtype=np.uint32)
        leads: Floats = self.replay.leads(steps, none, factors, self.category_of, self.n)
        return leads

    @cached_property
    def merged_of(self) -> Floats:
        """Occurrences of the merged pairs in each category, over all merges looked at: float64 [n]."""
        counts = self.counts_of_merged(self.times)
        sums: Floats = counts[self.asked[: self.steps].astype(bool)].sum(axis=0)
        return sums

    def resampled(self, random: np.random.Generator) -> Evidence:
        """The same with the blocks of every category drawn with replacement."""
        times = np.zeros(len(self.times))
        for category in range(self.n):
            groups = np.flatnonzero(self.category_of == category)
            drawn = random.choice(groups, size=len(groups))
            np.add.at(times, drawn, 1.0)
        return replace(self, times=times)


def gather(
    merges: MergeList,
    samples: Sequence[Sample],
    *,
    first: int = 0,
    last: int | None = None,
    advance: Advance = lambda _: None,
) -> Evidence:
    """Replay merges over samples.

    Args:
        merges: all of them are replayed.
        samples: of the categories.
        first, last: the merges whose counts are kept, as in a slice.
        advance: called with bytes counted and merges replayed.

    Raises:
        OptionError: a range that holds no merges.
        UnsupportedError: a sample too large for one replay, or a step of the tokenizer not known.
    """
    end = len(merges) if last is None else min(last, len(merges))
    if not 0 <= first < end:
        raise OptionError(
            f"merges {first} to {end} are none; {merges.definition.name} has {len(merges):,}"
        )
    words = count_words(merges.definition, merges, samples, advance)
    n_groups = sum(len(sample.blocks) for sample in samples)
    category_of = np.repeat(
        np.arange(len(samples), dtype=np.uint32), [len(sample.blocks) for sample in samples]
    )
    sizes = [sum(len(t.encode("utf-8")) for t in block) for s in samples for block in s.blocks]
    replay = replayed(words, merges, n_groups, first, end, advance)
    return Evidence(
        names=tuple(sample.name for sample in samples),
        merges=merges,
        words=words,
        replay=replay,
        first=first,
        last=end,
        bytes=np.array(sizes, dtype=np.float64),
        pairs=replay.first_pairs().astype(np.float64),
        category_of=category_of,
        times=np.ones(n_groups),
    )


def replayed(
    words: GroupedWords,
    merges: MergeList,
    n_groups: int,
    first: int,
    last: int,
    advance: Advance = lambda _: None,
) -> Any:
    """A finished native replay of all merges that knows the counts of merges `first` to `last`.

    Raises:
        UnsupportedError: the sample is too large for one replay.
    """
    try:
        replay = _native.Replay(
            words.symbols,
            words.starts,
            words.entry_starts,
            words.groups,
            words.counts,
            np.ascontiguousarray(merges.merges.reshape(-1)),
            len(merges.pieces),
            n_groups,
        )
        for end, write in ((first, False), (last, True), (len(merges), False)):
            done = 0 if end == first else (first if write else last)
            while done < end:
                step = replay.advance(min(_STRIDE, end - done), write)
                done += step
                advance(step)
        replay.finish()
    except OverflowError as error:
        raise UnsupportedError(f"{error}") from None
    except (ValueError, RuntimeError) as error:
        if "sample" not in str(error):
            raise
        raise UnsupportedError(str(error)) from None
    return replay
