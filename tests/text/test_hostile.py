"""The generator of hostile text: deterministic, valid, within budget, and really everywhere."""

from __future__ import annotations

import unicodedata

import pytest

from tokenworks.text.hostile import KINDS, assigned_rows, every_code_point, hostile_texts, numerals

VOCABULARY = [b" the", b"\xe4\xb8", b"ing", b"\xff", b"1"]
SPECIALS = ["<|endoftext|>", "[MASK]"]


def draw(**more: object) -> list[tuple[str, str]]:
    return list(hostile_texts(vocabulary=VOCABULARY, specials=SPECIALS, **more))  # type: ignore[arg-type]


def test_same_seed_same_texts() -> None:
    assert draw(seed=3, budget=60_000) == draw(seed=3, budget=60_000)
    assert draw(seed=3, budget=60_000) != draw(seed=4, budget=60_000)


def test_every_text_is_valid_and_the_budget_holds() -> None:
    samples = draw(seed=0, budget=300_000)
    size = sum(len(text.encode()) for _, text in samples)  # encode() refuses lone surrogates
    assert 250_000 < size < 330_000
    assert all(text for _, text in samples)
    assert {kind for kind, _ in samples} == {*KINDS, "mixture"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_varies(kind: str) -> None:
    texts = {text for _, text in draw(budget=20_000, kinds=[kind])}
    assert len(texts) > 5


def test_corners_are_reached() -> None:
    text = "\n".join(t for _, t in draw(seed=0, budget=1_500_000))
    wanted = [
        "'ll",
        "'LL",
        "’s",
        "'\u017f",
        "\r\n",
        "\x00",
        "\ufeff",
        "\ufffd",
        "\u200d",
        "\U0010ffff",
        "\ue000",
    ]
    wanted += [
        "<|endoftext|>",
        "<|endof",
        "[MASK] ",
        "e\u0301",
        "\u3000",
        "\t\t",
        "١",
        "०",
        " the",
        "\u2581",
    ]
    assert [w for w in wanted if w not in text] == []
    categories = {unicodedata.category(c) for c in set(text)}
    assert categories >= {
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "Mn",
        "Mc",
        "Me",
        "Nd",
        "Nl",
        "No",
        "Zs",
        "Cf",
        "Co",
        "Cn",
    }
    names = {unicodedata.name(c, "?").split()[0] for c in set(text)}
    assert len(names) > 300


def test_rows_hold_every_assigned_character_once() -> None:
    rows = "".join(assigned_rows())
    assert len(rows) == len(set(rows))
    assert len(rows) > 140_000
    assert all(len(system) == 10 for system in numerals())


def test_every_code_point_once() -> None:
    seen = [c for s in list(every_code_point())[::2] for c in s.text]
    assert len(seen) == 0x110000 - 0x800
    assert len(set(seen)) == len(seen)
