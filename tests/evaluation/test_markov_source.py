"""The Markov-source experiment: its algebra, and the published shape at a size that runs fast."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenworks import Tokenizer
from tokenworks.errors import OptionError
from tokenworks.evaluation.markov_source import (
    apply_pairs,
    entropy,
    learn_pairs,
    markov_source,
    merge_pair,
    source,
    unigram_bits,
)

N = 120_000
TABLE = {  # order: bits per symbol for dictionaries of these sizes
    1: {2: 1.000, 4: 0.956, 8: 0.976, 16: 0.927, 32: 0.874, 64: 0.827, 128: 0.788},
    2: {2: 1.000, 4: 1.415, 8: 1.080, 16: 0.925, 32: 0.861, 64: 0.828, 128: 0.782},
    4: {2: 1.000, 4: 1.360, 8: 1.130, 16: 0.980, 32: 0.894, 64: 0.858, 128: 0.818},
}


# For k > 1 neighbouring symbols are independent: all four pairs are equally frequent, and the noise of
# the sample decides the first merge. These samples begin with a pair of equal symbols, as the table's.
SEEDS = {1: 0, 2: 3, 4: 1}


@pytest.mark.parametrize("order", TABLE)
def test_table(order: int) -> None:
    train, fresh = (source(order, N, seed=SEEDS[order] + n) for n in (0, 1000))
    merges = learn_pairs(train, 128)
    found = {}
    for size in TABLE[order]:
        own = merges[: size - 2]
        found[size] = unigram_bits(
            apply_pairs(train, own), apply_pairs(fresh, own), N, 2 + len(own)
        )
    assert found == pytest.approx(TABLE[order], abs=0.01)
    assert found[2] == pytest.approx(1, abs=0.001)
    falling = [value for size, value in found.items() if size >= 8]
    assert falling == sorted(falling, reverse=True)
    assert all(value > entropy() - 0.01 for value in found.values())


def test_another_first_merge_gives_another_table_for_small_dictionaries_only() -> None:
    train, fresh = (source(2, N, seed=n) for n in (0, 1000))
    merges = learn_pairs(train, 128)
    assert merges[0] in ((0, 1), (1, 0))
    small, large = (
        unigram_bits(apply_pairs(train, own), apply_pairs(fresh, own), N, 2 + len(own))
        for own in (merges[:2], merges)
    )
    assert small < TABLE[2][4] - 0.3
    assert large == pytest.approx(TABLE[2][128], abs=0.01)


def test_entropy_and_source() -> None:
    assert entropy() == pytest.approx(0.7219, abs=5e-5)
    for order in (1, 2, 4):
        symbols = source(order, 50_000, seed=3)
        flips = symbols[order:] != symbols[:-order]
        assert flips.mean() == pytest.approx(0.2, abs=0.01)
        assert symbols.mean() == pytest.approx(0.5, abs=0.03)


@given(st.lists(st.integers(0, 1), min_size=2, max_size=40))
def test_merging_equals_a_loop(symbols: list[int]) -> None:
    for pair in ((0, 0), (0, 1), (1, 0), (1, 1)):
        expected: list[int] = []
        at = 0
        while at < len(symbols):
            if tuple(symbols[at : at + 2]) == pair:
                expected.append(2)
                at += 2
            else:
                expected.append(symbols[at])
                at += 1
        assert merge_pair(np.array(symbols), pair, 2).tolist() == expected


def test_given_tokenizers() -> None:
    rows = markov_source([Tokenizer.load("gpt2")], symbols=2000)
    assert {row.group for row in rows} == {"k=1", "k=2", "k=4"}
    assert all(row.value > 0 for row in rows)
    with pytest.raises(OptionError, match="100 or more"):
        markov_source([Tokenizer.load("gpt2")], symbols=10)
    with pytest.raises(OptionError, match="order is 0"):
        source(0, 10)
    with pytest.raises(OptionError, match="flip is 1"):
        source(1, 10, flip=1)
