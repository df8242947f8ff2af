"""The vocabulary that each language would need, on a logarithmic axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokenworks.report.charts import LogAxis

if TYPE_CHECKING:
    from tokenworks.evaluation.row import Row
    from tokenworks.workflows.compare import Comparison

METRICS = ("optimal_vocabulary", "optimal_in_range", "law_exponent", "law_error")


@dataclass(frozen=True, slots=True)
class Need:
    """One language. x: percent; inside: the law reaches it within the sizes that were fitted."""

    name: str
    size: int
    x: float
    inside: bool
    exponent: float
    error: float


@dataclass(frozen=True, slots=True)
class Needs:
    """All languages, those that need least first, with the marks of the axis in tokens."""

    rows: tuple[Need, ...]
    ticks: tuple[tuple[str, float], ...]
    error: float  # the median over languages


def needs(comparison: Comparison) -> Needs | None:
    """The rows of the vocabulary law; None where it was not fitted."""
    found: dict[str, dict[str, Row]] = {}
    for row in comparison.rows:
        if row.metric in METRICS:
            found.setdefault(row.group, {})[row.metric] = row
    kept = [(name, rows) for name, rows in found.items() if len(rows) == len(METRICS)]
    if not kept:
        return None
    axis = LogAxis([rows["optimal_vocabulary"].value for _, rows in kept])
    least = min(rows["optimal_vocabulary"].value for _, rows in kept)
    most = max(rows["optimal_vocabulary"].value for _, rows in kept)
    powers = [2**power for power in range(4, 24) if least / 1.05 <= 2**power <= most * 1.05]
    rows = [
        Need(
            name,
            int(rows["optimal_vocabulary"].value),
            axis(rows["optimal_vocabulary"].value),
            bool(rows["optimal_in_range"].value),
            rows["law_exponent"].value,
            rows["law_error"].value,
        )
        for name, rows in kept
    ]
    rows.sort(key=lambda row: (row.size, row.name))
    errors = sorted(row.error for row in rows)
    ticks = tuple(
        (f"{size // 1024}k" if size >= 1024 else str(size), axis(size)) for size in powers
    )
    return Needs(tuple(rows), ticks, errors[len(errors) // 2])
