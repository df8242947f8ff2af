"""`tokenworks transplant MODEL TOKENIZER --method NAME -o DIR`: the same model, another vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.corpus_options import Field
from tokenworks.cli.output import emit
from tokenworks.cli.settings import settings
from tokenworks.errors import OptionError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.transplant import TransplantResult
    from tokenworks.workflows.transplant.result import Scored


def transplant(
    model: Annotated[str, typer.Argument(help="A model folder (safetensors), or hf://org/name.")],
    tokenizer: Annotated[str, typer.Argument(help="The new one: path, embedded name, hf://.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    method: Annotated[
        str, typer.Option(help="See `tokenworks methods list --family transplant`.")
    ] = "fvt",
    donor: Annotated[
        str | None, typer.Option(help="A model that has the new tokenizer, for omp.")
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CORPUS...",
            help="Text in the new language, for methods and (held out) for scoring.",
        ),
    ] = None,
    old_on: Annotated[list[str] | None, typer.Option(help="Text in the model's language.")] = None,
    parallel: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two files of translated lines: the model's language, the new one."),
    ] = None,
    dictionary: Annotated[
        str | None, typer.Option(help="Word pairs, a tab between them, one pair per line.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="A sentence-embedding model, for token-adapt.")
    ] = None,
    hypernetwork: Annotated[
        str | None,
        typer.Option(help="Of `lm train-hypernetwork`, for zett; the model's own if left out."),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Of the method: sparsity=32, variant=last, ...")
    ] = None,
    heal: Annotated[
        int, typer.Option(help="Then train the token matrices for so many steps on --on.")
    ] = 0,
    heal_all: Annotated[
        bool, typer.Option("--heal-all", help="Train the whole model in these steps.")
    ] = False,
    field: Field = "text",
    score: Annotated[
        bool, typer.Option("--score/--no-score", help="Run both models and compare them.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what the folder holds.")
    ] = False,
) -> None:
    """Shared tokens keep their rows bit for bit; the method makes those of the others.

    Only the files that hold the token matrices are written anew. Afterwards the folder is read back:
    rows and logits of shared tokens are compared, and bits per byte on the same text. report.html in
    the folder shows it all, rows.tsv what became of each row. An interrupted run goes on where it was.
    """
    from tokenworks.cli.transplant_progress import bars
    from tokenworks.report.transplant_html import write
    from tokenworks.workflows.transplant import transplant as run

    with bars() as told:
        result = run(
            model,
            tokenizer,
            out=out,
            method=method,
            donor=donor,
            on=on or (),
            old_on=old_on or (),
            parallel=parallel,
            dictionary=dictionary,
            encoder=encoder,
            hypernetwork=hypernetwork,
            field=field,
            options=_options(option or []),
            score=score,
            heal=heal,
            heal_all=heal_all,
            seed=settings().seed,
            offline=settings().offline,
            overwrite=overwrite,
            told=told,
        )
    page = write(result, out)
    emit(result, lambda: _render(result, page))
    if not result.ok:
        raise typer.Exit(1)


def _options(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise OptionError(f"--option {one!r}: expected NAME=VALUE")
        found[name.strip().replace("-", "_")] = value.strip()
    return found


def _render(result: TransplantResult, page: Path) -> RenderableType:
    origins = ", ".join(f"{count:,} {name}" for name, count in result.origins.items() if count)
    lines = [
        f"{result.model} -> {result.tokenizer} by {result.method}",
        f"rows: {result.rows_before:,} before, {result.rows_after:,} after ({origins})",
    ]
    scored = result.scored
    if scored is not None:
        lines += [*cost_lines(scored), _token_line(scored)]
    if scored is not None and scored.bits_per_byte_healed is not None:
        lines.append(
            f"bits per byte: {_bound(scored.changed_after)}{scored.bits_per_byte_healed:.4f} after "
            f"{result.healing['steps']} steps of healing ({result.healing['trained']})"
        )
    signs = {True: "held", False: "BROKEN", None: "not looked at"}
    lines += [f"{check.name}: {signs[check.held]}, {check.detail}" for check in result.checks]
    lines += [f"note: {note}" for note in result.notes]
    return "\n".join([*lines, f"  {page}"])


def cost_lines(scored: Scored) -> list[str]:
    """Bits per byte before and after, and what they are only a lower bound of."""
    before = f"{_bound(scored.changed_before)}{scored.bits_per_byte_before:.4f}"
    after = f"{_bound(scored.changed_after)}{scored.bits_per_byte_after:.4f}"
    lines = [
        f"bits per byte: {before} before, {after} after, on {scored.bytes:,} bytes of {scored.text}"
    ]
    for whose, changed in (("old", scored.changed_before), ("new", scored.changed_after)):
        if changed:
            lines.append(
                f">= : the {whose} tokens do not give back {changed:,} of these bytes: a lower bound, "
                "not to be compared"
            )
    return lines


def _bound(changed: int) -> str:
    return ">= " if changed else ""


def _token_line(scored: Scored) -> str:
    saved = scored.tokens_saved
    return (
        f"tokens: {scored.tokens_before:,} before, {scored.tokens_after:,} after "
        f"({100 * abs(saved):.1f} % {'fewer' if saved >= 0 else 'more'})"
    )
