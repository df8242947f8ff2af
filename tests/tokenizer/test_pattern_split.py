"""Patterns without a native scanner split as the reference engines do."""

from __future__ import annotations

import random

import pytest
import tiktoken
import tokenizers

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer import adapters
from tokenworks.tokenizer.oniguruma import from_oniguruma
from tokenworks.tokenizer.pattern_split import split

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


@pytest.mark.parametrize("pattern", [*PATTERNS, r"a{1,2}+b", r"[ab]{2,}+"])
def test_matches_equal_those_of_tokenizers(pattern: str) -> None:
    library = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "removed", invert=True)
    for text in texts():
        expected = [span for _, span in library.pre_tokenize_str(text)]
        assert split(from_oniguruma(pattern), text) == expected


@pytest.mark.parametrize("pattern", PATTERNS)
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
    with pytest.raises(UnsupportedError, match="counted group"):
        from_oniguruma("(ab){2}+")
    assert from_oniguruma(r"\p{N}{1,3}+") == r"(?:\p{N}{1,3})+"
