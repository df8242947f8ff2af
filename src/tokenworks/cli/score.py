"""`tokenworks score MODELS... --on CORPUS`: what a text costs under models, in bits per byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.corpus_options import Field
from tokenworks.cli.model_options import Device, Dtype
from tokenworks.cli.output import emit, note, progress
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.score import ScoreRow, Scoring


def score(
    models: Annotated[
        list[str],
        typer.Argument(help="Model folders, or hf://org/name. Others are set against the first."),
    ],
    on: Annotated[list[str], typer.Option(metavar="CORPUS...", help="Files, folders or globs.")],
    labels: Annotated[
        str | None,
        typer.Option(
            help="What texts are grouped by: `folder`, `file`, `column:NAME`, or `name:PATTERN` "
            "with {label} in it."
        ),
    ] = None,
    field: Field = "text",
    window: Annotated[
        int | None, typer.Option(help="Tokens read at once; each model's context if left out.")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(help="Tokens that each further window scores; half of it.")
    ] = None,
    max_bytes: Annotated[
        int | None, typer.Option(help="Take only so much of the text, from its beginning.")
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
) -> None:
    """Score models of any vocabulary on one text, in bits per byte with 95 % intervals.

    Every token counts once, the first one after the model's start token. Where a tokenizer changes the
    text, the figure is marked as a lower bound.
    """
    from tokenworks.workflows.score import GUESSING
    from tokenworks.workflows.score import score as run

    with progress("scoring", total=len(models)) as on_text:
        found = run(
            models,
            on,
            labels=labels,
            field=field,
            window=window,
            stride=stride,
            max_bytes=max_bytes,
            device=device,
            dtype=dtype,
            offline=settings().offline,
            on_text=on_text,
        )
    if found.problems:
        note(found.problems.summary())
    for model in found.models:
        if found.of(model.name).bits_per_byte > GUESSING:
            note(
                f"{model.name} needs more than {GUESSING:g} bits for a byte, which is worse than "
                "guessing: is this the tokenizer it was trained with?"
            )
    emit(found, lambda: _tables(found))


def _tables(found: Scoring) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    unit = "documents" if found.unit == "document" else "blocks of at most 4,096 bytes"
    parts: list[RenderableType] = [_ranking(found)]
    if any(row.label is not None for row in found.rows):
        parts += [Text(""), _by_label(found)]
    parts.append(Text(f"\n95 % intervals over {found.units:,} {unit}"))
    if any(row.changed for row in found.rows):
        parts.append(Text(">= : the tokens do not give back the whole text: a lower bound"))
    return Group(*parts)


def _ranking(found: Scoring) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("model", style="bold", overflow="fold")
    for name in (
        "bits/byte",
        "95 %",
        f"against {found.models[0].name}",
        "bytes/token",
        "nats/token",
    ):
        table.add_column(name, justify="right")
    for name in ("vocabulary", "parameters", "window", "changed"):
        table.add_column(name, justify="right")
    for model in found.models:
        row = found.of(model.name)
        table.add_row(
            model.name,
            _value(row),
            _span(row.low, row.high),
            "" if model is found.models[0] else _difference(row),
            f"{row.bytes / max(row.tokens, 1):.2f}",
            f"{row.nats_per_token:.3f}",
            f"{model.tokens:,}",
            f"{model.parameters:,}",
            f"{model.window:,}",
            f"{row.changed:,} B" if row.changed else "",
        )
    return table


def _by_label(found: Scoring) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("label", style="bold", overflow="fold")
    table.add_column("bytes", justify="right")
    for model in found.models:
        table.add_column(model.name, justify="right")
        table.add_column("95 %", justify="right")
    for label in sorted({row.label for row in found.rows if row.label is not None}):
        rows = [found.of(model.name, label) for model in found.models]
        cells = [cell for row in rows for cell in (_value(row), _span(row.low, row.high))]
        table.add_row(label, f"{rows[0].bytes:,}", *cells)
    return table


def _value(row: ScoreRow) -> str:
    return f"{'>= ' if row.changed else ''}{row.bits_per_byte:.4f}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} .. {high:.3f}"


def _difference(row: ScoreRow) -> str:
    span = _span(row.difference_low, row.difference_high)
    return f"{row.difference:+.4f}" + (f" ({span})" if span else "")
