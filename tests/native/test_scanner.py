"""The compiled scanners find what the reference regex engine finds, on any text."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from tokenworks._native import find_matches, knows_pattern, pattern_names

PATTERNS: dict[str, str] = pattern_names()

# Pieces that patterns treat apart, joined so that blocks of 64 ASCII bytes fill up.
PARTS = [
    "the",
    "of",
    "And",
    "don't",
    "it's",
    "I'm",
    "we'LL",
    "HTMLParser",
    "helloWorld",
    "x",
    "y2k",
    "rock'n'roll",
    "'tis",
    "o'clock",
    "'s",
    "''s",
    "''",
    "12",
    "12345",
    "1,234,567",
    "3.14",
    "foo_bar",
    "__init__",
    "(",
    ")",
    "((",
    "((a",
    "(a",
    "[b]",
    "{c}",
    "--",
    "...",
    "!",
    "/",
    ";\n//",
    "//x",
    "/usr/bin",
    "it's't",
    "'ſ",
    "ſ",
    "café",
    "Ü",
    "na\u0308ive",
    "你好",
    "こん",
    "カ",
    "한글",
    "ขค",
    "אב",
    "ǅ",
    "ʰ",
    "ª",
    "²",
    "Ⅷ",
    "०१",
    "€",
    "😀🏽",
    "\u200d",
    "\u3000x",
    "\u2028",
    "\x00",
    "\x1c",
    "\x7f",
    "\x85",
]
SPACES = ["", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", " \n", "\t", "\v", "\n   \n", "\f "]


def reference(name: str) -> Split:
    # Oniguruma reads x{1,3}+ as (x{1,3})+ and lets $ match before a line end.
    regex = PATTERNS[name].replace("{1,3}+", "{1,3}").replace("++$", r"++\z")
    return Split(Regex(regex), "isolated")


REFERENCES = {name: reference(name) for name in PATTERNS}


def pieces(name: str, text: str) -> list[str]:
    """The text cut at the matches and between them, as an `isolated` Split does."""
    data = text.encode()
    cuts = sorted({0, len(data), *find_matches(name, text).ravel().tolist()})
    return [data[a:b].decode() for a, b in itertools.pairwise(cuts)]


def expected(name: str, text: str) -> list[str]:
    return [piece for piece, _ in REFERENCES[name].pre_tokenize_str(text)]


@pytest.mark.parametrize("name", PATTERNS)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text(name: str, text: str) -> None:
    assert pieces(name, text) == expected(name, text)


@pytest.mark.parametrize("name", PATTERNS)
@given(
    parts=st.lists(st.tuples(st.sampled_from(PARTS), st.sampled_from(SPACES)), max_size=60),
    start=st.sampled_from(SPACES),
)
def test_words_and_spaces(name: str, parts: list[tuple[str, str]], start: str) -> None:
    text = start + "".join(word + space for word, space in parts)
    assert pieces(name, text) == expected(name, text)


@pytest.mark.parametrize("name", PATTERNS)
def test_long_mixtures(name: str) -> None:
    rng = random.Random(name)
    for _ in range(150):
        text = "".join(rng.choice(PARTS) + rng.choice(SPACES) for _ in range(rng.choice([20, 80])))
        assert pieces(name, text) == expected(name, text)


@pytest.mark.parametrize("name", PATTERNS)
def test_every_code_point_between_letters_and_spaces(name: str) -> None:
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    step = 4000
    for start in range(0, len(characters), step):
        text = "".join(f"a{c}b {c} 1{c}" for c in characters[start : start + step : 7])
        assert pieces(name, text) == expected(name, text)


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("unit", [" ", "\n", "a", "A", "1", "!", "é", "好", "\u0301", "'", "\r\n "])
def test_long_runs(name: str, unit: str) -> None:
    for count in (1, 2, 3, 15, 16, 17, 31, 63, 64, 65, 127, 200):
        for text in (unit * count, f"x{unit * count}", f"{unit * count}x", f" {unit * count}1"):
            assert pieces(name, text) == expected(name, text)


def test_patterns_are_known_by_name_and_regex() -> None:
    for name, regex in PATTERNS.items():
        assert knows_pattern(name)
        assert knows_pattern(regex)
    assert not knows_pattern(r"\w+")
    with pytest.raises(ValueError, match="no native scanner"):
        find_matches(r"\w+", "text")


@pytest.mark.parametrize("name", PATTERNS)
def test_time_is_linear_in_a_text_without_spaces(name: str) -> None:
    # A quadratic scanner would take hours for these.
    for unit in ("x", "X", "1", " ", "好", "\n"):
        spans = find_matches(name, unit * 2_000_000)
        assert spans.size == 0 or spans[-1, 1] <= 2_000_000 * len(unit.encode())
