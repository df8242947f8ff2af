"""%TR and %Pure: validity by a lexicon, and its limits."""

from __future__ import annotations

from functools import partial

import pytest
from assets import asset

from tokenworks import Tokenizer
from tokenworks.data.udhr import declaration
from tokenworks.evaluation import Sample
from tokenworks.evaluation.lexicon import Lexicon
from tokenworks.evaluation.tr_pure import (
    TURKISH_SUFFIXES,
    is_word,
    tr_pure,
    turkish_lexicon,
    turkish_lower,
)
from tokenworks.testing import check

SMALL = Lexicon(
    frozenset({"ev", "gel", "insan", "ve"}),
    frozenset({"ev", "gel", "insan", "ve"}) | TURKISH_SUFFIXES,
    TURKISH_SUFFIXES,
    turkish=True,
)


def test_suffixes_follow_vowel_harmony() -> None:
    assert {"lar", "ler", "ında"[2:], "dan", "ten", "lık", "liğ", "ı"} <= TURKISH_SUFFIXES
    assert "lor" not in TURKISH_SUFFIXES


def test_lower_case() -> None:
    assert turkish_lower("IŞIK İnsan") == "ışık insan"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("ev", True),
        ("evler", True),
        ("evlerimizden", True),
        ("evx", False),
        ("xev", False),
        ("", False),
    ],
)
def test_words(text: str, valid: bool) -> None:
    assert is_word(text, SMALL) is valid


def test_by_hand() -> None:
    gpt2 = Tokenizer.load("gpt2")
    text = "ev ve ev, 12"
    pieces = [gpt2.token_bytes(int(i)).decode().strip() for i in gpt2.encode(text)]
    rows = {
        row.metric: row
        for row in tr_pure([gpt2], [Sample(text, language="tr")], lexicons={"tr": SMALL})
    }
    letters = {piece for piece in pieces if piece.isalpha()}
    expected = 100 * sum(is_word(piece, SMALL) for piece in letters) / len(letters)
    assert rows["valid_words"].value == pytest.approx(expected)
    assert rows["left_out_tokens"].value > 0
    assert tr_pure([gpt2], [Sample(text, language="tr")]) == []
    assert tr_pure([gpt2], [Sample(text, language="de")], lexicons={"tr": SMALL}) == []


def test_laws_with_a_lexicon() -> None:
    bound = partial(tr_pure, lexicons={"tr": SMALL})
    bound.method_info = tr_pure.method_info  # type: ignore[attr-defined]
    check(bound)


def test_zemberek_on_turkish() -> None:
    folder = asset("lexicons/zemberek_tr") / "morphology/src/main/resources/tr"
    lexicon = turkish_lexicon(folder / "master-dictionary.dict", folder / "non-tdk.dict")
    samples = [Sample(text, language="tr") for text in declaration("tr").articles]
    tokenizers = [Tokenizer.load(name) for name in ("gpt2", "o200k_base")]
    value = {
        (r.tokenizer, r.metric): r.value
        for r in tr_pure(tokenizers, samples, lexicons={"tr": lexicon})
    }
    assert value["o200k_base", "valid_words"] > value["gpt2", "valid_words"]
    assert all(0 <= figure <= 100 for figure in value.values())
