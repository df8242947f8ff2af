"""A comparison as a ranked table in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from tokenworks.workflows.compare import Comparison
    from tokenworks.workflows.compare.intervals import Estimate

SHOWN_WARNINGS = 6


def ranking(comparison: Comparison) -> RenderableType:
    """The verdict, the tokenizers by rank with 95 % intervals, and the first warnings."""
    parts: list[RenderableType] = [Text("\n".join(comparison.verdict)), Text("")]
    parts.append(_table(comparison))
    if comparison.warnings:
        parts.append(Text(""))
    for warning in comparison.warnings[:SHOWN_WARNINGS]:
        parts.append(Text(f"! {printable(warning)}", style="yellow"))
    rest = len(comparison.warnings) - SHOWN_WARNINGS
    if rest > 0:
        parts.append(Text(f"! and {rest} more; the report has them all", style="yellow"))
    return Group(*parts)


def _table(comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", justify="right")
    table.add_column("tokenizer", no_wrap=True)
    for column in ("vocabulary", "tokens", f"of {printable(comparison.reference)}", "bytes/token"):
        table.add_column(column, justify="right", no_wrap=True)
    if comparison.parallel:
        table.add_column("median premium", justify="right", no_wrap=True)
        table.add_column("highest", no_wrap=True)
    costs = any(one.cost is not None for one in comparison.tokenizers)
    if costs:
        table.add_column("cost", justify="right")
    if comparison.context is not None:
        table.add_column(f"characters in {comparison.context:,}", justify="right", min_width=10)
    table.add_column("faithful")
    for rank, one in enumerate(comparison.tokenizers, 1):
        cells: list[str | Text] = [str(rank), Text(printable(one.name))]
        cells += [f"{one.n_tokens:,}", f"{one.tokens:,}"]
        cells += [_percent(one.relative), f"{one.bytes_per_token.value:.2f}"]
        if comparison.parallel:
            premium = one.median_premium
            cells.append(_number(premium) if premium is not None else "-")
            cells.append(Text(printable(one.worst_label or "-")))
        if costs:
            cells.append("-" if one.cost is None else f"{one.cost:,.4g}")
        if comparison.context is not None:
            cells.append(f"{one.characters_at_limit or 0:,.0f}")
        cells.append(Text("yes", style="green") if one.lossless else Text("no", style="red"))
        table.add_row(*cells)
    return table


def _percent(estimate: Estimate) -> str:
    shown = f"{100 * estimate.value:.1f} %"
    if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return shown
    return f"{shown} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def _number(estimate: Estimate) -> str:
    shown = f"{estimate.value:.2f}"
    if estimate.low is None or estimate.high is None:
        return shown
    return f"{shown} [{estimate.low:.2f}, {estimate.high:.2f}]"


def printable(text: str) -> str:
    """Text without control characters, which a hostile name could steer a terminal with."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
