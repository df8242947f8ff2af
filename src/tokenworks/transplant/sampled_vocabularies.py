"""Vocabularies drawn at random from text: Unigram models of noisy substring frequencies (arXiv:2405.07883).

Substrings of the pretokens of some recent texts, at every fourth place, score frequency x bytes,
normalised to sum 1. Noise N(0, s) is added, with s from LogNormal(ln 1e-5, 4), another for each
vocabulary; the best k, with all 256 bytes and some runs of white space among them, are the pieces. So
every draw is another vocabulary, some much like what a trainer would choose, some far from it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import Definition, Unigram

LONGEST = 16  # characters; substrings are shorter
STRIDE = 4
NOISE_MEDIAN, NOISE_SPREAD = 1e-5, 4.0
QUEUE = 64  # so many recent batches, to twice as many, give the substrings
_WORDS_TOGETHER = 4  # pretokens of a superword
_LONGEST_SUPERWORD = 32  # characters
_NEVER = -1e5  # the score of a token that noise has made negative
_RUNS = (b"  ", b"    ", b"        ", b"\n\n", b"\t\t")
_PRETOKEN = regex.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)
_BYTES = [bytes([value]) for value in range(256)]


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """A vocabulary drawn. tokens: their bytes, by id; none is there twice. tokenizer: with these ids."""

    tokens: tuple[bytes, ...]
    tokenizer: Tokenizer


class VocabularySampler:
    """Draws one vocabulary after another; each depends on seed and number alone."""

    def __init__(
        self,
        texts: Callable[[int], Sequence[str]],
        size: int,
        *,
        superwords: float = 0.0,
        noise: float = NOISE_MEDIAN,
        seed: int = 0,
    ) -> None:
        """Prepare.

        Args:
            texts: the batch of this number, from 0 on.
            size: tokens of each vocabulary.
            superwords: share of the vocabularies whose tokens may span words.
            noise: the median of the standard deviation of the noise; 0 for none.
            seed: of the noise.

        Raises:
            OptionError: too few tokens for the bytes.
        """
        if size < len(_BYTES) + len(_RUNS) + 1:
            raise OptionError(
                f"a vocabulary of {size} tokens cannot hold all bytes and more; draw larger ones"
            )
        self._texts, self._size, self._seed = texts, size, seed
        self._superwords, self._noise = superwords, noise
        self._counted = range(0)
        self._words: Counter[str] = Counter()
        self._runs: Counter[str] = Counter()
        self._parts: dict[str, tuple[str, ...]] = {}

    def draw(self, number: int) -> Vocabulary:
        """The vocabulary of this number, from the batches up to it.

        Raises:
            OptionError: the texts hold too few distinct substrings.
        """
        self._advance(number)
        random = np.random.default_rng([self._seed, number])
        across = random.random() < self._superwords
        counts: dict[str, int] = dict(self._words)
        if across:
            counts |= {run: n * _size(run) for run, n in self._runs.items() if n > 1}
        texts = list(counts)
        values = np.fromiter(counts.values(), np.float64, len(counts))
        spread = float(random.lognormal(math.log(NOISE_MEDIAN), NOISE_SPREAD))
        scores = values / max(1.0, values.sum())
        least = scores.min(initial=1.0)
        if self._noise:
            scores = scores + random.normal(0, spread * self._noise / NOISE_MEDIAN, len(scores))
        return self._vocabulary(texts, scores, float(least), across)

    def _vocabulary(
        self, texts: list[str], scores: NDArray[np.float64], least: float, across: bool
    ) -> Vocabulary:
        tokens = [*_BYTES, *_RUNS]
        known = set(tokens)
        logs = [math.log(least)] * len(tokens)
        for place in _best(scores, 2 * self._size):
            if len(tokens) == self._size:
                break
            token = texts[place].encode("utf-8", "replace")
            if token not in known:
                known.add(token)
                tokens.append(token)
                logs.append(math.log(scores[place]) if scores[place] > 0 else _NEVER)
        if len(tokens) < self._size:
            raise OptionError(
                f"the texts hold {len(tokens):,} substrings, a vocabulary needs {self._size:,}; "
                "give more text"
            )
        pieces = tuple(to_characters(token).encode() for token in tokens)
        ids = np.arange(len(pieces), dtype=np.uint32)
        step = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}
        definition = Definition(
            name="a sampled vocabulary",
            model=Unigram(pieces, ids, np.array(logs)),
            pretokenizer=({**step, "use_regex": not across},),
            decoder=(step | {"use_regex": True},),
        )
        return Vocabulary(tuple(tokens), Tokenizer(definition))

    def _advance(self, number: int) -> None:
        """Count the batches of the window of this number, in their order."""
        first = max(0, number // QUEUE - 1) * QUEUE
        if self._counted.start != first or self._counted.stop > number + 1:
            self._words, self._runs = Counter(), Counter()
            self._counted = range(first, first)
        for one in range(self._counted.stop, number + 1):
            words, runs = self._count(self._texts(one))
            self._words.update(words)
            self._runs.update(runs)
        self._counted = range(first, number + 1)

    def _count(self, texts: Sequence[str]) -> tuple[Counter[str], Counter[str]]:
        """Scores of the substrings of pretokens in a batch, and how often runs of them occur."""
        words: Counter[str] = Counter()
        runs: Counter[str] = Counter()
        for text in texts:
            pretokens = _PRETOKEN.findall(text)
            words.update(pretokens)
            if self._superwords:
                runs.update(_together(pretokens))
        found: Counter[str] = Counter()
        for word, count in words.items():
            for part in self._substrings(word):
                found[part] += count * _size(part)
        return found, runs

    def _substrings(self, word: str) -> tuple[str, ...]:
        if word not in self._parts:
            if len(self._parts) > 200_000:
                self._parts.clear()
            self._parts[word] = tuple(
                word[start:end]
                for start in range(0, len(word), STRIDE)
                for end in range(start + 1, min(len(word), start + LONGEST - 1) + 1)
            )
        return self._parts[word]


def _together(pretokens: list[str]) -> list[str]:
    """Runs of two to four pretokens within a line that are words, marks between them at most."""
    found = []
    for start, first in enumerate(pretokens):
        run = first
        if "\n" in first:
            continue
        for following in pretokens[start + 1 : start + _WORDS_TOGETHER]:
            run += following
            if "\n" in following or len(run) >= _LONGEST_SUPERWORD:
                break
            found.append(run)
    return found


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _best(scores: NDArray[np.float64], many: int) -> list[int]:
    """Places of the highest scores, the highest first; of equal ones the first first."""
    if many < len(scores):
        least = np.partition(scores, len(scores) - many)[len(scores) - many]
        chosen = np.flatnonzero(scores >= least)
    else:
        chosen = np.arange(len(scores))
    ordered: list[int] = chosen[np.argsort(-scores[chosen], kind="stable")].tolist()
    return ordered
