"""Renyi efficiency: the published values, and its algebra."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenworks import Tokenizer
from tokenworks.errors import OptionError
from tokenworks.evaluation import Sample
from tokenworks.evaluation.renyi import efficiency, middle_frequencies, renyi

COUNTS = st.lists(st.integers(1, 1000), min_size=2, max_size=30)


def counts_of(text: str) -> np.ndarray:
    return np.array(list(Counter(text.split()).values()))


@pytest.mark.parametrize(
    ("text", "at_two_and_a_half", "at_three"),
    [
        ("pick @@ed pick @@l @@ed pick @@les", 0.82651, 0.80315),
        ("pick @@e @@d pick @@l @@e @@d pick @@l @@e @@s", 0.92048, 0.91057),
    ],
)
def test_published_values(text: str, at_two_and_a_half: float, at_three: float) -> None:
    assert efficiency(counts_of(text), 2.5) == pytest.approx(at_two_and_a_half, abs=5e-6)
    assert efficiency(counts_of(text), 3) == pytest.approx(at_three, abs=5e-6)


def test_one_type_and_none() -> None:
    assert efficiency(np.array([7]), 2.5) == 0
    assert efficiency(np.array([], dtype=int), 2.5) == 0


def test_uniform_is_one() -> None:
    for power in (0.5, 1, 2.5, 3):
        assert efficiency(np.full(13, 4), power) == pytest.approx(1)


@given(COUNTS)
def test_falls_with_the_power_and_ignores_order(counts: list[int]) -> None:
    values = [efficiency(np.array(counts), power) for power in (0.5, 1, 2, 2.5, 3)]
    assert all(a >= b - 1e-12 for a, b in pairwise(values))
    assert efficiency(np.array(counts[::-1]), 2.5) == pytest.approx(values[3])
    assert efficiency(np.array(counts), 2.5, len(counts) + 5) < values[3] + 1e-12


def test_middle_frequencies() -> None:
    counts = np.arange(1, 101)
    assert middle_frequencies(counts[None])[0] == pytest.approx(
        np.arange(4, 84).sum() / counts.sum()
    )


def test_rows_equal_the_definition() -> None:
    gpt2 = Tokenizer.load("gpt2")
    samples = [Sample(text) for text in ("the cat and the dog", "the end", "a dog")]
    rows = {row.metric: row for row in renyi([gpt2], samples)}
    ids = np.concatenate([gpt2.encode(sample.text) for sample in samples])
    expected = efficiency(np.bincount(ids), 2.5)
    row = rows["renyi_efficiency_2.5"]
    assert row.value == pytest.approx(expected)
    assert row.low is not None and row.low < row.value
    whole = {row.metric: row for row in renyi([gpt2], samples, nominal=True)}
    assert whole["renyi_efficiency_2.5"].value < row.value


def test_bad_power() -> None:
    with pytest.raises(OptionError, match="above 0"):
        renyi([Tokenizer.load("gpt2")], [], powers=(0,))
