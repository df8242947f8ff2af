"""Splitting by patterns that have no native scanner: the `regex` library, made to read as tiktoken.

Flags, classes and anchors that `regex` reads in its own way are written out before a pattern is
compiled. Patterns of tokenizer.json come here in the same dialect: see `oniguruma`. Not followed: in
tiktoken a flag that stands alone in a capturing group, as in `(a(?i)b)c`, runs on behind the group.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import regex

from tokenworks.errors import FormatError
from tokenworks.tokenizer.pattern_classes import ranges
from tokenworks.tokenizer.pattern_flags import scoped
from tokenworks.tokenizer.pattern_tokens import nests
from tokenworks.tokenizer.posix_classes import ASCII, spelled

WORD = r"\w"
# A group that is repeated may take exponential time, where the engine of tokenizers gives up as well.
# Looking at the clock takes time itself, so that other patterns are spared it.
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{\d*,)")
_SECONDS, _CHARACTERS_A_SECOND = 10.0, 20_000
_MEMBERS = {
    r"\h": "0-9A-Fa-f",
    r"\H": r"\U00000000-/:-@G-`g-\U0010FFFF",
    r"\e": r"\x1B",
}
_IN_BRACES = re.compile(r"\\[xuU]\{([0-9A-Fa-f]+)}")
_BY_LINE = re.compile(r"\(\?[a-z]*m[a-z]*[-:)]")  # where a flag lets $ stand at every line


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
    limit = _SECONDS + len(text) / _CHARACTERS_A_SECOND if _REPEATED_GROUP.search(pattern) else None
    try:
        spans = [match.span() for match in search.finditer(text, timeout=limit)]
        if all(begin < end for begin, end in spans):
            return spans
        return _with_empty(search, text, limit)
    except TimeoutError:
        raise FormatError(
            f"the pattern {pattern[:200]!r} takes more than {limit:.0f} s on a text of "
            f"{len(text):,} characters; it repeats what it tries without end"
        ) from None


def _with_empty(search: Any, text: str, limit: float | None) -> list[tuple[int, int]]:
    spans, place, last = [], 0, -1
    while text and place <= len(text):
        found = search.search(text, place, timeout=limit)
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
    try:
        written = _in_dialect_of_regex(pattern)
        # Version 1 alone reads sets in sets; its full case folding is not that of the others.
        nested = nests(written)
        flags = regex.VERSION1 if nested else regex.VERSION0
        return regex.compile(f"(?-f){written}" if nested else written, flags=flags)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        # Positions are those of what was written out.
        why = error.msg if isinstance(error, regex.error) else error
        raise FormatError(
            f"the pattern {pattern[:200]!r} is no regular expression: {why}"
        ) from None


def _in_dialect_of_regex(pattern: str) -> str:
    """Write classes as explicit sets, flags as groups, and ends of the text as such."""
    by_line = _BY_LINE.search(pattern) is not None
    written = []
    for piece, depth, _ in scoped(pattern, by_branch=True):
        if piece in (r"\b", r"\B") and not depth:
            word = f"[{ranges(WORD)}]"
            same = piece == r"\B"
            behind, ahead = ("(?=", "(?!") if same else ("(?!", "(?=")
            written.append(f"(?:(?<={word}){behind}{word})|(?<!{word}){ahead}{word}))")
            continue
        members = (spelled(piece, ASCII) if depth else None) or ranges(piece) or _code_point(piece)
        if members is None:
            at_end = piece == r"\z" or (piece == "$" and not by_line)
            written.append(r"\Z" if at_end and not depth else piece)
            continue
        written.append(members if depth else f"[{members}]")
    return "".join(written)


def _code_point(piece: str) -> str | None:
    """The members of a hexadecimal digit, escape, or a character by its number, for use in a set."""
    if piece in _MEMBERS:
        return _MEMBERS[piece]
    number = _IN_BRACES.fullmatch(piece)
    if number is None:
        return None
    code = int(number[1], 16)
    if code > 0x10FFFF:
        raise ValueError(f"{piece} is beyond the last code point, 10FFFF")
    return f"\\U{code:08X}"
