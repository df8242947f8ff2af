"""The merger's slow twin: counts every pair from scratch before each merge."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

Word = tuple[int, ...]


def merged(word: Word, pair: tuple[int, int], token: int) -> Word:
    out: list[int] = []
    i = 0
    while i < len(word):
        if word[i : i + 2] == pair:
            out.append(token)
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def learn(
    words: Mapping[Word, int],
    strings: Sequence[str],
    vocab_size: int,
    min_frequency: int = 0,
    max_token_length: int | None = None,
    allowed: Callable[[str], bool] = lambda text: True,
) -> list[tuple[int, int, int, int]]:
    """Merges as (left, right, token, count)."""
    spelled = list(strings)
    length = [1] * len(spelled)
    corpus = dict(words)
    merges = []
    while len(spelled) < vocab_size:
        counts: Counter[tuple[int, int]] = Counter()
        for word, count in corpus.items():
            for left, right in itertools.pairwise(word):
                whole = length[left] + length[right]
                short = max_token_length is None or whole == 2 or whole < max_token_length
                if short and allowed(spelled[left] + spelled[right]):
                    counts[left, right] += count
        if not counts:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], pair))
        if counts[pair] < max(min_frequency, 1):
            break
        text = spelled[pair[0]] + spelled[pair[1]]
        if text in spelled:
            token = spelled.index(text)
        else:
            token = len(spelled)
            spelled.append(text)
            length.append(0)
        length[token] = length[pair[0]] + length[pair[1]]
        merges.append((*pair, token, counts[pair]))
        after: dict[Word, int] = {}
        for word, count in corpus.items():
            new = merged(word, pair, token)
            after[new] = after.get(new, 0) + count
        corpus = after
    return merges
