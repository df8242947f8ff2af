"""How much of a sequence repeats itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHORTEST = 3  # tokens of what counts as repeated


@dataclass(frozen=True, slots=True)
class Repetition:
    """The part of a sequence that repeats most. unit: its ids. times: how often it stands there."""

    unit: tuple[int, ...] = ()
    times: int = 1

    @property
    def repeated(self) -> int:
        """Tokens that stand there again."""
        return (self.times - 1) * len(self.unit)


def repetition(ids: Sequence[int]) -> Repetition:
    """The unit of at least 3 tokens whose further occurrences, not overlapping, cover most.

    The shortest such unit, and the first of several. One token again and again is no unit: models fall
    into that with any text. Cost: cubic in the length at worst.

    >>> repetition([9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 8])
    Repetition(unit=(1, 2, 3), times=3)
    >>> repetition([1, 2, 3, 4]).repeated, repetition([5, 5, 5, 5, 5, 5]).repeated
    (0, 0)
    """
    best = Repetition()
    for length in range(SHORTEST, len(ids) // 2 + 1):
        ends: dict[tuple[int, ...], tuple[int, int]] = {}  # of each unit: times, end of the last
        for first in range(len(ids) - length + 1):
            unit = tuple(ids[first : first + length])
            times, end = ends.get(unit, (0, 0))
            if first >= end:
                ends[unit] = (times + 1, first + length)
        for unit, (times, _) in ends.items():
            if (times - 1) * length > best.repeated and len(set(unit)) > 1:
                best = Repetition(unit, times)
    return best
