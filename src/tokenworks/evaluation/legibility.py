"""How well a changed text can still be read, estimated from how alike letters look when rendered.

The table beside this file holds, for letters of Latin, Greek and Cyrillic, those that look most alike in
Roboto: the ink that both have over the ink that either has (`benchmarks/glyph_similarity.py` makes it).
Readers' own judgements, as in LEGIT (Seth et al. 2023, arXiv:2303.05077), are not at hand: the
estimate knows letters, not words, and one typeface.
"""

from __future__ import annotations

import json
import random
from functools import cache
from importlib.resources import files
from zlib import crc32

CHANGED = 0.2  # of the letters that have a similar one
SIMILAR = (0.8, 0.95)  # seen to be another letter, and still read as the same


@cache
def _table() -> dict[str, dict[str, float]]:
    text = files("tokenworks.evaluation").joinpath("look_alikes.json").read_text("utf-8")
    table: dict[str, dict[str, float]] = json.loads(text)
    return table


def similarity(one: str, other: str) -> float | None:
    """How alike two letters look, 0 to 1; None where the table does not hold the pair.

    >>> similarity("a", "\\u0430"), similarity("a", "\\u4e00")
    (1.0, None)
    """
    if one == other:
        return 1.0
    table = _table()
    return table.get(one, {}).get(other) or table.get(other, {}).get(one)


def legibility(original: str, changed: str) -> tuple[float, int] | None:
    """The similarities of the letters that were replaced, summed, and how many there are.

    Returns:
        None where the texts differ in length, or in letters that the table does not hold.
    """
    if len(original) != len(changed):
        return None
    total, count = 0.0, 0
    for one, other in zip(original, changed, strict=True):
        if one != other:
            alike = similarity(one, other)
            if alike is None:
                return None
            total, count = total + alike, count + 1
    return total, count


@cache
def _similar(letter: str) -> tuple[str, ...]:
    least, most = SIMILAR
    return tuple(
        other for other, alike in _table().get(letter, {}).items() if least <= alike <= most
    )


def similar_letters(text: str) -> tuple[str, list[int]]:
    """One letter of five becomes one that looks similar, such as an accented one.

    Returns:
        The text, and for each character its position in the original.
    """
    rng = random.Random(crc32(text.encode("utf-8", "replace")))
    changed = []
    for letter in text:
        choices = _similar(letter)
        changed.append(rng.choice(choices) if choices and rng.random() < CHANGED else letter)
    return "".join(changed), list(range(len(text)))
