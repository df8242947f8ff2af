"""Samples and mixtures: the same documents in any order, and exact shares."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenworks.errors import OptionError, UnknownNameError
from tokenworks.text import (
    Document,
    Mix,
    census,
    held_out,
    is_held_out,
    limited,
    sampled,
    without_held_out,
)


def corpus(counts: dict[str, int], size: int = 100) -> list[Document]:
    return [
        Document(f"{label} {n} ".ljust(size, "x"), f"{label}.txt", n, "line", label)
        for label, count in counts.items()
        for n in range(count)
    ]


def texts(documents: object) -> list[str]:
    return [d.text for d in documents]  # type: ignore[attr-defined]


def test_a_sample_does_not_depend_on_the_order() -> None:
    documents = corpus({"en": 4000})
    shuffled = random.Random(1).sample(documents, len(documents))
    kept = texts(sampled(documents, 0.25, seed=3))
    assert sorted(kept) == sorted(texts(sampled(shuffled, 0.25, seed=3)))
    assert 900 < len(kept) < 1100
    assert set(texts(sampled(documents, 0.1, seed=3))) < set(kept)
    assert kept != texts(sampled(documents, 0.25, seed=4))
    assert texts(sampled(documents, 1.0)) == texts(documents)
    assert texts(sampled(documents, 0.0)) == []
    # known for good: a change of the hash would silently change every published sample
    assert [int(t.split()[1]) for t in kept[:5]] == GOLDEN


GOLDEN = [8, 9, 12, 33, 34]


def test_the_held_out_part_is_independent_of_the_sample() -> None:
    documents = corpus({"en": 4000})
    out, rest = texts(held_out(documents, 0.1)), texts(without_held_out(documents, 0.1))
    assert sorted(out + rest) == sorted(texts(documents))
    assert 330 < len(out) < 470
    assert all(is_held_out(text, 0.1) for text in out)
    both = texts(held_out(sampled(documents, 0.1), 0.1))
    assert 15 < len(both) < 75


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8), st.integers(0, 40))
def test_a_limit_in_bytes_is_kept_and_nearly_reached(parts: list[str], limit: int) -> None:
    documents = [Document(part, "a", n) for n, part in enumerate(parts)]
    kept = texts(limited(documents, max_bytes=limit))
    size = len("".join(kept).encode())
    assert size <= limit
    assert "".join(parts).startswith("".join(kept))
    if size < len("".join(parts).encode()) and not any(" " in p for p in parts):
        assert size > limit - 4


def test_limits() -> None:
    documents = corpus({"en": 10})
    assert len(texts(limited(documents, max_documents=3))) == 3
    assert texts(limited(documents, max_documents=0)) == []
    assert texts(limited(documents, max_bytes=0)) == []
    assert texts(limited(documents)) == texts(documents)
    with pytest.raises(OptionError, match="max_bytes"):
        limited(documents, max_bytes=-1)
    with pytest.raises(OptionError, match="between 0 and 1"):
        sampled(documents, 1.5)


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(50, 300), min_size=1),
    st.data(),
    st.integers(0, 9),
)
def test_a_mixture_is_exact_to_one_document(
    counts: dict[str, int], data: st.DataObject, seed: int
) -> None:
    weights = {label: data.draw(st.floats(0.1, 10)) for label in counts}
    documents = corpus(counts)
    plan = Mix(weights, seed=seed).plan(census(documents, seed=seed))
    mixed = list(plan.apply(documents))
    total = sum(weights.values())
    # the scarcest label is taken whole, and the others in proportion to it
    least = min(counts[k] * 100 / (weights[k] / total) for k in counts)
    for label in counts:
        taken = sum(len(d.text) for d in mixed if d.label == label)
        assert taken == plan.shares[label].taken
        assert abs(taken - weights[label] / total * least) <= 200
    assert plan.shares[plan.scarcest].taken == counts[plan.scarcest] * 100
    assert len(set(texts(mixed))) == len(mixed)


def test_a_mixture_does_not_depend_on_order_or_workers() -> None:
    documents = corpus({"en": 500, "tr": 200})
    shuffled = random.Random(1).sample(documents, len(documents))
    one, two = census(shuffled[:300]), census(shuffled[300:])
    one.merge(two)
    assert one.bytes() == census(documents).bytes() == {"en": 50_000, "tr": 20_000}
    plan = Mix({"en": 1, "tr": 1}).plan(one)
    assert plan == Mix({"en": 1, "tr": 1}).plan(census(documents))
    assert sorted(texts(plan.apply(documents))) == sorted(texts(plan.apply(shuffled)))


def test_repeats_fill_a_scarce_label() -> None:
    documents = corpus({"en": 900, "tr": 100})
    plan = Mix({"en": 1, "tr": 1}).plan(census(documents), limit_bytes=50_000, repeat=True)
    mixed = list(plan.apply(documents))
    tr = [d.text for d in mixed if d.label == "tr"]
    assert abs(len(tr) - 250) <= 1
    assert set(tr) == {d.text for d in documents if d.label == "tr"}
    assert abs(sum(d.label == "en" for d in mixed) - 250) <= 1
    assert plan.to_json()["scarcest"] == "tr"


def test_a_temperature_evens_out() -> None:
    sizes = {"en": 900, "tr": 100}
    assert Mix(temperature=1).normalized(sizes) == {"en": 0.9, "tr": 0.1}
    assert Mix(temperature=2).normalized(sizes) == {"en": 0.75, "tr": 0.25}
    even = Mix(temperature=1e9).normalized(sizes)
    assert even["en"] == pytest.approx(0.5)


def test_bad_mixtures() -> None:
    counted = census(corpus({"en": 5, "tr": 5}))
    with pytest.raises(UnknownNameError, match="en"):
        Mix({"eng": 1}).plan(counted)
    with pytest.raises(OptionError, match="temperature"):
        Mix(temperature=0)
    with pytest.raises(OptionError, match="weight of 'en'"):
        Mix({"en": -1})
    with pytest.raises(OptionError, match="all 0"):
        Mix({"en": 0})
    with pytest.raises(OptionError, match="seed"):
        Mix(seed=1).plan(counted)
    with pytest.raises(OptionError, match="no label"):
        census([Document("x", "a", 0)])
    with pytest.raises(OptionError, match="no text"):
        Mix().plan(census([]))


def test_mixtures_are_parsed() -> None:
    assert Mix.parse(["en=0.5", "a=b=2"]).weights == {"en": 0.5, "a=b": 2.0}
    assert Mix.parse([], temperature=3).weights is None
    for items in (["en"], ["=1"], ["en=x"], ["en=-1"], ["en=nan"], ["en=1", "en=2"]):
        with pytest.raises(OptionError, match=r"en|=1"):
            Mix.parse(items)
