"""Figures of compression and reliability on texts whose counts are known."""

from __future__ import annotations

import pytest
from assets import asset

from tokenworks import Tokenizer
from tokenworks.errors import OptionError
from tokenworks.evaluation import Encoded, Row, Sample, rows_to_arrow
from tokenworks.evaluation.compression import compression
from tokenworks.evaluation.reliability import reliability


def figure(rows: list[Row], metric: str, group: str = "", tokenizer: str | None = None) -> Row:
    (found,) = [
        row
        for row in rows
        if row.metric == metric
        and row.group == group
        and (tokenizer is None or row.tokenizer == tokenizer)
    ]
    return found


def test_counts_by_hand() -> None:
    gpt2 = Tokenizer.load("gpt2")
    rows = compression([gpt2], [Sample("Hello world", language="en"), Sample("é", language="fr")])
    n = len(gpt2.encode("Hello world")) + len(gpt2.encode("é"))
    assert figure(rows, "tokens").value == n == 3
    assert figure(rows, "bytes_per_token").value == 13 / 3
    assert figure(rows, "characters_per_token", "fr").value == 1
    assert figure(rows, "fertility", "en").value == 1
    assert figure(rows, "continued_words").value == 0
    assert figure(rows, "characters_per_token").n == 2
    assert figure(rows, "characters_per_token", "fr").low is None


def test_continued_words() -> None:
    gpt2 = Tokenizer.load("gpt2")
    text = "cat tokenization, cat Donaudampfschiff"
    rows = compression([gpt2], [Sample(text)])
    assert figure(rows, "continued_words").value == 50  # " tokenization," and the German word
    assert figure(rows, "continued_words_unicode").value == 50


def test_golden_english_prose() -> None:
    lines = asset("corpora/wikitext2/valid.txt").read_text("utf-8").splitlines()
    rows = compression([Tokenizer.load("gpt2")], [Sample(line) for line in lines if line.strip()])
    row = figure(rows, "bytes_per_token")
    assert row.low is not None and row.high is not None
    assert 4.3 < row.low < row.value < row.high < 4.5


def test_reference_and_limit() -> None:
    tokenizers = [Tokenizer.load("gpt2"), Tokenizer.load("o200k_base")]
    samples = [Sample("नमस्ते दुनिया", language="hi"), Sample("Good day", language="en")]
    rows = compression(tokenizers, samples, reference="gpt2", context=100)
    assert figure(rows, "normalized_length", "hi", "gpt2").value == 1
    assert figure(rows, "normalized_length", "hi", "o200k_base").value < 0.5
    per_token = figure(rows, "characters_per_token", "en", "o200k_base").value
    assert figure(rows, "characters_at_limit", "en", "o200k_base").value == 100 * per_token
    with pytest.raises(OptionError, match="'gpt5' is not one of gpt2, o200k_base"):
        compression(tokenizers, samples, reference="gpt5")
    with pytest.raises(OptionError, match="1 or more"):
        compression(tokenizers, samples, context=0)


def test_a_long_document_is_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "one two three. " * 400
    gpt2 = Tokenizer.load("gpt2")
    whole = compression([gpt2], [Sample(text), Sample("more")])
    monkeypatch.setattr("tokenworks.evaluation.encoding.BATCH", 256)
    cut = compression([gpt2], [Sample(text), Sample("more")])
    assert figure(cut, "fertility").n == 2
    assert figure(cut, "fertility").value == pytest.approx(figure(whole, "fertility").value, 0.01)


def test_a_space_before_the_first_word_is_no_change() -> None:
    mistral = Tokenizer.load("mistral-v1")
    rows = reliability([mistral], [Sample("Hello world"), Sample("日本語 ﬁn")])
    assert figure(rows, "changed_documents").value == 0
    assert figure(rows, "unknown_tokens").value == 0


def test_words_under_a_space_before_the_first_word() -> None:
    mistral = Tokenizer.load("mistral-v1")
    rows = compression([mistral], [Sample("Hello world")])
    assert figure(rows, "continued_words").value == 0


class Failing(Tokenizer):
    """Refuses texts that hold a question mark."""

    def encode_batch(self, texts, **options):  # type: ignore[no-untyped-def]
        if any("?" in text for text in texts):
            raise RuntimeError("cannot encode a question")
        return super().encode_batch(texts, **options)

    def encode(self, text, **options):  # type: ignore[no-untyped-def]
        if "?" in text:
            raise RuntimeError("cannot encode a question")
        return super().encode(text, **options)


def test_a_tokenizer_that_fails_on_some_text_is_reported() -> None:
    good = Tokenizer.load("gpt2")
    bad = Failing(Tokenizer.load("cl100k_base").definition)
    samples = [Sample("yes", "a"), Sample("why?", "b"), Sample("no", "c")]
    encoded = Encoded.of([good, bad], samples)
    assert len(encoded) == 2
    (failure,) = encoded.failures
    assert (failure.tokenizer, failure.source) == ("cl100k_base", "b")
    assert "question" in failure.reason
    assert encoded.tokens.tolist() == [[1, 1], [1, 1]]


def test_equal_names_are_told_apart() -> None:
    gpt2 = Tokenizer.load("gpt2")
    rows = compression([gpt2, gpt2], [Sample("a b")])
    assert {row.tokenizer for row in rows} == {"gpt2", "gpt2 (2)"}


def test_other_tokenizers_than_those_that_tokenized() -> None:
    encoded = Encoded.of([Tokenizer.load("gpt2")], [Sample("a")])
    with pytest.raises(OptionError, match="other tokenizers"):
        compression([Tokenizer.load("cl100k_base")], encoded)
    with pytest.raises(OptionError, match="at least one"):
        compression([], [Sample("a")])


def test_arrow() -> None:
    rows = compression([Tokenizer.load("gpt2")], [Sample("a b", language="en"), Sample("c")])
    table = rows_to_arrow(rows)
    assert table.num_rows == len(rows)
    assert table.to_pylist() == [row.to_json() for row in rows]
    assert rows_to_arrow([]).num_rows == 0
