"""Patterns without a native scanner split as the reference engines do."""

from __future__ import annotations

import random

import pytest
import tiktoken
import tokenizers

from tokenworks import Tokenizer, _native
from tokenworks.errors import FormatError
from tokenworks.tokenizer import adapters
from tokenworks.tokenizer.oniguruma import from_oniguruma, to_oniguruma
from tokenworks.tokenizer.pattern_split import matches, split

PATTERNS = [
    r"\p{L}+|\p{N}{2}| ?[^\s\p{L}\p{N}]+|\s+",
    r"\w+",
    r"\W+",
    r"[^\w\s]+|\w+",
    r"\s+",
    r"\d+|\D",
    r"[\p{Lu}\p{M}]+|\P{L}|\p{Ll}+",
    r"(?i:the)|.|\n",
    r"\p{Letter}+|[^\p{Letter}]",
    r"\p{P}|\p{S}",
    r"[^\]a]+|\]|a",
]
_POINTS = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def texts() -> list[str]:
    draw = random.Random(6)
    usual = "aabbTHEthe 12٣\n\t.]中αΩé\u0301\u200d"
    return [
        "".join(
            chr(draw.choice(_POINTS)) if number % 2 else draw.choice(usual)
            for _ in range(draw.randrange(30))
        )
        for number in range(600)
    ]


# Each is read by Oniguruma unlike by most engines.
ONIGURUMA = [
    *(r"a{1,2}+b", r"[ab]{2,}+", r"(ab|T){2}+", r"(?:[at]b?){1,2}+", r"a{2}?b", r"\p{L}{1,3}+"),
    *(r"^a+", r"a+$", r"^\s*", r"[^$^]+$", r"\s+\Z", r"\s+\z", r"\A.", r"\h+", r"[\hT]+|\H"),
    *(r"(?m:a.)", r"(?mi)t.h", r"[^(\s|[.,!?a])]+", r"[a-z&&[^b]]+", r"\$|\^a|b$"),
]
EMPTY = [
    *(
        "^",
        "$",
        r"\b",
        "(?=b)",
        "a*",
        r"\s*$",
        "(?<=a)",
        "|a",
        "x*",
        r"^|\s",
        r"(?=\p{Lu})",
        r"\A|\z",
    ),
]


@pytest.mark.parametrize("pattern", [*PATTERNS, *ONIGURUMA])
def test_matches_equal_those_of_tokenizers(pattern: str) -> None:
    library = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "removed", invert=True)
    for text in texts():
        expected = [span for _, span in library.pre_tokenize_str(text)]
        assert split(from_oniguruma(pattern), text) == expected


@pytest.mark.parametrize("pattern", [*ONIGURUMA, *EMPTY])
@pytest.mark.parametrize(
    "behavior", ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
)
def test_every_way_of_splitting_equals_tokenizers(pattern: str, behavior: str) -> None:
    library = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), behavior)
    step = {"type": "Split", "pattern": {"Regex": from_oniguruma(pattern)}, "behavior": behavior}
    ours = _native.Pipeline([], [step | {"invert": False}], split=matches)
    for text in texts()[:300]:
        expected = [piece.encode() for piece, _ in library.pre_tokenize_str(text)]
        assert [piece for piece, _, _ in ours.run(text)] == expected, text


@pytest.mark.parametrize("pattern", [*PATTERNS, *ONIGURUMA, *EMPTY])
def test_replacing_equals_tokenizers(pattern: str) -> None:
    library = tokenizers.normalizers.Replace(tokenizers.Regex(pattern), "_\u00e9")
    step = {"type": "Replace", "pattern": {"Regex": from_oniguruma(pattern)}}
    ours = _native.Pipeline([step | {"content": "_\u00e9"}], [], split=matches)
    for text in texts()[:300]:
        pieces = b"".join(piece for piece, _, _ in ours.run(text))
        assert pieces.decode() == library.normalize_str(text), text


@pytest.mark.parametrize(
    "pattern", [r"a$", r"^\s*|a", r"\p{N}{1,2}+", r"(ab){1,2}+b", r"(?m)^a|b$"]
)
def test_patterns_of_tiktoken_are_written_for_oniguruma(pattern: str) -> None:
    library = tokenizers.pre_tokenizers.Split(
        tokenizers.Regex(to_oniguruma(pattern)), "removed", invert=True
    )
    for text in texts():
        assert [span for _, span in library.pre_tokenize_str(text)] == split(pattern, text)


@pytest.mark.parametrize(
    "pattern", [*PATTERNS, r"a$|.", r"^\s+|a", r"\s+$", r"(?m)^a|b$", r"\s\z|\w"]
)
def test_ids_equal_tiktoken_and_unmatched_text_is_dropped(pattern: str) -> None:
    model = Tokenizer.load("gpt2").definition.model
    library = tiktoken.Encoding(
        "own",
        pat_str=pattern,
        mergeable_ranks=dict(zip(model.pieces, model.ids.tolist(), strict=True)),
        special_tokens={},
    )
    ours = adapters.from_tiktoken(library)
    for text in texts():
        if "\u200d" in text and r"\w" in pattern.lower():
            continue  # tiktoken alone counts joiners as word characters
        assert ours.encode(text).tolist() == library.encode_ordinary(text)


def test_what_is_no_pattern() -> None:
    with pytest.raises(FormatError, match="no regular expression"):
        split("(", "a")
    assert from_oniguruma(r"\p{N}{1,3}+") == r"(?:\p{N}{1,3})+"
