"""Added tokens in a text: the same ones at the same places as `tokenizers` finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.reference import Step, expected, found, native, reference, split

from tokenworks import _native

LOWER: tuple[Step, ...] = ({"type": "Lowercase"},)
WORDS: tuple[Step, ...] = ({"type": "WhitespaceSplit"},)
METASPACE: tuple[Step, ...] = (
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True},
)
PREPEND: tuple[Step, ...] = (
    {"type": "Prepend", "prepend": "▁"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
)


def token(number: int, content: str, **options: bool) -> dict[str, Any]:
    fields = ("special", "single_word", "lstrip", "rstrip", "normalized")
    return {"id": number, "content": content, **{f: options.get(f, False) for f in fields}}


CONTENTS = (
    "a",
    "ab",
    "abc",
    "b",
    "bc",
    "bcd",
    "Ab",
    "<s>",
    "<",
    " a",
    "a ",
    "é",
    "日",
    "ß",
    "x<s>",
)

TOKENS = st.lists(
    st.tuples(
        st.sampled_from(CONTENTS),
        st.fixed_dictionaries(
            {f: st.booleans() for f in ("special", "single_word", "lstrip", "rstrip", "normalized")}
        ),
    ),
    max_size=6,
    unique_by=lambda t: t[0].lower(),
)
TEXTS = st.text(alphabet="aabbcdAB<s> \u3000\néx日_ßé", max_size=20)


@pytest.mark.parametrize("normalizer", [(), LOWER, PREPEND])
@pytest.mark.parametrize("pretokenizer", [(), WORDS, METASPACE])
def test_found_as_the_reference_does(
    normalizer: tuple[Step, ...], pretokenizer: tuple[Step, ...]
) -> None:
    @settings(max_examples=150, deadline=None)
    @given(TOKENS, TEXTS)
    def check(tokens: list[tuple[str, dict[str, bool]]], text: str) -> None:
        added = [token(i + 1, content, **options) for i, (content, options) in enumerate(tokens)]
        # A token that strips to its right may be overlapped by the next one; the reference then
        # reports text twice or panics, and its spans are no partition of the text.
        if any(options["rstrip"] for _, options in tokens) and any(" " in c for c, _ in tokens):
            return
        theirs = reference(normalizer, pretokenizer, added)
        # The reference gives added tokens ids of its own choice, in order of the list.
        numbers = {t["content"]: theirs.token_to_id(t["content"]) for t in added}
        ours = native(normalizer, pretokenizer, [{**t, "id": numbers[t["content"]]} for t in added])
        assert found(ours, text) == expected(theirs, text)

        theirs.encode_special_tokens = True
        ignoring = [(i, *spans[0][:1]) for _, i, spans in ours.run(text, "text") if i]
        special = {numbers[t["content"]] for t in added if t["special"]}
        assert not special & {i for i, _ in ignoring}
        kept = [i for i, _, _ in expected(theirs, text) if i]
        assert [i for i, _ in ignoring] == kept

    check()


def test_longest_of_the_leftmost() -> None:
    words = ["a", "ab", "abcd", "bc", "c", "cdefg"]
    ours = native((), (), [token(i + 1, w) for i, w in enumerate(words)])
    ids = [(piece, i) for piece, i, _ in ours.run("abcabcdecdefabcdefg")]
    assert ids == [
        (b"ab", 2),
        (b"c", 5),
        (b"abcd", 3),
        (b"e", None),
        (b"c", 5),
        (b"def", None),
        (b"abcd", 3),
        (b"efg", None),
    ]


def test_special_tokens_are_an_error_unless_allowed() -> None:
    added = [token(7, "<s>", special=True), token(8, "<t>")]
    ours = native((), (), added)
    with pytest.raises(_native.SpecialTokenError) as caught:
        ours.run("é <t><s>", "error")
    assert caught.value.args == ("<s>", 6)
    assert isinstance(caught.value, ValueError)
    assert [i for _, i, _ in ours.run("é <t><s>", "text")] == [None, 8, None]
    assert [i for _, i, _ in ours.run("é <t><s>", "allow")] == [None, 8, 7]
    with pytest.raises(ValueError, match='"error", "allow" or "text", got "off"'):
        ours.run("", "off")


def test_position_of_a_normalized_special_token() -> None:
    ours = native(({"type": "NFD"}, *LOWER), (), [token(7, "<S>", special=True, normalized=True)])
    for track in (True, False):
        with pytest.raises(_native.SpecialTokenError) as caught:
            ours.run("éé<s>", "error", track=track)
        assert caught.value.args == ("<S>", 4)


def test_many_tokens_and_long_texts_in_linear_time() -> None:
    added = [token(i, f"<|token {i}|>") for i in range(20_000)]
    added.append(token(20_000, "a" * 1000))
    ours = native((), (), added)
    text = "<|token 19999|>" * 1000 + "a" * 500_000 + "<|" * 100_000
    pieces = ours.run(text, track=False)
    assert len(pieces) == 1000 + 500 + 1
    assert pieces[0][1] == 19_999


@pytest.mark.parametrize(
    ("normalizer", "pretokenizer", "added", "message"),
    [
        ([{"type": "NFX"}], [], [], "normalizer type NFX is not known; known are NFC, NFD"),
        ([], [{"type": "Words"}], [], "pretokenizer type Words is not known; known are ByteLevel"),
        ([{"type": "Prepend"}], [], [], r"normalizer step 1 \(Prepend\): field prepend is missing"),
        ([{}], [], [], "normalizer step 1: field type is missing"),
        (["NFC"], [], [], "normalizer step 1 is not a mapping"),
        ([], [{"type": "FixedLength", "length": 0}], [], "length must be a positive whole number"),
        ([], [{"type": "CharDelimiterSplit", "delimiter": "ab"}], [], "must be one character"),
        ([], [{"type": "Punctuation", "behavior": "Glued"}], [], "behavior must be Removed"),
        ([], [{"type": "Split", "pattern": 3}], [], "pattern must be"),
        ([{"type": "Precompiled", "precompiled_charsmap": "%"}], [], [], "not valid base64"),
        ([{"type": "Precompiled", "precompiled_charsmap": b"\xff\0\0\0"}], [], [], "multiple of 4"),
        ([{"type": "Precompiled", "precompiled_charsmap": b"\xfc\0\0\0a"}], [], [], "truncated"),
        ([], [], [{"content": "a"}], "added token 1 needs a content"),
    ],
)
def test_bad_steps_are_named(
    normalizer: list[Any], pretokenizer: list[Any], added: list[Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        _native.Pipeline(normalizer, pretokenizer, added, split)


def test_a_regex_without_a_scanner_needs_the_split_function() -> None:
    step = {"type": "Split", "pattern": {"Regex": "z+"}, "behavior": "Isolated", "invert": False}
    with pytest.raises(_native.UnsupportedStepError, match=r"regex z\+ has no native scanner"):
        _native.Pipeline([], [step])
