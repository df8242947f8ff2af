"""Words by white space and by Unicode, against Python's and regex's own."""

from __future__ import annotations

from itertools import pairwise

import regex
from hypothesis import given
from hypothesis import strategies as st

from tokenworks.data.udhr import declarations
from tokenworks.evaluation.words import (
    Words,
    byte_positions,
    code_points,
    unicode_words,
    whitespace_words,
)

# None that extend others, and no vowels: before them regex breaks at an apostrophe, as in "l'objectif".
MARKS = st.sampled_from(list("bZ9٣'’\"״.,:;_-  \n\r\tש東カひк·ſ€"))


def cut(text: str, words: Words) -> list[str]:
    data = text.encode()
    return [
        data[begin:end].decode()
        for begin, end in zip(words.begins.tolist(), words.ends.tolist(), strict=True)
    ]


def of_regex(text: str) -> list[str]:
    edges = [match.start() for match in regex.finditer(r"(?w)\b", text)]
    edges = sorted({0, len(text), *edges})
    parts = [text[a:b] for a, b in pairwise(edges)]
    return [part for part in parts if regex.search(r"[\p{L}\p{N}]", part)]


def both(text: str) -> tuple[list[str], list[str]]:
    points = code_points(text)
    positions = byte_positions(points)
    return (
        cut(text, whitespace_words(points, positions)),
        cut(text, unicode_words(points, positions)),
    )


def test_known_words() -> None:
    text = "Don't pay 3.14 or 1,000 for e-mail, naïve_one!  Привет 東京 カタカナ"
    spaced, unicode = both(text)
    assert spaced == text.split()
    assert unicode == [
        *("Don't", "pay", "3.14", "or", "1,000", "for", "e", "mail", "naïve_one", "Привет"),
        *("東", "京", "カタカナ"),
    ]


def test_empty() -> None:
    assert both("") == ([], [])


def test_declarations_agree_with_regex() -> None:
    for one in declarations()[::6]:
        text = one.articles[0]
        spaced, unicode = both(text)
        assert spaced == regex.split(r"\p{White_Space}+", text.strip())
        assert unicode == of_regex(text), one.language


@given(st.text(MARKS, max_size=12))
def test_arrays_agree_with_regex(text: str) -> None:
    assert both(text)[1] == of_regex(text)


def test_marks_stay_with_what_they_follow() -> None:
    # regex looks one character back for the rules on apostrophes and points, also past a mark
    assert both("a\u0301:Z 1\u0301,2 x\u200dy \u0301z")[1] == [
        *("a\u0301:Z", "1\u0301,2", "x\u200dy", "z"),
    ]
