"""`tokenworks prune BASE --on CORPUS --size N -o DIR`: a smaller vocabulary, texts encoded alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.corpus_options import Field
from tokenworks.cli.output import emit
from tokenworks.cli.settings import settings
from tokenworks.cli.transplant import cost_lines

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.prune import Comparison, PruneResult
    from tokenworks.workflows.transplant import TransplantResult


def prune(
    base: Annotated[str, typer.Argument(help="A path, an embedded name, or hf://org/name.")],
    out: Annotated[str, typer.Option("--output", "-o", help="The folder to write.")],
    on: Annotated[
        list[str] | None,
        typer.Option(metavar="CORPUS...", help="Files, folders or globs that say what is used."),
    ] = None,
    model: Annotated[
        bool, typer.Option("--model", help="BASE is a model folder: prune its matrices along.")
    ] = False,
    size: Annotated[
        int | None, typer.Option(help="How many tokens stay, special ones among them.")
    ] = None,
    min_count: Annotated[int, typer.Option(help="Tokens used less often go.")] = 0,
    keep_scripts: Annotated[
        str, typer.Option(help="Unicode scripts that stay, with what scripts share: Latin,Greek.")
    ] = "",
    keep_languages: Annotated[
        str, typer.Option(help="Languages whose scripts stay, as BCP 47 tags: en,el.")
    ] = "",
    field: Field = "text",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what the folder holds.")
    ] = False,
) -> None:
    """Special tokens, the alphabet and the parts of kept pieces stay; the least used pieces go.

    A text whose old encoding holds no dropped token is encoded the same, ids renumbered: checked on
    every document of the corpus. id_map.npy holds the new id of each old one, or -1.
    """
    from tokenworks.cli.loading import load
    from tokenworks.workflows.prune import prune as run

    result = run(
        base if model else load(base),
        on or (),
        size,
        out,
        model=model,
        min_count=min_count,
        keep_scripts=_names(keep_scripts),
        keep_languages=_names(keep_languages),
        field=field,
        seed=settings().seed,
        overwrite=overwrite,
    )
    emit(result, lambda: _render(result))
    if result.model is not None and not result.model.ok:
        raise typer.Exit(1)


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _render(result: PruneResult) -> RenderableType:
    dropped = result.tokens_before - result.tokens_after
    lines = [
        f"{result.base}: {result.tokens_before:,} tokens before, {result.tokens_after:,} after "
        f"({dropped:,} dropped)"
    ]
    if result.scripts:
        lines.append(f"scripts kept: {', '.join(result.scripts)}, and what scripts share")
    if result.on_corpus is not None:
        lines.append(f"corpus: {_compared(result.on_corpus)}")
    lines.append(f"generated texts: {_compared(result.on_generated)}")
    if result.model is not None:
        lines += _of_model(result.model)
    return "\n".join([*lines, *(f"  {file}" for file in result.files)])


def _of_model(one: TransplantResult) -> list[str]:
    lines = [f"model: {one.rows_before:,} rows before, {one.rows_after:,} after"]
    if one.scored is not None:
        lines += cost_lines(one.scored)
    signs = {True: "held", False: "BROKEN", None: "not looked at"}
    lines += [f"{check.name}: {signs[check.held]}, {check.detail}" for check in one.checks]
    return lines + [f"note: {note}" for note in one.notes]


def _compared(one: Comparison) -> str:
    growth = one.tokens_after - one.tokens_before
    return (
        f"{one.unchanged:,} of {one.documents:,} documents encode the same; the others hold "
        f"{one.dropped_tokens:,} dropped tokens and take {growth:+,} tokens "
        f"({one.tokens_before:,} before)"
    )
