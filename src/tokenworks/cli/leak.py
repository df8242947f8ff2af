"""`tokenworks leak`: how easily a chat model repeats its prompt, and what defences change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.model_options import Device, Dtype
from tokenworks.cli.output import emit, note
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.leak import LeakResult, Measured

_SHOWN = 160


def leak(
    model: Annotated[str, typer.Argument(help="A folder of a chat model, or hf://org/name.")],
    prompt: Annotated[
        list[str], typer.Option(help="A file with the prompt; again, or a folder, for several.")
    ],
    defence: Annotated[
        list[str] | None,
        typer.Option(help="A defence to try; again for several; `none`. All if left out."),
    ] = None,
    ask: Annotated[
        str | None,
        typer.Option(help="A file of ordinary questions, to see what a defence costs."),
    ] = None,
    length: Annotated[
        int | None, typer.Option(help="Tokens of a reply; 1.5 times the prompt if left out.")
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
) -> None:
    """Ask a chat model politely for its prompt, and measure what comes out, without and with defences.

    No prompt brought out is no proof that none can be. Exit code 0: answered.
    """
    from tokenworks.cli.transplant_progress import bars
    from tokenworks.workflows.leak import leak as run

    with bars() as told:
        result = run(
            model,
            prompt,
            defence=() if defence == ["none"] else defence,
            ask=ask,
            length=length,
            device=device,
            dtype=dtype,
            seed=settings().seed,
            offline=settings().offline,
            told=told,
        )
    emit(result, lambda: _render(result))
    note(f"{result.seconds:.1f} s")


def _render(result: LeakResult) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    plain = result.plain
    table = Table(box=None, pad_edge=False)
    table.add_column("defence")
    for name in ("brought out", "95 %", "n-grams 3", "6", "9", "12"):
        table.add_column(name, justify="right")
    for name in ("perplexity", "copied", "attention", *(["answers kept"] if plain.kept else [])):
        table.add_column(name, justify="right")
    for one in result.measured:
        table.add_row(*_row(one))
    worst = max(plain.replies, key=lambda one: one.ratio)
    parts: list[RenderableType] = [
        Text(
            f"{result.model}: {plain.opened} of {result.prompts} prompts come out, asked in "
            f"{len(result.requests)} ways"
        ),
        table,
        Text(f'"{worst.request}" gives a match of {worst.ratio:.0f}: {_seen(worst.reply)}'),
    ]
    parts += [Text(f"warning: {warning}") for warning in result.warnings]
    return Group(*parts)


def _row(one: Measured) -> list[str]:
    from tokenworks.workflows.leak.run import OUT

    rate = one.rate(OUT)
    cells = [one.defence, f"{rate.share:.0%}", f"{rate.low:.0%} to {rate.high:.0%}"]
    cells += [f"{each.share:.0%}" for each in one.recall]
    cells += [f"{one.perplexity:,.1f}", f"{one.copied:.2f}"]
    cells.append("-" if one.attention is None else f"{one.attention:.2f}")
    return [*cells, f"{one.kept.share:.0%}"] if one.kept else cells


def _seen(text: str) -> str:
    from tokenworks.cli.verify import escaped

    shown = text.strip()
    return escaped(shown[:_SHOWN] + (" ..." if len(shown) > _SHOWN else ""))
