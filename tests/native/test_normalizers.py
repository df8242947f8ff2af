"""Every normalizer step against `tokenizers`: all code points alone, and random texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.reference import Step, expected, found, native, reference, texts

EACH_CHARACTER = ({"type": "FixedLength", "length": 1},)

STEPS: dict[str, tuple[Step, ...]] = {
    "nfc": ({"type": "NFC"},),
    "nfd": ({"type": "NFD"},),
    "nfkc": ({"type": "NFKC"},),
    "nfkd": ({"type": "NFKD"},),
    "lowercase": ({"type": "Lowercase"},),
    "strip_accents": ({"type": "StripAccents"},),
    "nfd+strip_accents": ({"type": "NFD"}, {"type": "StripAccents"}),
    "strip": ({"type": "Strip", "strip_left": True, "strip_right": True},),
    "strip_left": ({"type": "Strip", "strip_left": True, "strip_right": False},),
    "strip_right": ({"type": "Strip", "strip_left": False, "strip_right": True},),
    "replace": ({"type": "Replace", "pattern": {"String": " "}, "content": "▁"},),
    "replace_long": ({"type": "Replace", "pattern": {"String": "aé"}, "content": "xyz"},),
    "replace_regex": ({"type": "Replace", "pattern": {"Regex": r"\s{2,}|[0-9]"}, "content": "é "},),
    "remove_regex": ({"type": "Replace", "pattern": {"Regex": r"[!-/:-@]+"}, "content": ""},),
    "prepend": ({"type": "Prepend", "prepend": "▁"},),
    "prepend_long": ({"type": "Prepend", "prepend": "<é>"},),
    "nmt": ({"type": "Nmt"},),
    "byte_level": ({"type": "ByteLevel"},),
    "llama": (
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    ),
    "bert": (
        {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
    ),
    "bert_cased": (
        {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": False,
        },
    ),
    "bert_accents": (
        {
            "type": "BertNormalizer",
            "clean_text": False,
            "handle_chinese_chars": False,
            "strip_accents": True,
            "lowercase": False,
        },
    ),
    "nfkc+lowercase+nfc": ({"type": "NFKC"}, {"type": "Lowercase"}, {"type": "NFC"}),
}

# Characters that meet: bases, marks of many classes, Hangul, compatibility forms, white space.
CLOSE = (
    "aAeEoßİıſǆ éÅÅΐᾳ \t\n\r\x0b\x85\u00a0\u200b\u200d\u2028\u3000\ufeff\ufffd\0\x01\x7f"
    "\u0300\u0301\u0307\u0308\u0323\u0327\u0328\u0334\u0338\u0345\u031b\u3099\u093c\u05b0\u0e38"
    "\u1100\u1161\u11a8\uac00\uac01\ud7a3\u1175\u11a7가힣ﬁ①ǅﷺ²Ω豈\U0002f800𝒜\U0001d15e\u0344\u0958"
    "中日𠀀.,!0９٣▁<>-_'"
)
TEXTS = st.one_of(
    st.text(alphabet=CLOSE, max_size=24), st.text(max_size=16), st.text(alphabet="ab ", max_size=12)
)


def all_code_points() -> list[str]:
    """Every code point, in lines that mix it with letters, spaces and a mark."""
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return ["a".join(points[i : i + 256]) for i in range(0, len(points), 256)]


@pytest.mark.parametrize("name", STEPS)
def test_every_code_point(name: str) -> None:
    steps = STEPS[name]
    ours, theirs = native(steps), reference(steps).normalizer
    assert theirs is not None
    for line in all_code_points():
        for text in (line, line.replace("a", "\u0301")):
            assert "".join(texts(ours, text, track=False)) == theirs.normalize_str(text)


@pytest.mark.parametrize("name", STEPS)
def test_random_texts_and_where_each_character_came_from(name: str) -> None:
    steps = STEPS[name]
    ours, theirs = native(steps, EACH_CHARACTER), reference(steps, EACH_CHARACTER)
    whole = native(steps)

    @settings(max_examples=300, deadline=None)
    @given(TEXTS)
    def check(text: str) -> None:
        assert theirs.normalizer is not None
        assert "".join(texts(whole, text)) == theirs.normalizer.normalize_str(text)
        assert found(ours, text) == expected(theirs, text)

    check()
