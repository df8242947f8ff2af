"""`tokenworks extend BASE --on CORPUS --add N -o DIR`: new tokens, every old one kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.corpus_options import Field
from tokenworks.cli.output import emit, note
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.extend import ExtendResult


def extend(
    base: Annotated[str, typer.Argument(help="A path, an embedded name, or hf://org/name.")],
    on: Annotated[
        list[str],
        typer.Option(metavar="CORPUS...", help="Files, folders or globs to learn from."),
    ],
    add: Annotated[int, typer.Option(help="How many new tokens, special ones apart.")],
    out: Annotated[str, typer.Option("--output", "-o", help="The folder to write.")],
    min_count: Annotated[
        int, typer.Option(help="Pairs that the corpus holds less often are not merged.")
    ] = 2,
    max_token_bytes: Annotated[int | None, typer.Option(help="No longer pieces.")] = None,
    special: Annotated[
        list[str] | None, typer.Option(help="A new special token; may be given again.")
    ] = None,
    held_out: Annotated[
        float, typer.Option(help="Fraction of the corpus to measure on, not learned from.")
    ] = 0.05,
    field: Field = "text",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what the folder holds.")
    ] = False,
) -> None:
    """Old ids and merges stay, and a text without a new token is encoded exactly as before.

    More strictly: every encoding is the old one once each new token is written as the old tokens it
    was merged from. This is checked on the tables, on every new token and on texts before anything
    is written.
    """
    from tokenworks.cli.loading import load
    from tokenworks.workflows.extend import extend as run

    result = run(
        load(base),
        on,
        add,
        out,
        min_count=min_count,
        max_token_bytes=max_token_bytes,
        special=special or (),
        held_out=held_out,
        field=field,
        seed=settings().seed,
        overwrite=overwrite,
    )
    emit(result, lambda: _render(result))
    note(f"an embedding matrix needs {result.rows:,} rows")


def _render(result: ExtendResult) -> RenderableType:
    last = result.first_id + result.added - 1
    lines = [f"{result.base}: {result.added:,} tokens added, ids {result.first_id:,} to {last:,}"]
    lines += [f"  {content}  id {number:,}" for content, number in result.special.items()]
    held = result.held_out
    if held is None:
        lines.append("tokens saved: not measured, the corpus is too small to hold a part out")
    else:
        lines.append(
            f"held-out text ({held.bytes:,} bytes): {held.tokens_before:,} tokens before, "
            f"{held.tokens_after:,} after ({held.saved:.1%} fewer)"
        )
    proof = result.proof
    lines.append(
        f"encodes as before, new tokens apart: tables, {proof.alone:,} pieces alone, "
        f"{proof.texts:,} texts ({proof.bytes:,} bytes)"
    )
    return "\n".join([*lines, *(f"  {file}" for file in result.files)])
