"""Perturbations keep track of characters; boundaries are compared where they came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenworks import Tokenizer
from tokenworks.data.udhr import declaration
from tokenworks.evaluation import Encoded, Sample
from tokenworks.evaluation.legibility import legibility, similar_letters, similarity
from tokenworks.evaluation.perturbations import PERTURBATIONS, look_alikes
from tokenworks.evaluation.robustness import robustness


@given(st.text(max_size=40), st.sampled_from(sorted(PERTURBATIONS)))
def test_origins(text: str, way: str) -> None:
    changed, origin = PERTURBATIONS[way](text)
    assert len(changed) == len(origin)
    assert origin == sorted(origin)
    assert set(origin) == set(range(len(text)))
    assert PERTURBATIONS[way](text) == (changed, origin)


@pytest.mark.parametrize(
    ("way", "text", "expected"),
    [
        ("upper case", "Straße ﬁ", "STRAßE ﬁ"),
        ("double spaces", "a b", "a  b"),
        ("no-break spaces", "a b", "a\xa0b"),
        ("without diacritics", "Čeština ığ", "Cestina ıg"),
        ("decomposed letters", "é", "e\u0301"),
    ],
)
def test_ways(way: str, text: str, expected: str) -> None:
    assert PERTURBATIONS[way](text)[0] == expected


def test_typos_swap_neighbours_and_look_alikes_look_alike() -> None:
    text = declaration("en").text[:2000]
    swapped, _ = PERTURBATIONS["typos"](text)
    differing = sum(a != b for a, b in zip(text, swapped, strict=True))
    assert sorted(swapped) == sorted(text) and 10 < differing < 200
    foreign, _ = PERTURBATIONS["look-alike letters"](text)
    assert 0.02 < sum(a != b for a, b in zip(text, foreign, strict=True)) / len(text) < 0.2


def test_rows() -> None:
    texts = [Sample(article, language="en") for article in declaration("en").articles]
    encoded = Encoded.of([Tokenizer.load("gpt2"), Tokenizer.load("o200k_base")], texts)
    value = {(r.tokenizer, r.metric, r.group): r for r in robustness(encoded.tokenizers, encoded)}
    for name in encoded.names:
        assert value[name, "token_growth", "upper case"].value > 1.3
        assert value[name, "token_growth", "typos"].value > 1
        assert 20 < value[name, "kept_boundaries", "typos"].value < 100
        assert value[name, "token_growth", "typos"].low is not None
    ways = {group for _, _, group in value}
    assert "decomposed letters" not in ways  # no English article has marks


def test_a_byte_tokenizer_keeps_every_boundary() -> None:
    from dataclasses import replace

    gpt2 = Tokenizer.load("gpt2")
    model = replace(
        gpt2.definition.model, merges=gpt2.definition.model.merges[:0], ignore_merges=False
    )
    by_byte = Tokenizer(replace(gpt2.definition, model=model))
    rows = robustness([by_byte], [Sample("A naïve text in Paris, and some more words")])
    assert {row.value for row in rows if row.metric == "kept_boundaries"} == {100}


def test_letters_that_look_the_same_are_legible() -> None:
    assert similarity("a", "\u0430") == similarity("\u0430", "a") == 1.0
    assert similarity("o", "\u00f6") == pytest.approx(0.88, abs=0.05)
    assert similarity("a", "\u4e00") is None
    text = declaration("en").articles[0]
    close, similar = look_alikes(text)[0], similar_letters(text)[0]
    same, ink = legibility(text, close), legibility(text, similar)
    assert same is not None and ink is not None
    assert same[0] / same[1] > 0.99
    assert 0.8 < ink[0] / ink[1] < 0.95
    assert ink[1] == sum(a != b for a, b in zip(text, similar, strict=True)) > 10
    assert legibility("ab", "abc") is None and legibility("ab", "a\u4e00") is None
    assert similar_letters(text) == similar_letters(text) and similar_letters("") == ("", [])


def test_legibility_stands_beside_the_growth() -> None:
    gpt2 = Tokenizer.load("gpt2")
    samples = [Sample(text, language="en") for text in declaration("en").articles]
    found = {(row.metric, row.group): row for row in robustness([gpt2], samples)}
    for way in ("look-alike letters", "similar letters"):
        row = found["legibility", way]
        assert row.low is not None and row.high is not None and row.low <= row.value <= row.high
        assert found["token_growth", way].value > 1.2
    assert ("legibility", "typos") not in found
