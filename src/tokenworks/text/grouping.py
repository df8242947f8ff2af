"""Texts in groups of bounded size, for what works on many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def grouped(texts: Iterable[str], characters: int, most: int | None = None) -> Iterator[list[str]]:
    """Texts in their order, in lists that end with the text that fills them.

    Args:
        texts: any number of any length; they are read as groups are asked for.
        characters: at which a group is full.
        most: texts of a group; without a bound where left out.
    """
    group: list[str] = []
    held = 0
    for text in texts:
        group.append(text)
        held += len(text)
        if held >= characters or len(group) == most:
            yield group
            group, held = [], 0
    if group:
        yield group
