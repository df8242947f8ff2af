"""The native replay against a slow one that counts every pair anew at every step."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tokenworks import _native
from tokenworks.tokenizer.pattern_split import matches

NONE = 0xFFFFFFFF
GROUPS = 3
Merge = tuple[int, int, int]


def make(seed: int) -> tuple[Any, list[Merge], list[Counter[tuple[int, int, int]]], int]:
    """A replay of random merges over random words, and the true counts before each step."""
    chance = random.Random(seed)
    words = [[chance.randrange(4) for _ in range(chance.randrange(1, 9))] for _ in range(30)]
    counts = [[chance.randrange(4) for _ in range(GROUPS)] for _ in words]
    current, merges, tables = [list(word) for word in words], [], []
    for token in range(4, 16):
        table: Counter[tuple[int, int, int]] = Counter()
        for word, by_group in zip(current, counts, strict=True):
            for left, right in pairwise(word):
                for group, count in enumerate(by_group):
                    table[left, right, group] += count
        pairs = sorted({key[:2] for key, count in table.items() if count})
        if not pairs:
            break
        tables.append(table)
        left, right = chance.choice(pairs)
        merges.append((left, right, token))
        current = [joined(word, left, right, token) for word in current]
    groups = [g for by in counts for g, c in enumerate(by) if c]
    kept = [c for by in counts for c in by if c]
    entries = np.cumsum([0, *(sum(c > 0 for c in by) for by in counts)]).astype(np.uint64)
    starts = np.cumsum([0, *map(len, words)]).astype(np.uint64)
    first = chance.randrange(3)
    replay = _native.Replay(
        np.array([s for word in words for s in word], np.uint32),
        starts,
        entries,
        np.array(groups, np.uint32),
        np.array(kept, np.uint32),
        np.array(merges, np.uint32).reshape(-1),
        16,
        GROUPS,
    )
    replay.advance(first, False)
    replay.advance(100, True)
    replay.finish()
    return replay, merges, tables, first


def joined(word: list[int], left: int, right: int, token: int) -> list[int]:
    out: list[int] = []
    at = 0
    while at < len(word):
        if word[at : at + 2] == [left, right]:
            out.append(token)
            at += 2
        else:
            out.append(word[at])
            at += 1
    return out


def counted(table: Counter[tuple[int, int, int]], left: int, right: int) -> list[int]:
    return [table[left, right, group] for group in range(GROUPS)]


@pytest.mark.parametrize("seed", range(60))
def test_counts_are_those_before_each_step(seed: int) -> None:
    replay, merges, tables, first = make(seed)
    pairs, columns = replay.pairs().tolist(), np.arange(GROUPS, dtype=np.uint32)
    for step, merged in enumerate(replay.merged().tolist()):
        ahead = np.array(counted(tables[first + step], *merges[first + step][:2]))
        if merged == NONE:
            assert not ahead.any()
            continue
        which = np.arange(len(pairs), dtype=np.uint32)
        same = np.full(len(pairs), step, dtype=np.uint32)
        leads = replay.leads(same, which, np.ones(GROUPS), columns, GROUPS)
        for pair, lead in zip(pairs, leads, strict=True):
            assert (ahead - lead).tolist() == counted(tables[first + step], *pair)


@pytest.mark.parametrize("seed", range(60))
def test_every_rival_is_found_and_none_else(seed: int) -> None:
    replay, merges, tables, first = make(seed)
    chance = np.random.default_rng(seed)
    pairs, steps = replay.pairs().tolist(), len(replay.merged())
    weights = chance.dirichlet(np.ones(GROUPS))
    of_step, of_pair = chance.random(steps) * 2, chance.random(len(pairs))
    asked = np.ones(steps, np.uint8)
    found = replay.rivals(weights, asked, of_step, of_pair, 1e-9, 1000, 1 << 30)
    expected = set()
    for step, merged in enumerate(replay.merged().tolist()):
        table = tables[first + step]
        bound = weights @ counted(table, *merges[first + step][:2]) + of_step[step] + 1e-9
        for number, pair in enumerate(pairs):
            ahead = weights @ counted(table, *pair) - of_pair[number] > bound
            if ahead and merged not in (NONE, number):
                expected.add((step, number))
    assert set(zip(*(part.tolist() for part in found), strict=True)) == expected
    again = replay.rivals(weights, asked, of_step, of_pair, 1e-9, 1000, 1 << 30)
    assert len(again[0]) == 0, "what was found once is known"


def test_tokens_after_all_merges() -> None:
    replay = _native.Replay(
        np.array([0, 1, 0, 1, NONE, 1], np.uint32),
        np.array([0, 6], np.uint64),
        np.array([0, 1], np.uint64),
        np.array([0], np.uint32),
        np.array([5], np.uint32),
        np.array([0, 1, 2], np.uint32),
        3,
        1,
    )
    assert replay.first_pairs().tolist() == [15]  # nothing stands beside a missing symbol
    replay.advance(1, True)
    replay.finish()
    counts = replay.token_counts(np.ones(1), np.zeros(1, np.uint32), 1)
    assert counts.tolist() == [[0], [5], [10]]


@pytest.mark.parametrize(
    ("merges", "message"),
    [
        ([4, 1, 2], "names no token"),
        ([2, 1, 3, 0, 1, 2], "made after it"),
        ([0, 1, 2, 1, 0, 2], "two merges"),
        ([0, 1, 1], "is a symbol|made after it|two merges"),
    ],
)
def test_lists_that_no_training_made_are_refused(merges: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _native.Replay(
            np.array([0, 1], np.uint32),
            np.array([0, 2], np.uint64),
            np.array([0, 1], np.uint64),
            np.array([0], np.uint32),
            np.array([1], np.uint32),
            np.array(merges, np.uint32),
            4,
            1,
        )


def test_words_are_counted_by_group_and_split_before_markers() -> None:
    tally = _native.WordTally([], [], matches, False, "▁", 1 << 16)
    tally.begin(0)
    tally.add("▁a▁▁b▁a")
    tally.begin(1)
    tally.add("▁a")
    text, starts, entries, groups, counts = tally.words()
    words = [bytes(text[a:b]).decode() for a, b in pairwise(starts)]
    found = {
        word: list(zip(groups[a:b].tolist(), counts[a:b].tolist(), strict=True))
        for word, a, b in zip(words, entries[:-1], entries[1:], strict=True)
    }
    assert found == {"▁a": [(0, 2), (1, 1)], "▁▁b": [(0, 1)]}


def test_of_each_piece_the_split_is_kept_that_merging_makes() -> None:
    # 0 1 2 -> pieces "ab" (3), "abc" (4) by (ab, c); "bc" (5); and "zz" of a symbol run that is unreachable
    parts = _native.plain_merges(
        np.array([3, 4, 5, 6], np.uint32),
        np.array([0, 1, 0, 1, 2, 1, 2, 2, 2, 2], np.uint32),
        np.array([0, 2, 5, 7, 10], np.uint64),
    )
    assert parts.tolist() == [[0, 1], [3, 2], [1, 2], [NONE, NONE]]
