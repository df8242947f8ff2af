"""Tokens as one array of characters, and what is told of vocabularies by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenworks.evaluation.token_characters import CharacterTable, TokenCharacters
from tokenworks.workflows.audit.describe import by_category, by_script

PIECES = st.one_of(st.binary(max_size=6), st.text(max_size=4).map(str.encode))


@given(st.lists(PIECES, max_size=8))
def test_characters_of_tokens(tokens: list[bytes]) -> None:
    found = TokenCharacters.of(tokens)
    for number, token in enumerate(tokens):
        expected = token.decode("utf-8", "surrogateescape")
        points = found.points[found.starts[number] : found.ends[number]]
        assert points.tolist() == [ord(character) for character in expected]
        assert found.partial[number] == any(0xDC80 <= ord(c) <= 0xDCFF for c in expected)
    assert found.lengths.tolist() == [len(t.decode("utf-8", "surrogateescape")) for t in tokens]


def test_reductions_leave_separators_out() -> None:
    found = TokenCharacters.of([b"", b"ac", b"b"])
    points = found.points
    assert found.least(points).tolist() == [2**32 - 1, 97, 98]
    assert found.greatest(points).tolist() == [0, 99, 98]
    assert found.union(points).tolist() == [0, 97 | 99, 98]
    assert found.any(points == ord("\n")).tolist() == [False] * 3


def test_a_table_asks_once_per_character() -> None:
    asked: list[str] = []

    def number(character: str) -> int:
        asked.append(character)
        return ord(character) % 7

    table = CharacterTable(number)
    points = np.array([97, 98, 97], np.uint32)
    assert table(points).tolist() == table(points).tolist() == [97 % 7, 98 % 7, 97 % 7]
    assert asked == ["a", "b"]


@pytest.mark.parametrize(
    ("token", "script", "category"),
    [
        ("the", "Latin", "letters"),
        (" the", "Latin", "word start"),
        ("\u2581слово", "Cyrillic", "word start"),
        ("aЯ", "(mixed)", "letters"),
        ("日本", "Han", "letters"),
        ("é1", "Latin", "mixed"),
        (" 12", "(no letters)", "digits"),
        ("!?", "(no letters)", "punctuation and symbols"),
        (" \n", "(no letters)", "white space"),
        ("\x00", "(no letters)", "control characters"),
        ("", "(no letters)", "empty"),
    ],
)
def test_what_a_token_is(token: str, script: str, category: str) -> None:
    assert by_script([token.encode()]) == {script: 1}
    assert by_category([token.encode()]) == {category: 1}


def test_sums_over_tokens() -> None:
    tokens = [b"a", b"b", b"\xff", "ж".encode()]
    assert by_script(tokens) == {"Latin": 2, "(partial UTF-8)": 1, "Cyrillic": 1}
    weighted = by_category(tokens, np.array([1, 2, 9, 3]))
    assert weighted == {"partial UTF-8": 9, "letters": 6}
    assert list(weighted) == ["partial UTF-8", "letters"]
    assert by_script([]) == by_category([]) == {}
