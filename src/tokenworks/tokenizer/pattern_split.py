"""Splitting by patterns that have no native scanner: the `regex` library with our Unicode tables.

The reference libraries class fewer code points as letters than the current `regex` library does, so
`\\p{L}` and its like, and `\\w`, are written out as the sets of our tables before a pattern is
compiled. `\\w` has no joiners, as in tokenizers (tiktoken counts U+200C and U+200D). Scripts,
`[[:alpha:]]` and `\\b` are those of the `regex` library.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import regex

from tokenworks._native import character_categories
from tokenworks.errors import FormatError

_CATEGORIES: tuple[str, ...] = (
    *("Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps"),
    *("Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co"),
)
_CLASS = re.compile(r"\\([pP])(?:\{(\^?)([A-Za-z_& ]+)\}|([A-Z]))|\\(.)|(\[\^?\]?|\])", re.DOTALL)
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
    """Find the matches of a pattern.

    Args:
        pattern: a regular expression in the dialect of the published tokenizers.
        text: to search.

    Returns:
        Begin and end of each match in characters; empty matches are left out.

    Raises:
        FormatError: the pattern is no regular expression.
    """
    return [
        span for match in compiled(pattern).finditer(text) if (span := match.span())[0] < span[1]
    ]


@functools.lru_cache(maxsize=64)
def compiled(pattern: str) -> Any:
    """The compiled form of a pattern, with the classes of our tables."""
    try:
        return regex.compile(_with_our_classes(pattern), flags=regex.VERSION0)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise FormatError(
            f"the pattern {pattern[:200]!r} is no regular expression: {error}"
        ) from None


def _with_our_classes(pattern: str) -> str:
    """Write \\p{..} of general categories as explicit sets; everything else stays."""
    depth = 0

    def write(match: re.Match[str]) -> str:
        nonlocal depth
        escape, negated, name, letter, plain, bracket = match.groups()
        if bracket:
            depth = 0 if bracket == "]" else 1
            return match[0]
        if plain in ("w", "W"):
            ranges = _ranges(_WORD, plain == "w", _LETTERS_IN_CIRCLES)
            return ranges if depth else f"[{ranges}]"
        if escape is None:
            return match[0]
        wanted = _members((name or letter).strip())
        if wanted is None:
            return match[0]
        positive = (escape == "p") != bool(negated)
        ranges = _ranges(wanted, positive)
        return ranges if depth else f"[{ranges}]"

    return _CLASS.sub(write, pattern)


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
