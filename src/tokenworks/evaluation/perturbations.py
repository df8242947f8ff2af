"""Changes that people and keyboards make to texts, with the place each character came from."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from zlib import crc32

from tokenworks.evaluation.legibility import similar_letters

Changed = tuple[str, list[int]]  # a text, and for each character its position in the original

TYPO, LOOK_ALIKE = 0.1, 0.2  # shares of words, and of letters that have a look-alike

# Letters of Latin and Cyrillic that look the same in most typefaces, and some of Greek.
_PAIRS = (
    *("aа", "cс", "eе", "iі", "jј", "oо", "pр", "sѕ", "xх", "yу", "AА", "BВ", "CС", "EЕ", "HН"),
    *("IІ", "JЈ", "KК", "MМ", "OО", "PР", "SЅ", "TТ", "XХ", "vν", "ZΖ", "NΝ", "YΥ"),
)
_LIKE = {pair[0]: pair[1] for pair in _PAIRS} | {pair[1]: pair[0] for pair in _PAIRS}


def typos(text: str) -> Changed:
    """Two neighbouring letters inside one word of ten are swapped."""
    rng = random.Random(crc32(text.encode("utf-8", "replace")))
    letters = list(text)
    at = 0
    while at < len(letters):
        end = at
        while end < len(letters) and letters[end].isalpha():
            end += 1
        if end - at >= 4 and rng.random() < TYPO:
            swap = rng.randrange(at + 1, end - 2)
            letters[swap], letters[swap + 1] = letters[swap + 1], letters[swap]
        at = end + 1
    return "".join(letters), list(range(len(letters)))


def upper_case(text: str) -> Changed:
    """Every letter is a capital, where that is one letter."""
    return _each(text, str.upper)


def lower_case(text: str) -> Changed:
    """No letter is a capital."""
    return _each(text, str.lower)


def double_spaces(text: str) -> Changed:
    """Every space is two."""
    return _spread(text, lambda character: "  " if character == " " else character)


def no_break_spaces(text: str) -> Changed:
    """Every space is U+00A0, as in texts from word processors and pages."""
    return _each(text, lambda character: "\xa0" if character == " " else character)


def without_diacritics(text: str) -> Changed:
    """Letters lose their marks, as they are typed without the right keyboard."""
    return _each(text, _bare)


def decomposed(text: str) -> Changed:
    """Letters and marks are characters of their own (NFD), as some file systems store them."""
    return _spread(text, lambda character: unicodedata.normalize("NFD", character))


def look_alikes(text: str) -> Changed:
    """One letter of five is replaced by one of another script that looks the same."""
    rng = random.Random(crc32(text.encode("utf-8", "replace")))
    changed = (_LIKE[one] if one in _LIKE and rng.random() < LOOK_ALIKE else one for one in text)
    return "".join(changed), list(range(len(text)))


PERTURBATIONS: dict[str, Callable[[str], Changed]] = {
    "typos": typos,
    "upper case": upper_case,
    "lower case": lower_case,
    "double spaces": double_spaces,
    "no-break spaces": no_break_spaces,
    "without diacritics": without_diacritics,
    "decomposed letters": decomposed,
    "look-alike letters": look_alikes,
    "similar letters": similar_letters,
}


def _each(text: str, change: Callable[[str], str]) -> Changed:
    found = (change(character) for character in text)
    kept = (new if len(new) == 1 else old for new, old in zip(found, text, strict=True))
    return "".join(kept), list(range(len(text)))


def _spread(text: str, change: Callable[[str], str]) -> Changed:
    parts, origin = [], []
    for at, character in enumerate(text):
        new = change(character)
        parts.append(new)
        origin.extend([at] * len(new))
    return "".join(parts), origin


def _bare(character: str) -> str:
    parts = unicodedata.normalize("NFD", character)
    marks = all(unicodedata.category(mark) == "Mn" for mark in parts[1:])
    return parts[0] if marks and parts[0].isalpha() else character
