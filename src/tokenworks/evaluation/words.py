"""Where the words of a text are: by white space, and by the default rules of Unicode.

Both on arrays of code points. The Unicode words are those of UAX #29 that hold a letter or digit;
there is no dictionary, so that Chinese characters, Hiragana and the letters of Thai, Lao, Khmer and
Burmese stand alone, as they do in any implementation without one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Points = NDArray[np.uint32]

# Classes of characters: the Word_Break property, the letters that have none, and white space.
_UNSEEN, _OTHER, _SPACE, _LETTER, _HEBREW, _DIGIT, _KATAKANA, _JOINER, _EXTEND = range(9)
_MID_LETTER, _MID_NUMBER, _MID_BOTH, _SINGLE_QUOTE, _DOUBLE_QUOTE, _ALONE = range(9, 15)
_CLASSES = (
    (_SPACE, r"\p{White_Space}"),
    (_EXTEND, r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]"),
    (_LETTER, r"\p{WB=ALetter}"),
    (_HEBREW, r"\p{WB=Hebrew_Letter}"),
    (_DIGIT, r"\p{WB=Numeric}"),
    (_KATAKANA, r"\p{WB=Katakana}"),
    (_JOINER, r"\p{WB=ExtendNumLet}"),
    (_MID_LETTER, r"\p{WB=MidLetter}"),
    (_MID_NUMBER, r"\p{WB=MidNum}"),
    (_MID_BOTH, r"\p{WB=MidNumLet}"),
    (_SINGLE_QUOTE, r"\p{WB=Single_Quote}"),
    (_DOUBLE_QUOTE, r"\p{WB=Double_Quote}"),
    (_ALONE, r"[\p{L}\p{N}]"),
)
_table = np.zeros(0x110000, dtype=np.uint8)  # filled as characters are met


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Words of a text as byte positions in its UTF-8: int64 [n] each."""

    begins: Ints
    ends: Ints


def code_points(text: str) -> Points:
    """The code points of a text, uint32 [characters]."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def byte_positions(points: Points) -> Ints:
    """Where each code point begins in UTF-8, and the length of the whole: int64 [n + 1]."""
    positions = np.zeros(len(points) + 1, dtype=np.int64)
    size = 1 + (points > 0x7F).astype(np.int8) + (points > 0x7FF) + (points > 0xFFFF)
    np.cumsum(size, out=positions[1:])
    return positions


def whitespace_words(points: Points, positions: Ints) -> Words:
    """Runs of characters that are not white space."""
    inside = classes(points) != _SPACE
    edges = np.diff(inside, prepend=False, append=False)
    at = np.flatnonzero(edges)
    return Words(positions[at[0::2]], positions[at[1::2]])


def unicode_words(points: Points, positions: Ints) -> Words:
    """Segments of UAX #29 that hold a letter or a digit."""
    all_kinds = classes(points)
    kept = np.flatnonzero(all_kinds != _EXTEND)  # these stay with what they follow (rule WB4)
    kinds = all_kinds[kept]
    if not len(kinds):
        return Words(np.empty(0, np.int64), np.empty(0, np.int64))
    starts = np.flatnonzero(np.concatenate([[True], ~_joined(kinds)]))
    is_word = np.isin(kinds, (_LETTER, _HEBREW, _DIGIT, _KATAKANA, _ALONE))
    chosen = np.add.reduceat(is_word.astype(np.int64), starts) > 0
    first = kept[starts]
    after = np.append(first[1:], len(points))
    return Words(positions[first[chosen]], positions[after[chosen]])


def _joined(kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each character and its right neighbour stand in one segment: bool [n - 1]."""
    letter = (kinds == _LETTER) | (kinds == _HEBREW)
    digit = kinds == _DIGIT
    katakana = kinds == _KATAKANA
    joiner = kinds == _JOINER
    hebrew = kinds == _HEBREW
    quote = kinds == _SINGLE_QUOTE
    between_letters = (kinds == _MID_LETTER) | (kinds == _MID_BOTH) | quote
    between_digits = (kinds == _MID_NUMBER) | (kinds == _MID_BOTH) | quote
    plain = letter | digit
    wordlike = plain | katakana | joiner
    joined: NDArray[np.bool_] = plain[:-1] & plain[1:]  # WB5, WB8, WB9, WB10
    joined |= katakana[:-1] & katakana[1:]  # WB13
    joined |= (wordlike[:-1] & joiner[1:]) | (joiner[:-1] & wordlike[1:])  # WB13a, WB13b
    joined |= hebrew[:-1] & quote[1:]  # WB7a
    if len(kinds) > 2:
        bridge = letter[:-2] & between_letters[1:-1] & letter[2:]  # WB6, WB7
        bridge |= digit[:-2] & between_digits[1:-1] & digit[2:]  # WB11, WB12
        bridge |= hebrew[:-2] & (kinds == _DOUBLE_QUOTE)[1:-1] & hebrew[2:]  # WB7b, WB7c
        joined[:-1] |= bridge
        joined[1:] |= bridge
    return joined


def classes(points: Points) -> NDArray[np.uint8]:
    """The class of each code point, uint8 [n]."""
    found = _table[points]
    if len(found) and found.min() == _UNSEEN:
        for point in np.unique(points[found == _UNSEEN]).tolist():
            _table[point] = _class_of(chr(point))
        found = _table[points]
    return found


def _class_of(character: str) -> int:
    for number, pattern in _CLASSES:
        if regex.match(pattern, character):
            return number
    return _OTHER
