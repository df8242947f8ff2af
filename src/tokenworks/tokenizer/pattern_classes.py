"""Classes of characters, written out as the reference libraries have them.

Those know an older version of Unicode than the `regex` library, so that fewer code points are
letters, digits or of a script: 141,028 against 158,172 for `\\p{L}`. Categories come from our own
tables; of every other property (`\\p{Han}`, `\\p{Alphabetic}`) those members are taken that our
tables know as assigned.
"""

from __future__ import annotations

import functools
import re

import numpy as np
import regex
from numpy.typing import NDArray

from tokenworks._native import character_categories

CATEGORIES: tuple[str, ...] = (
    *("Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps"),
    *("Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co"),
)
_LONG_NAMES = {
    "letter": "L",
    "mark": "M",
    "number": "N",
    "punctuation": "P",
    "symbol": "S",
    "separator": "Z",
    "other": "C",
    "unassigned": "Cn",
    "any": "",
}
_ESCAPE = re.compile(r"\\(?:([pP])(?:\{(\^?)([\w&=: -]+)\}|([A-Z]))|([wWdD]))")
_CODES = 0x110000


def ranges(escape: str) -> str | None:
    """The members of an escape such as `\\p{Lu}`, `\\P{^Han}`, `\\w` or `\\D`, for use in a set.

    Returns:
        Ranges of code points; None where this is no escape for a class (or one like `\\s`, which
        means the same everywhere).

    Raises:
        regex.error: there is no property of this name.

    >>> ranges(r"\\p{Nd}")[:21]
    '\\\\U00000030-\\\\U00000039'
    """
    found = _ESCAPE.fullmatch(escape)
    if found is None:
        return None
    sign, negated, name, letter, short = found.groups()
    if short:
        return _written("Nd" if short in "dD" else "word", short.islower())
    return _written((name or letter).strip(), (sign == "p") != bool(negated))


@functools.lru_cache(maxsize=128)
def _written(name: str, positive: bool) -> str:
    member = _members(name) == positive
    edges = np.flatnonzero(np.diff(member, prepend=False, append=False)).reshape(-1, 2)
    return "".join(
        f"\\U{begin:08X}" if begin + 1 == end else f"\\U{begin:08X}-\\U{end - 1:08X}"
        for begin, end in edges.tolist()
    )


def _members(name: str) -> NDArray[np.bool_]:
    if name == "word":  # with the two joiners, as tiktoken counts them
        found = _property("Alphabetic") | _general("M") | _general("Nd") | _general("Pc")
        found[[0x200C, 0x200D]] = True
        return found
    short = _LONG_NAMES.get(name.lower(), name)
    if any(category.startswith(short) for category in CATEGORIES):
        return _general(short)
    return _property(name)


def _general(short: str) -> NDArray[np.bool_]:
    numbers = [index for index, category in enumerate(CATEGORIES) if category.startswith(short)]
    found = np.isin(_numbers(), numbers)
    if "Cs".startswith(short):
        found[0xD800:0xE000] = True
    return found


def _property(name: str) -> NDArray[np.bool_]:
    found = np.zeros(_CODES, np.bool_)
    for match in regex.finditer(rf"\p{{{name}}}+", "".join(map(chr, range(_CODES)))):
        found[match.start() : match.end()] = True
    found[_numbers() == CATEGORIES.index("Cn")] = False
    return found


def _numbers() -> NDArray[np.uint8]:
    return np.frombuffer(character_categories(), np.uint8) & np.uint8(31)
