"""Shrinking: the result still differs and nothing can be left out of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tokenworks.workflows.verify.shrink import shrink


def test_finds_the_core_of_a_long_text() -> None:
    text = "x" * 5000 + " Zurück 12345 " + "y" * 5000
    assert shrink(text, lambda t: "ü" in t and "34" in t) == "ü34"


def test_prefers_plain_characters() -> None:
    assert shrink("Ψ Ω", lambda t: len(t) == 3) == "aaa"
    assert shrink("Ψ7", lambda t: any(c.isdigit() for c in t)) == "0"


@given(st.text(min_size=1, max_size=80), st.data())
def test_one_character_less_no_longer_differs(text: str, data: st.DataObject) -> None:
    needed = set(data.draw(st.lists(st.sampled_from(text), min_size=1, max_size=3)))

    def differs(candidate: str) -> bool:
        return needed <= set(candidate)

    short = shrink(text, differs)
    assert differs(short)
    assert all(not differs(short[:i] + short[i + 1 :]) for i in range(len(short)))


def test_the_limit_is_kept() -> None:
    asked = 0

    def differs(candidate: str) -> bool:
        nonlocal asked
        asked += 1
        return "q" in candidate

    assert "q" in shrink("ab" * 400 + "q" + "cd" * 400, differs, limit=50)
    assert asked <= 50
