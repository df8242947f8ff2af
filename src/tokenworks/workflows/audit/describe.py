"""What the tokens of a vocabulary are made of: scripts, categories, the longest."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tokenworks.evaluation.token_characters import CharacterTable, TokenCharacters
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

SPACE_MARK = "\u2581"
CATEGORIES = (
    *("partial UTF-8", "empty", "white space", "word start", "letters", "digits"),
    *("punctuation and symbols", "control characters", "mixed"),
)


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


def by_script(tokens: Sequence[bytes]) -> dict[str, int]:
    """How many tokens each script has, most first; a token's is that of its letters."""
    found = TokenCharacters.of(tokens)
    numbers = _scripts(found.points)
    greatest = found.greatest(numbers)
    least = found.least(np.where(numbers == NO_LETTER, greatest.max(initial=0), numbers))
    kinds = np.where((greatest == NO_LETTER) | (least == greatest), greatest, MIXED)
    kinds[found.partial] = PARTIAL
    return _counted(kinds, _script_names)


def by_category(
    tokens: Sequence[bytes], weights: NDArray[np.int64] | None = None
) -> dict[str, int]:
    """How many tokens are of each category, most first.

    Args:
        tokens: their bytes. weights: how often each counts, int64 [n]; once where left out.
    """
    found = TokenCharacters.of(tokens)
    leading = np.isin(found.points, (ord(" "), ord(SPACE_MARK)))
    leading[found.ends] = False
    place = np.arange(len(found.points), dtype=np.uint32)
    body = found.least(np.where(leading, np.uint32(0xFFFFFFFF), place)).astype(np.int64)
    body = np.minimum(body, found.ends)
    bits = _kinds(found.points)
    bits[place < np.repeat(body, found.lengths + 1)] = 0
    bits = found.union(bits)
    tests = [
        found.partial,
        found.lengths == 0,
        bits & SEEN == 0,
        (bits | WORDS == WORDS) & (body > found.starts),
        *(bits | kinds == kinds for kinds in (WORDS, DIGITS, SIGNS, CONTROLS)),
    ]
    return _counted(np.select(tests, range(len(tests)), len(tests)), CATEGORIES, weights)


def _counted(
    kinds: NDArray[np.integer], names: Sequence[str], weights: NDArray[np.int64] | None = None
) -> dict[str, int]:
    """The sums of weights by kind, most first."""
    counts = np.bincount(kinds, weights, minlength=len(names)).astype(np.int64).tolist()
    held = [(name, count) for name, count in zip(names, counts, strict=True) if count]
    return dict(sorted(held, key=lambda one: (-one[1], one[0])))


_script_names = ["(no letters)", "(partial UTF-8)", "(mixed)"]
NO_LETTER, PARTIAL, MIXED = range(3)
BITS = {"L": 1, "M": 2, "N": 4, "P": 8, "S": 16, "C": 32, "Z": 64}
SEEN = 128  # no white space
WORDS = BITS["L"] | BITS["M"] | SEEN
DIGITS = BITS["N"] | SEEN
SIGNS = BITS["P"] | BITS["S"] | SEEN
CONTROLS = BITS["C"] | SEEN


def _script_number(character: str) -> int:
    name = script(character)
    if name is None:
        return NO_LETTER
    if name not in _script_names:
        _script_names.append(name)
    return _script_names.index(name)


def _kind_of(character: str) -> int:
    seen = 0 if character.isspace() else SEEN
    return BITS[unicodedata.category(character)[0]] | seen


_scripts, _kinds = CharacterTable(_script_number), CharacterTable(_kind_of)


def longest(pieces: Mapping[int, bytes], count: int = 12) -> tuple[Token, ...]:
    """The tokens with most bytes."""
    order = sorted(pieces.items(), key=lambda item: (-len(item[1]), item[0]))[:count]
    return tuple(Token(i, shown(p), f"{len(p)} bytes") for i, p in order)
