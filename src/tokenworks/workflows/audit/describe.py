"""What the tokens of a vocabulary are made of: scripts, categories, the longest."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tokenworks.workflows.audit.result import Token

# Where the first word of a character's Unicode name is not the name of its script.
NAMED = {"CJK": "Han", "IDEOGRAPHIC": "Han", "HANGUL": "Hangul", "KATAKANA-HIRAGANA": "Katakana"}
NAMED |= {
    "FULLWIDTH": "Latin",
    "HALFWIDTH": "Katakana",
    "MATHEMATICAL": "Latin",
    "FEMININE": "Latin",
}
NAMED |= {"MASCULINE": "Latin", "MICRO": "Greek", "KANGXI": "Han", "OLD": "Old scripts"}


def shown(piece: bytes) -> str:
    """A token's bytes as text, what is not UTF-8 as hex escapes."""
    return piece.decode("utf-8", "backslashreplace")


def quoted(piece: bytes) -> str:
    """A token's bytes in quotes, for sentences."""
    return '"' + shown(piece) + '"'


@lru_cache(maxsize=65536)
def script(character: str) -> str | None:
    """The script of a letter, None for characters that belong to no one script."""
    if unicodedata.category(character)[0] != "L":
        return None
    word = unicodedata.name(character, "UNNAMED").split(" ")[0]
    return NAMED.get(word, word.capitalize())


def token_script(piece: bytes) -> str:
    """The script of a token: that of its letters, `mixed` when they differ."""
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return "(partial UTF-8)"
    found = {s for c in text if (s := script(c))}
    if not found:
        return "(no letters)"
    return found.pop() if len(found) == 1 else "(mixed)"


def token_category(piece: bytes) -> str:
    """One word for what a token is."""
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return "partial UTF-8"
    body = text.lstrip(" \u2581")
    led = len(body) < len(text)
    if not body or body.isspace():
        return "white space" if text else "empty"
    kinds = {unicodedata.category(c)[0] for c in body}
    if kinds <= {"L", "M"}:
        return "word start" if led else "letters"
    if kinds == {"N"}:
        return "digits"
    if kinds <= {"P", "S"}:
        return "punctuation and symbols"
    if kinds <= {"C"}:
        return "control characters"
    return "mixed"


def by_script(pieces: Iterable[bytes]) -> Mapping[str, int]:
    """How many tokens each script has, most first."""
    return dict(Counter(map(token_script, pieces)).most_common())


def by_category(pieces: Iterable[bytes]) -> Mapping[str, int]:
    """How many tokens each category has, most first."""
    return dict(Counter(map(token_category, pieces)).most_common())


def longest(pieces: Mapping[int, bytes], count: int = 12) -> tuple[Token, ...]:
    """The tokens with most bytes."""
    order = sorted(pieces.items(), key=lambda item: (-len(item[1]), item[0]))[:count]
    return tuple(Token(i, shown(p), f"{len(p)} bytes") for i, p in order)
