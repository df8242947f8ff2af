"""The script that most letters of a text are written in."""

from __future__ import annotations

import numpy as np
import regex
from numpy.typing import NDArray

Points = NDArray[np.uint32]

SCRIPTS = (
    *(
        "Latin",
        "Cyrillic",
        "Arabic",
        "Han",
        "Hiragana",
        "Katakana",
        "Hangul",
        "Devanagari",
        "Greek",
    ),
    *(
        "Bengali",
        "Thai",
        "Hebrew",
        "Tamil",
        "Telugu",
        "Kannada",
        "Malayalam",
        "Gujarati",
        "Gurmukhi",
    ),
    *("Oriya", "Sinhala", "Myanmar", "Khmer", "Lao", "Tibetan", "Georgian", "Armenian", "Ethiopic"),
    *("Mongolian", "Cherokee", "Canadian_Aboriginal", "Thaana", "Syriac", "Nko", "Tifinagh", "Vai"),
    *("Yi", "Bopomofo", "Javanese", "Balinese", "Sundanese", "Ol_Chiki", "Meetei_Mayek", "Adlam"),
    *(
        "Tai_Tham",
        "Tai_Viet",
        "Tai_Le",
        "New_Tai_Lue",
        "Cham",
        "Kayah_Li",
        "Lisu",
        "Limbu",
        "Lepcha",
    ),
    *(
        "Chakma",
        "Saurashtra",
        "Syloti_Nagri",
        "Tagalog",
        "Hanunoo",
        "Buhid",
        "Tagbanwa",
        "Buginese",
    ),
    *("Batak", "Rejang", "Coptic", "Glagolitic", "Gothic", "Runic", "Ogham", "Bamum", "Osmanya"),
    *("Deseret", "Bassa_Vah", "Pahawh_Hmong", "Nyiakeng_Puachue_Hmong", "Miao", "Mro", "Osage"),
    *("Hanifi_Rohingya", "Wancho", "Newa", "Phags_Pa", "Samaritan", "Mandaic", "Cuneiform"),
)
_NAMES = (*SCRIPTS, "Japanese", "Other", "None")
_JAPANESE, _OTHER, _NONE = (_NAMES.index(name) for name in ("Japanese", "Other", "None"))
_KANA = (SCRIPTS.index("Hiragana"), SCRIPTS.index("Katakana"))
_UNSEEN = 255
_table = np.full(0x110000, _UNSEEN, dtype=np.uint8)  # filled as characters are met


def script_numbers(points: Points) -> NDArray[np.uint8]:
    """The number of the script of each code point; characters that are no letters have `None`'s."""
    found = _table[points]
    if len(found) and found.max() == _UNSEEN:
        for point in np.unique(points[found == _UNSEEN]).tolist():
            _table[point] = _number_of(chr(point))
        found = _table[points]
    return found


def main_scripts(points: Points, owners: NDArray[np.int64], n: int) -> list[str]:
    """The script of most letters of each of n texts, "None" where there is no letter.

    Chinese characters with more than a tenth of kana are "Japanese".

    Args:
        points: the code points of all texts, uint32 [characters].
        owners: which text each belongs to, int64 [characters].
        n: number of texts.
    """
    width = len(_NAMES)
    keys = owners * width + script_numbers(points)
    counts = np.bincount(keys, minlength=n * width).reshape(n, width)
    counts[:, _NONE] = 0
    total = counts.sum(axis=1)
    kana = counts[:, list(_KANA)].sum(axis=1)
    japanese = (kana * 10 > total) & (kana + counts[:, SCRIPTS.index("Han")] * 2 > total)
    found = np.where(japanese, _JAPANESE, counts.argmax(axis=1))
    found[total == 0] = _NONE
    return [_NAMES[number] for number in found.tolist()]


def _number_of(character: str) -> int:
    if not regex.match(r"\p{L}", character):
        return _NONE
    for number, name in enumerate(SCRIPTS):
        if regex.match(rf"\p{{Script={name}}}", character):
            return number
    return _OTHER
