"""Rows for figures that are a sum over documents divided by another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.evaluation.bootstrap import Floats, intervals, resampled_sums
from tokenworks.evaluation.encoded import Encoded, Group
from tokenworks.evaluation.row import Direction, Row


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """scale * sum(above) / sum(below), per group and tokenizer.

    above, below: int64 [n] (of the text) or [T, n] (of the tokens).
    """

    metric: str
    unit: str
    direction: Direction
    above: NDArray[np.number]
    below: NDArray[np.number]
    scale: float = 1.0


def ratio_rows(encoded: Encoded, ratios: list[Ratio]) -> Iterator[Row]:
    """One row per ratio, group and tokenizer; none where the divisor is 0."""
    for group in encoded.groups:
        sums = _Sums(encoded, group)
        for ratio in ratios:
            yield from _of_group(encoded.names, ratio, group, sums)


class _Sums:
    """Sums of per-document figures over a group, and over resamples of it, each computed once."""

    def __init__(self, encoded: Encoded, group: Group) -> None:
        self._group = group
        self._tokenizers = len(encoded.names)
        self._found: dict[int, tuple[Floats, Floats | None]] = {}

    def of(self, figures: NDArray[np.number]) -> tuple[Floats, Floats | None]:
        """Sums, float64 [T], and resampled sums, float64 [T, resamples] or None."""
        found = self._found.get(id(figures))
        if found is None:
            chosen = figures[..., self._group.documents]
            total = np.broadcast_to(chosen.sum(axis=-1), (self._tokenizers,)).astype(np.float64)
            resampled = resampled_sums(chosen)
            if resampled is not None:
                resampled = np.broadcast_to(resampled, (self._tokenizers, resampled.shape[-1]))
            found = self._found[id(figures)] = (total, resampled)
        return found


def _of_group(names: tuple[str, ...], ratio: Ratio, group: Group, sums: _Sums) -> Iterator[Row]:
    above, resampled_above = sums.of(ratio.above)
    below, resampled_below = sums.of(ratio.below)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = ratio.scale * above / below
        around = None
        if resampled_above is not None and resampled_below is not None:
            around = intervals(ratio.scale * resampled_above / resampled_below, values)
    for number, name in enumerate(names):
        if not below[number]:
            continue
        yield Row(
            tokenizer=name,
            metric=ratio.metric,
            kind=group.kind,
            group=group.name,
            value=float(values[number]),
            low=around[number][0] if around else None,
            high=around[number][1] if around else None,
            unit=ratio.unit,
            direction=ratio.direction,
            n=len(group.documents),
        )
