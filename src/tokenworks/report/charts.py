"""Where the marks of the charts stand; templates draw them.

Horizontal positions are percent of the width, so that charts follow the screen and text keeps its
size; vertical ones are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TICKS = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)
MINOR = (0.75, 1.5, 3, 6, 12, 24)
WIDTH_OF_LETTER = 0.72  # percent of a wide page
GREY = 9  # the colour of what is left over
HEAT = (1.1, 1.5, 2, 3, 5, 8)  # a premium from here on takes the next colour


class LogAxis:
    """A logarithmic axis that holds all values."""

    def __init__(
        self, values: Sequence[float], unit: str = "", always: float | None = None
    ) -> None:
        """
        Args:
            values: positive.
            unit: written behind the numbers.
            always: a value that the axis holds in any case.
        """
        kept = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
        if always is not None:
            kept.append(always)
        low, high = min(kept), max(kept)
        self._low = math.log(low / 1.08)
        self._high = math.log(max(high, low * 1.3) * 1.08)
        self.mark = None if always is None else self(always)
        inside = [tick for tick in TICKS if low / 1.05 <= tick <= high * 1.05]
        self.ticks = [(f"{tick:g}{unit}", self(tick), tick in MINOR) for tick in inside]

    def __call__(self, value: float) -> float:
        if not (value > 0 and math.isfinite(value)):
            return 0.0
        return round(100 * (math.log(value) - self._low) / (self._high - self._low), 2)


def heat(premium: float) -> int:
    """The colour of a premium in the heat map, 0 to 6."""
    return sum(premium >= limit for limit in HEAT)


Box = tuple[float, float, float]  # left and right in percent, middle in pixels


@dataclass(frozen=True, slots=True)
class Point:
    """A labelled dot of the scatter plot, and where its label stands."""

    name: str
    index: int
    x: float  # percent
    y: float  # pixels from above
    low: float | None
    high: float | None
    label_x: float  # percent
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Compression against vocabulary size."""

    height: int
    points: tuple[Point, ...]
    x_ticks: tuple[tuple[str, float], ...]
    y_ticks: tuple[tuple[str, float], ...]


def scatter(
    rows: Sequence[tuple[str, int, float, float | None, float | None]], height: int = 340
) -> Scatter:
    """Place names, vocabulary sizes, and bytes per token with their intervals."""
    sizes = [max(row[1], 1) for row in rows]
    low, high = math.log2(min(sizes)) - 0.6, math.log2(max(sizes)) + 0.6
    top = max(row[4] or row[2] for row in rows) * 1.08
    bottom = min(row[3] or row[2] for row in rows)
    bottom = 0.0 if bottom < 0.5 * top else bottom * 0.9

    def across(size: float) -> float:
        return round(7 + 90 * (math.log2(size) - low) / (high - low), 2)

    def down(value: float) -> float:
        return round(12 + (height - 52) * (1 - (value - bottom) / (top - bottom or 1)), 1)

    places = [(across(max(size, 1)), down(value)) for _, size, value, _, _ in rows]
    taken = [(x - 1.2, x + 1.2, y) for x, y in places]  # the dots themselves
    points = []
    for index, (name, _, _, least, most) in enumerate(rows):
        x, y = places[index]
        label_y, anchor = _free(x, y, WIDTH_OF_LETTER * len(name), taken)
        low_y, high_y = (None if end is None else down(end) for end in (least, most))
        points.append(Point(name, index, x, y, low_y, high_y, x, label_y, anchor))
    powers = range(math.ceil(low), math.floor(high) + 1)
    x_ticks = tuple((_size(2**power), across(2**power)) for power in powers)
    step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 50, 1e9) if (top - bottom) / s <= 6)
    first = math.ceil(bottom / step)
    count = math.floor(top / step) - first + 1
    y_ticks = tuple((f"{(first + n) * step:g}", down((first + n) * step)) for n in range(count))
    return Scatter(height, tuple(points), x_ticks, y_ticks)


def _free(x: float, y: float, width: float, taken: list[Box]) -> tuple[float, str]:
    """Height and side of a label that lies on no dot and no other label; it is then taken."""
    sides = [("end", x - 1.2 - width), ("start", x + 1.2)]
    if x + width < 96:
        sides.reverse()
    choices = [(shift, *side) for shift in (0, 14, -14, 28, -28, 42, -42) for side in sides]
    free = [
        choice
        for choice in choices
        if choice[2] > 6
        and not any(
            choice[2] < right and left < choice[2] + width and abs(y + choice[0] - middle) < 13
            for left, right, middle in taken
        )
    ]
    shift, anchor, left = (free or choices)[0]
    taken.append((left, left + width, y + shift))
    return y + shift + 4, anchor


def _size(number: int) -> str:
    return f"{number // 1024}k" if number >= 1024 else str(number)


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a stacked bar."""

    name: str
    colour: int
    x: float  # percent
    width: float
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Stacks:
    """Stacked bars with their legend."""

    names: tuple[tuple[str, int], ...]  # with their colours
    bars: tuple[tuple[Part, ...], ...]


def stacks(
    counts: Sequence[Mapping[str, int]],
    most: int = 9,
    rest: str = "other",
    order: Sequence[str] = (),
    grey: str = "",
) -> Stacks:
    """Bars of shares; the `most` largest parts over all bars keep their names.

    They stand by size, or in the order given; the rest and `grey` are grey.
    """
    shares: dict[str, float] = {}
    for one in counts:
        total = sum(one.values()) or 1
        for name, count in one.items():
            shares[name] = shares.get(name, 0.0) + count / total
    largest = sorted(shares, key=lambda name: -shares[name])
    names = tuple(largest if len(largest) <= most + 1 else [*largest[:most], rest])
    if order:
        names = tuple(sorted(names, key=lambda n: order.index(n) if n in order else len(order)))
    colours = {n: GREY if n in (rest, grey) else at for at, n in enumerate(names)}
    bars = []
    for one in counts:
        total = sum(one.values())
        held = {name: one.get(name, 0) for name in names}
        if rest in held:
            held[rest] = total - sum(count for name, count in held.items() if name != rest)
        parts, x = [], 0.0
        for name, count in held.items():
            width = 100 * count / total if total else 0.0
            if count > 0:
                parts.append(
                    Part(name, colours[name], round(x, 3), round(width, 3), count, count / total)
                )
            x += width
        bars.append(tuple(parts))
    return Stacks(tuple(colours.items()), tuple(bars))
