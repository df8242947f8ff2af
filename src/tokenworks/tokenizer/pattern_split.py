"""Splitting by patterns that have no native scanner: the `regex` library with our Unicode tables.

The reference libraries class fewer code points as letters than the current `regex` library does, so
`\\p{L}` and its like, and `\\w`, are written out as the sets of our tables before a pattern is
compiled. `\\w` and `\\b` know no joiners, as in tokenizers (tiktoken counts U+200C and U+200D).
Scripts and `[[:alpha:]]` are those of the `regex` library.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import regex

from tokenworks._native import character_categories
from tokenworks.errors import FormatError
from tokenworks.tokenizer.pattern_tokens import nests, tokens

_CATEGORIES: tuple[str, ...] = (
    *("Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps"),
    *("Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co"),
)
_CLASS = re.compile(r"\\([pP])(?:\{(\^?)([A-Za-z_& ]+)\}|([A-Z]))|\\([wW])")
_BY_LINE = re.compile(r"\(\?[a-z]*m[a-z]*[-:)]")  # where a flag lets $ stand at every line
_LONG_NAMES = {
    "letter": "L",
    "mark": "M",
    "number": "N",
    "punctuation": "P",
    "symbol": "S",
    "separator": "Z",
    "other": "C",
}

# \w: letters, marks, decimal and letter numbers, connectors, and the alphabetic symbols.
_WORD = frozenset(
    ("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc")  # as Unicode's UTS 18 has it
)
_LETTERS_IN_CIRCLES = (
    (0x24B6, 0x24E9),
    (0x1F130, 0x1F149),
    (0x1F150, 0x1F169),
    (0x1F170, 0x1F189),
)


def split(pattern: str, text: str) -> list[tuple[int, int]]:
    """Find the matches of a pattern that hold text.

    Args:
        pattern: a regular expression in the dialect of tiktoken.
        text: to search.

    Returns:
        Begin and end of each match in characters; empty matches are left out.

    Raises:
        FormatError: the pattern is no regular expression.
    """
    return [span for span in matches(pattern, text) if span[0] < span[1]]


def matches(pattern: str, text: str) -> list[tuple[int, int]]:
    """Find all matches of a pattern, also the empty ones, as the reference engines list them.

    An empty match right behind the match before it does not count, and then the search goes on
    one character further. Nothing matches in an empty text.

    Args:
        pattern: a regular expression in the dialect of tiktoken.
        text: to search.

    Returns:
        Begin and end of each match in characters.

    Raises:
        FormatError: the pattern is no regular expression.
    """
    search = compiled(pattern)
    spans = [match.span() for match in search.finditer(text)]
    if all(begin < end for begin, end in spans):
        return spans
    spans, place, last = [], 0, -1
    while text and place <= len(text):
        found = search.search(text, place)
        if found is None:
            break
        begin, end = found.span()
        if begin == end == last:
            place += 1
            continue
        spans.append((begin, end))
        place = last = end
    return spans


def replace(pattern: str, content: str, text: str) -> str:
    """The text with each match of a pattern, also an empty one, replaced by the content.

    Raises:
        FormatError: the pattern is no regular expression.
    """
    parts, place = [], 0
    for begin, end in matches(pattern, text):
        parts += [text[place:begin], content]
        place = end
    return "".join([*parts, text[place:]])


@functools.lru_cache(maxsize=64)
def compiled(pattern: str) -> Any:
    """The compiled form of a pattern, with the classes of our tables."""
    # Version 1 alone reads sets in sets; its full case folding is not that of the other engines.
    nested = nests(pattern)
    flags = regex.VERSION1 if nested else regex.VERSION0
    try:
        written = _in_dialect_of_regex(pattern)
        return regex.compile(f"(?-f){written}" if nested else written, flags=flags)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise FormatError(
            f"the pattern {pattern[:200]!r} is no regular expression: {error}"
        ) from None


def _in_dialect_of_regex(pattern: str) -> str:
    """Write \\p{..} of general categories as explicit sets, and ends of the text as such."""
    by_line = _BY_LINE.search(pattern) is not None
    written = []
    for piece, depth in tokens(pattern):
        if piece in (r"\b", r"\B") and not depth:
            word = f"[{_ranges(_WORD, True, _LETTERS_IN_CIRCLES)}]"
            same = piece == r"\B"
            behind, ahead = ("(?=", "(?!") if same else ("(?!", "(?=")
            written.append(f"(?:(?<={word}){behind}{word})|(?<!{word}){ahead}{word}))")
            continue
        match = _CLASS.fullmatch(piece)
        if match is None:
            at_end = piece == r"\z" or (piece == "$" and not by_line)
            written.append(r"\Z" if at_end and not depth else piece)
            continue
        ranges = _class(match)
        written.append(piece if ranges is None else ranges if depth else f"[{ranges}]")
    return "".join(written)


def _class(match: re.Match[str]) -> str | None:
    escape, negated, name, letter, word = match.groups()
    if word:
        return _ranges(_WORD, word == "w", _LETTERS_IN_CIRCLES)
    wanted = _members((name or letter).strip())
    return None if wanted is None else _ranges(wanted, (escape == "p") != bool(negated))


def _members(name: str) -> frozenset[str] | None:
    short = _LONG_NAMES.get(name.lower(), name)
    found = frozenset(category for category in _CATEGORIES if category.startswith(short))
    if short == "C":
        found |= {"Cs"}
    return found or None


@functools.lru_cache(maxsize=128)
def _ranges(wanted: frozenset[str], positive: bool, more: tuple[tuple[int, int], ...] = ()) -> str:
    table = character_categories()
    member = bytes(
        (category < len(_CATEGORIES) and _CATEGORIES[category] in wanted) == positive
        for category in range(32)
    )
    flags = bytearray(table.translate(bytes(member[code & 31] for code in range(256))))
    for begin, end in more:
        flags[begin : end + 1] = bytes((positive,)) * (end + 1 - begin)
    parts = []
    for run in re.finditer(rb"\x01+", flags):
        begin, end = run.start(), run.end() - 1
        parts.append(f"\\U{begin:08X}" if begin == end else f"\\U{begin:08X}-\\U{end:08X}")
    return "".join(parts)
