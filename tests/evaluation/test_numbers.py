"""Digit groups and the alignment of operands and results."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tokenworks import Tokenizer
from tokenworks.evaluation.numbers import _places, aligned, chunk, numbers

DIGITS = st.text("0123456789", max_size=20)


@given(DIGITS, st.integers(1, 5))
def test_chunks(number: str, size: int) -> None:
    left = chunk(number, size, "left-to-right")
    right = chunk(number, size, "right-to-left")
    assert "".join(left) == "".join(right) == number
    mirrored = [part[::-1] for part in chunk(number[::-1], size, "left-to-right")][::-1]
    assert right == mirrored


def test_known_chunks() -> None:
    assert chunk("1234567", 3, "left-to-right") == ["123", "456", "7"]
    assert chunk("1234567", 3, "right-to-left") == ["1", "234", "567"]


@given(st.lists(st.integers(1, 12), min_size=3, max_size=3))
def test_alignment_of_the_two_directions(lengths: list[int]) -> None:
    numbers = ["1" * length for length in lengths]
    assert aligned([_places(one, 3, "right-to-left") for one in numbers], lengths)
    assert aligned([_places(one, 1, "left-to-right") for one in numbers], lengths)
    equal = len({length % 3 for length in lengths}) == 1
    if min(lengths) > 3:
        assert aligned([_places(one, 3, "left-to-right") for one in numbers], lengths) == equal


def test_what_is_known_of_tokenizers() -> None:
    names = ("cl100k_base", "qwen2.5", "gpt2")
    value = {
        (r.tokenizer, r.metric, r.group): r
        for r in numbers([Tokenizer.load(name) for name in names])
    }
    assert value["cl100k_base", "left_to_right", ""].value == 100
    assert value["cl100k_base", "uniform_lengths", ""].value == 100
    assert 10 < value["cl100k_base", "aligned", ""].value < 60
    assert value["cl100k_base", "aligned", "longer result"].value == 0
    assert value["cl100k_base", "aligned", "commas"].value == 100
    assert value["qwen2.5", "single_digits", ""].value == 100
    assert value["qwen2.5", "aligned", ""].value == 100
    assert value["qwen2.5", "digits_per_token", ""].value == 1
    assert value["gpt2", "uniform_lengths", ""].value < 80
    row = value["gpt2", "aligned", ""]
    assert row.low is not None and row.high is not None and row.low < row.high < 20


def test_deterministic() -> None:
    tokenizer = [Tokenizer.load("gpt2")]
    assert numbers(tokenizer, seed=3) == numbers(tokenizer, seed=3)
    few = {row.n for row in numbers(tokenizer, problems=5) if row.metric == "aligned"}
    assert max(few) == 5
