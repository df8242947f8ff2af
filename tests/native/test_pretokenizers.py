"""Every pretokenizer step against `tokenizers`: all code points, and random texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.reference import Step, expected, found, native, pretokens, reference, texts
from tests.native.test_normalizers import all_code_points

BYTE_LEVEL = {"type": "ByteLevel", "trim_offsets": True}
PLAIN_BYTES = {**BYTE_LEVEL, "add_prefix_space": False, "use_regex": False}
BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")


def split(pattern: dict[str, str], behavior: str = "Isolated", invert: bool = False) -> Step:
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def metaspace(scheme: str, split: bool) -> Step:
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


STEPS: dict[str, tuple[Step, ...]] = {
    "whitespace": ({"type": "Whitespace"},),
    "whitespace_split": ({"type": "WhitespaceSplit"},),
    "bert": ({"type": "BertPreTokenizer"},),
    "digits": ({"type": "Digits", "individual_digits": False},),
    "digits_individual": ({"type": "Digits", "individual_digits": True},),
    "delimiter": ({"type": "CharDelimiterSplit", "delimiter": "é"},),
    "scripts": ({"type": "UnicodeScripts"},),
    "fixed_length": ({"type": "FixedLength", "length": 3},),
    "byte_level": ({**BYTE_LEVEL, "add_prefix_space": False, "use_regex": True},),
    "byte_level_prefix": ({**BYTE_LEVEL, "add_prefix_space": True, "use_regex": True},),
    "byte_level_no_regex": ({**BYTE_LEVEL, "add_prefix_space": True, "use_regex": False},),
    "byte_level_first": (
        {**BYTE_LEVEL, "add_prefix_space": True, "use_regex": True},
        {"type": "Digits", "individual_digits": True},
        {"type": "Punctuation", "behavior": "Isolated"},
    ),
    "byte_level_twice": (PLAIN_BYTES, PLAIN_BYTES),
    "deepseek": (
        split({"Regex": r"\p{N}{1,3}"}),
        split({"Regex": "[一-龥぀-ゟ゠-ヿ]+"}),
        {**BYTE_LEVEL, "add_prefix_space": False, "use_regex": False},
    ),
    "digits+byte_level": (
        {"type": "Digits", "individual_digits": True},
        {**BYTE_LEVEL, "add_prefix_space": True, "use_regex": True},
    ),
    "split_invert": (split({"Regex": "[a-c]+|[0-9]"}, "Removed", True),),
    "split_empty_regex": (split({"Regex": "x*"}, "MergedWithPrevious"),),
    "whitespace+scripts": ({"type": "WhitespaceSplit"}, {"type": "UnicodeScripts"}),
    "metaspace+digits": (metaspace("first", True), {"type": "Digits", "individual_digits": True}),
    "digits+metaspace": ({"type": "Digits", "individual_digits": True}, metaspace("first", True)),
    "metaspace_twice": (metaspace("first", False), metaspace("first", True)),
    **{f"punctuation_{b}": ({"type": "Punctuation", "behavior": b},) for b in BEHAVIORS},
    **{f"split_string_{b}": (split({"String": "ab"}, b),) for b in BEHAVIORS},
    **{f"split_regex_{b}": (split({"Regex": "[a ]"}, b),) for b in BEHAVIORS},
    **{f"split_inverted_{b}": (split({"Regex": "[a ]"}, b, True),) for b in BEHAVIORS},
    **{
        f"metaspace_{scheme}_{cut}": (metaspace(scheme, cut),)
        for scheme in ("always", "first", "never")
        for cut in (True, False)
    },
}
NORMALIZERS: dict[str, tuple[Step, ...]] = {
    "none": (),
    "strip": ({"type": "Strip", "strip_left": True, "strip_right": True},),
    "nfd": ({"type": "NFD"},),
    "prepend": ({"type": "Prepend", "prepend": " x"},),
}

CLOSE = "aabbcxyé  \t\n▁\u00a0\u3000'sll09٣½,.-_!¿—中日カーあαж한Ġ\u0301\u200d𝟘𠀀"
TEXTS = st.one_of(st.text(alphabet=CLOSE, max_size=20), st.text(max_size=12))


BY_CLASS = (
    "whitespace whitespace_split bert digits scripts punctuation_Isolated byte_level_no_regex"
)


@pytest.mark.parametrize("name", BY_CLASS.split())
def test_every_code_point(name: str) -> None:
    steps = STEPS[name]
    ours, theirs = native((), steps), reference((), steps)
    for line in all_code_points():
        assert texts(ours, line, track=False) == pretokens(theirs, line)


@pytest.mark.parametrize("normalizer", NORMALIZERS)
@pytest.mark.parametrize("name", STEPS)
def test_random_texts(name: str, normalizer: str) -> None:
    steps = STEPS[name]
    ours = native(NORMALIZERS[normalizer], steps)
    theirs = reference(NORMALIZERS[normalizer], steps)

    @settings(max_examples=50, deadline=None)
    @given(TEXTS)
    def check(text: str) -> None:
        want = expected(theirs, text)
        got = found(ours, text)
        assert got == want
        texts(ours, text)  # with and without tracking the same
        if normalizer == "none":
            assert texts(ours, text) == pretokens(theirs, text)

    check()


def test_bytes_of_byte_level_models_are_not_spelled_out() -> None:
    steps = STEPS["byte_level_prefix"]
    for chain in (steps, (*steps, {"type": "Digits", "individual_digits": True})):
        pipeline = native((), chain, byte_level=True)
        text = "é it's\n 42\u3000\0"
        pieces = pipeline.run(text)
        assert b"".join(p for p, _, _ in pieces) == b" " + text.encode()
        assert pieces == pipeline.run(text, track=True)
        assert pieces[0] == (" é".encode(), None, [(0, 2)] * 3)
        assert [p for p, _, _ in pieces] == [p for p, _, _ in pipeline.run(text, track=False)]
