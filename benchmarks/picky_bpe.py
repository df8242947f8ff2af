"""PickyBPE (arXiv:2409.04599) against plain BPE: tokens of held-out text at the same vocabulary size.

    python benchmarks/picky_bpe.py TEXT... [--vocab-size 8000] [--megabytes 4] [--thresholds 0.6,0.8,0.9]

After a merge of x and y, PickyBPE removes x (or y) from the vocabulary if the share of its occurrences
that went into the merge reaches the threshold: what is left of it falls apart into what it was made
of, and the place in the vocabulary is free again. The last megabyte of each text is held out; its
words are merged and split along by the same events in the same order, which is how such a vocabulary
has to be encoded (ranks of merges do not tell it). "Scarce" are tokens that the training text holds
fewer than 5 times once it is encoded. Prints Markdown.
"""

from __future__ import annotations

import argparse
import heapq
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from tokenworks.training.passes import PretokenPass
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource

HELD_OUT = 1_000_000  # bytes
SCARCE = 5
Pair = tuple[int, int]


def counted(text: bytes) -> Counter[bytes]:
    """Its pretokens (o200k)."""
    split = pretokens("o200k")
    source = TextSource.of_texts([text.decode("utf-8", "replace")])
    with source.words(PretokenPass(split)) as words:
        all_words = words.together()
    data = all_words.symbols.tobytes()
    edges = pairwise(all_words.starts.tolist())
    return Counter(
        {data[a:b]: n for (a, b), n in zip(edges, all_words.counts.tolist(), strict=True)}
    )


class Trainer:
    """Words with the weights of training text; those of held-out text have none and go along."""

    def __init__(self, words: list[bytes], weights: list[int]) -> None:
        self.words = [list(word) for word in words]
        self.weights = weights
        self.parts: dict[int, Pair] = {}  # of every token that was ever made
        self.number: dict[Pair, int] = {}
        self.present = set(range(256))
        self.tokens: Counter[int] = Counter()
        self.pairs: Counter[Pair] = Counter()
        self.where: defaultdict[Pair, set[int]] = defaultdict(set)
        self.holding: defaultdict[int, set[int]] = defaultdict(set)
        self.removed = 0
        for index in range(len(self.words)):
            self._note(index, 1)
        self.heap = [(-count, pair) for pair, count in self.pairs.items()]
        heapq.heapify(self.heap)

    def _note(self, index: int, sign: int) -> None:
        word, weight = self.words[index], sign * self.weights[index]
        for token in word:
            self.tokens[token] += weight
            if sign > 0 and token >= 256:
                self.holding[token].add(index)
        for pair in pairwise(word):
            self.pairs[pair] += weight
            if sign > 0:
                self.where[pair].add(index)

    def _rewrite(self, indices: set[int], change: list[int] | None, pair: Pair, new: int) -> None:
        touched: set[Pair] = set()
        for index in indices:
            word = self.words[index]
            self._note(index, -1)
            self.words[index] = (
                merged(word, pair, new) if change is None else split_up(word, new, change)
            )
            self._note(index, 1)
            touched.update(pairwise(self.words[index]))
        for one in touched:
            heapq.heappush(self.heap, (-self.pairs[one], one))

    def step(self, threshold: float | None) -> bool:
        """The next merge, and what it removes; False if none is left."""
        while self.heap:
            count, pair = heapq.heappop(self.heap)
            if -count == self.pairs[pair] > 0:
                break
        else:
            return False
        x, y = pair
        new = self.number.setdefault(pair, 256 + len(self.number))
        self.parts[new] = pair
        before = {token: self.tokens[token] for token in pair}
        self._rewrite(self.where.pop(pair), None, pair, new)
        self.present.add(new)
        if threshold is not None:
            taken = self.tokens[new] * (2 if x == y else 1)
            for token in dict.fromkeys(pair):
                if token >= 256 and before[token] and taken / before[token] >= threshold:
                    self._remove(token)
        return True

    def _remove(self, token: int) -> None:
        parts, open_ = [], [token]
        self.present.discard(token)
        while open_:
            one = open_.pop()
            if one in self.present:
                parts.append(one)
            else:
                open_ += reversed(self.parts[one])
        self.removed += 1
        holding = {i for i in self.holding.pop(token) if token in self.words[i]}
        self._rewrite(holding, parts, (0, 0), token)


def merged(word: list[int], pair: Pair, new: int) -> list[int]:
    """The word with every occurrence of the pair merged, from left to right."""
    out: list[int] = []
    i = 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(new)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return out


def split_up(word: list[int], token: int, parts: list[int]) -> list[int]:
    """The word with the token replaced by its parts."""
    return [one for old in word for one in (parts if old == token else [old])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", type=Path, nargs="+")
    parser.add_argument("--vocab-size", type=int, default=8000)
    parser.add_argument("--megabytes", type=int, default=4)
    parser.add_argument("--thresholds", default="0.6,0.7,0.8,0.9")
    options = parser.parse_args()
    print("| text | threshold | held-out tokens | against BPE | removed | scarce tokens |")
    print("|---|---|---|---|---|---|")
    for path in options.texts:
        data = path.read_bytes()
        train = counted(data[: options.megabytes * 1_000_000])
        held = counted(data[-HELD_OUT:])
        words = list(dict.fromkeys([*train, *held]))
        plain = 0
        for threshold in (None, *map(float, options.thresholds.split(","))):
            trainer = Trainer(words, [train[word] for word in words])
            while len(trainer.present) < options.vocab_size and trainer.step(threshold):
                pass
            tokens = sum(
                held[word] * len(found) for word, found in zip(words, trainer.words, strict=True)
            )
            plain = plain or tokens
            scarce = sum(
                1 for one in trainer.present if one >= 256 and trainer.tokens[one] < SCARCE
            )
            name = "BPE" if threshold is None else f"{threshold:.1f}"
            print(
                f"| {path.name} | {name} | {tokens:,} | {100 * (tokens / plain - 1):+.2f} % "
                f"| {trainer.removed:,} | {scarce:,} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
