"""Patterns without a native scanner split as the reference engines do."""

from __future__ import annotations

import random

import pytest
import tiktoken
import tokenizers
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tokenworks import Tokenizer, _native
from tokenworks.errors import FormatError
from tokenworks.tokenizer import adapters, pattern_split
from tokenworks.tokenizer.oniguruma import from_oniguruma, to_oniguruma
from tokenworks.tokenizer.pattern_split import matches, replace, split

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
    usual = "aabbTHEthe 12٣\n\t.]中αΩé\u0301\u200d²¾"
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
    *(
        r"a(?i)b|t",
        r"(?:a(?i)b)t|T",
        r"(?i)t(?-i)h|e",
        r"(a(?i)|b)T",
        r"(?i)\p{Lu}|b",
        r"(?i)[\p{Lu}]+",
    ),
    *(r"[[:alpha:]]+", r"[^[:alpha:]]", r"[[:^alpha:][:digit:]]+", r"[[:upper:]][[:lower:]]*"),
    *(r"[[:alnum:]_]+", r"[[:punct:]]+", r"[[:space:]]+|[[:cntrl:]]", r"[[:blank:]]|[[:xdigit:]]+"),
    *(r"[\x{4e00}-\x{9fff}a]+", r"\u00e9|\x{301}+", r"\e|a"),
    *(r"[[:graph:]]+", r"[[:print:]]+", r"[[:word:]]+", r"[[:ascii:]]+", r"\w+|\W", r"[\w²]+|[\W]"),
    *(
        r"\b.",
        r".\B",
        r"\p{Han}+|\p{Latin}",
        r"\P{Alphabetic}",
        r"[^\p{Greek}]+",
        r"\p{Word}\p{Lower}",
    ),
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
    "pattern",
    [
        *(
            r"a$",
            r"^\s*|a",
            r"\p{N}{1,2}+",
            r"(ab){1,2}+b",
            r"(?m)^a|b$",
            r"a(?i)b|t|\s",
            r"\w+|\W",
        ),
        *(r"[\w ]+", r"\b.", r"[[:alpha:]]+|[^[:punct:]]", r"(?i)\p{Lu}|b"),
        *(r"[\u{4e00}-\x{9fff}]|\u{e9}+", r"\h+|\H", r"[^\h\e]+", r"\xe9|\u0301"),
    ],
)
def test_patterns_of_tiktoken_are_written_for_oniguruma(pattern: str) -> None:
    library = tokenizers.pre_tokenizers.Split(
        tokenizers.Regex(to_oniguruma(pattern)), "removed", invert=True
    )
    for text in texts():
        assert [span for _, span in library.pre_tokenize_str(text)] == split(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    [
        *(*PATTERNS, r"a$|.", r"^\s+|a", r"\s+$", r"(?m)^a|b$", r"\s\z|\w", r"\b.", r"[^\w]+|[\w]"),
        *(r"a(?i)b|t", r"(?:a(?i)b)t|T", r"(?i)t(?-i)h|e", r"(?:a(?i)|b)T", r"(?i)\p{Lu}+|b|\s"),
        *(r"[[:alpha:]]+", r"[^[:alpha:]]", r"[[:^alpha:][:digit:]]+", r"[[:punct:]]|[[:word:]]+"),
        *(r"\p{Han}+|\p{Latin}", r"\P{Alphabetic}", r"[^\p{Greek}]+", r"\p{sc=Arabic}|\D"),
        *(r"[\u{4e00}-\x{9fff}]|\u{e9}+|\s", r"\h+|\H", r"[^\h\e]+", r"[\H\d]", r"\xe9|\U0001F468"),
    ],
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
        assert ours.encode(text).tolist() == library.encode_ordinary(text)


# What Oniguruma reads in its own way, put together at random.
ATOMS = [
    *(
        *"aTé٣",
        r"\w",
        r"\W",
        r"\d",
        r"\s",
        r"\S",
        r"\h",
        ".",
        r"\p{Lu}",
        r"\P{L}",
        r"\p{Han}",
        r"\p{Word}",
    ),
    *(
        "[a-dT]",
        "[^ab]",
        "[[:alpha:]]",
        "[^[:upper:]]",
        "[[:^digit:]b]",
        "[[:punct:] ]",
        "[[:lower:]²]",
    ),
    *(r"[\w-]", r"[^\W]", r"[\p{Ll}&&[^e]]", "[[:alnum:]&&[^[:digit:]]]", r"[\s\h]"),
]
PLACES = ["^", "$", r"\b", r"\B", r"\z", r"\Z", "(?=T)", "(?<!a)", "(?i)", "(?m)", "(?-i)"]
QUANTIFIERS = ["", "", "", "+", "*", "?", "+?", "*?", "{1,2}", "{2}", "{1,2}+", "{2}?", "++"]
pieces = st.builds("".join, st.tuples(st.sampled_from(ATOMS), st.sampled_from(QUANTIFIERS)))
patterns = st.recursive(
    st.builds("".join, st.lists(pieces | pieces | st.sampled_from(PLACES), min_size=1, max_size=4)),
    lambda inner: (
        st.builds("{}|{}".format, inner, inner)
        | st.builds(
            "({}{}){}".format, st.sampled_from(["", "?:", "?i:"]), inner, st.sampled_from("+ ")
        )
        | st.builds("{}{}".format, inner, inner)
    ),
    max_leaves=4,
)


@settings(max_examples=50)
@given(
    patterns, st.lists(st.text("aAbeTétT12²٣ \n_中-!\u200d", max_size=20), min_size=3, max_size=3)
)
def test_any_pattern_matches_as_in_tokenizers(pattern: str, given_texts: list[str]) -> None:
    try:
        library = tokenizers.normalizers.Replace(tokenizers.Regex(pattern), "<>")
    except Exception as error:  # the library's own type
        assume("Oniguruma error" not in str(error))
        raise
    for text in given_texts:
        assert replace(from_oniguruma(pattern), "<>", text) == library.normalize_str(text)


def test_what_is_no_pattern() -> None:
    with pytest.raises(FormatError, match="no regular expression"):
        split("(", "a")
    for pattern, why in (
        (r"\p{L}+[", "unterminated character set$"),
        (r"\x{110000}", "beyond the last"),
    ):
        with pytest.raises(FormatError, match=why):  # no positions in what was written out
            split(pattern, "a")
    assert from_oniguruma(r"\p{N}{1,3}+") == r"(?:\p{N}{1,3})+"


def test_a_pattern_of_exponential_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pattern_split, "_SECONDS", 0.2)
    hostile = "ab" * 20 + "a" * 40 + "b"
    for pattern in (r"(?:a|aa)+$|(a|b|ab)*c", r"(?:a|aa)+$|(a|b|ab)*c|"):
        with pytest.raises(FormatError, match="without end"):
            matches(pattern, hostile)
