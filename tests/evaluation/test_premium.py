"""Premiums and their inequity on parallel text, and the law of vocabulary sizes."""

from __future__ import annotations

import numpy as np
import pytest

from tokenworks import Tokenizer
from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError
from tokenworks.evaluation import Encoded, Sample
from tokenworks.evaluation.premium import aligned, gini, premium
from tokenworks.evaluation.vocabulary_law import PowerLaw, common_target, fit, vocabulary_law


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    chosen = {"en", "de", "hi", "ta", "th", "sw", "ja", "ru"}
    samples = [
        Sample(article, "udhr", one.bcp47)
        for one in declarations()
        if one.bcp47 in chosen
        for article in one.articles
    ]
    return Encoded.of([Tokenizer.load("cl100k_base"), Tokenizer.load("o200k_base")], samples)


def test_reference_is_one_and_premiums_are_reciprocal(encoded: Encoded) -> None:
    english = premium(encoded.tokenizers, encoded)
    german = premium(encoded.tokenizers, encoded, reference="de")
    value = {(r.tokenizer, r.metric, r.group): r for r in english}
    other = {(r.tokenizer, r.metric, r.group): r for r in german}
    for name in encoded.names:
        own = value[name, "premium", "en"]
        assert own.value == own.low == own.high == 1
        product = value[name, "premium", "de"].value * other[name, "premium", "en"].value
        assert product == pytest.approx(1)
        assert value[name, "premium_worst", ""].value >= value[name, "premium", "hi"].value


def test_indic_scripts_gain_from_the_newer_vocabulary(encoded: Encoded) -> None:
    value = {
        (r.tokenizer, r.metric, r.group): r.value for r in premium(encoded.tokenizers, encoded)
    }
    for language in ("hi", "ta"):
        older, newer = (value[name, "premium", language] for name in encoded.names)
        assert newer < older / 2.5
    assert value["o200k_base", "premium_gini", ""] < value["cl100k_base", "premium_gini", ""]


def test_intervals_hold_the_premium(encoded: Encoded) -> None:
    for row in premium(encoded.tokenizers, encoded):
        assert row.low is not None and row.high is not None
        assert row.low <= row.value <= row.high
        assert row.n == 30


def test_languages_without_a_counterpart_are_left_out() -> None:
    samples = [Sample("a b", language="en"), Sample("a", language="de"), Sample("b", language="de")]
    encoded = Encoded.of([Tokenizer.load("gpt2")], samples)
    base, kept, left = aligned(encoded)
    assert (base, [group.name for group in kept], left) == ("en", ["en"], ("de",))
    with pytest.raises(OptionError, match="'xx'; known: de, en"):
        premium(encoded.tokenizers, encoded, reference="xx")
    assert premium(encoded.tokenizers, [Sample("no language")]) == []


def test_gini() -> None:
    assert gini(np.array([3.0, 3.0, 3.0])) == 0
    assert gini(np.array([0.0, 0.0, 1.0])) == pytest.approx(2 / 3)
    values = np.random.default_rng(0).random(20)
    by_definition = np.abs(values[:, None] - values).mean() / (2 * values.mean())
    assert gini(values) == pytest.approx(by_definition)


def test_fit_recovers_a_planted_law() -> None:
    planted = PowerLaw(3e6, -0.31, 1000, 64000)
    sizes = [1000, 4000, 16000, 64000]
    found = fit(sizes, [planted.tokens(size) for size in sizes])
    assert found.scale == pytest.approx(planted.scale)
    assert found.exponent == pytest.approx(planted.exponent)
    size, inside = found.size_for(planted.tokens(7777))
    assert (size, inside) == (7777, True)
    assert found.size_for(planted.tokens(200_000)) == (64000, False)
    assert found.size_for(planted.tokens(10)) == (1000, False)
    assert common_target([found, found], 4000) == pytest.approx(planted.tokens(4000))


def test_law_over_a_family() -> None:
    family = [Tokenizer.load(f"kl3m-004-char-{size}-cased") for size in ("4k", "8k")]
    english = next(one for one in declarations() if one.bcp47 == "en")
    rows = vocabulary_law(family, [Sample(text, language="en") for text in english.articles])
    value = {row.metric: row.value for row in rows}
    assert value["law_exponent"] < 0
    assert value["law_error"] < 1e-9  # two sizes, two parameters
    assert value["optimal_vocabulary"] == family[1].n_tokens
    assert value["optimal_in_range"] == 1
    assert vocabulary_law(family[:1], [Sample("a")]) == []
    with pytest.raises(OptionError, match="two different"):
        fit([5, 5], [1, 2])
    with pytest.raises(OptionError, match="above 0"):
        vocabulary_law(family, [], target=0)
