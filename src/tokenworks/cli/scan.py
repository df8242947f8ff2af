"""`tokenworks scan MODEL`: texts that a model recites from one token, and tokens it never learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.model_options import Device, Dtype
from tokenworks.cli.output import emit, note
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.scan import ScanResult, Untrained

_ROWS = 20


def scan(
    model: Annotated[str, typer.Argument(help="A model folder, or hf://org/name.")],
    length: Annotated[int, typer.Option(help="Tokens decoded after every token.")] = 3,
    threshold: Annotated[
        float, typer.Option(help="The score above which a start is followed, below 1.")
    ] = 0.95,
    follow: Annotated[int, typer.Option(help="Tokens decoded after those.")] = 64,
    batch: Annotated[int, typer.Option(help="Starts at once.")] = 256,
    checkpoint: Annotated[
        str | None, typer.Option(help="A file that keeps every batch, to go on from.")
    ] = None,
    probe: Annotated[bool, typer.Option(help="Look for under-trained tokens too.")] = True,
    device: Device = None,
    dtype: Dtype = None,
) -> None:
    """Try every token as the start of a text and list what the model then recites.

    A hidden text is among it if its first token alone brings it up; so are headings and boilerplate.
    Nothing found is no proof that nothing is hidden. Exit code 0: answered.
    """
    from tokenworks.cli.transplant_progress import bars
    from tokenworks.workflows.scan import scan as run

    with bars() as told:
        result = run(
            model,
            length=length,
            threshold=threshold,
            follow=follow,
            batch=batch,
            checkpoint=checkpoint,
            probe=probe,
            device=device,
            dtype=dtype,
            seed=settings().seed,
            offline=settings().offline,
            told=told,
        )
    if result.resumed:
        note(f"{result.resumed:,} of {result.starts:,} starts were in the checkpoint")
    emit(result, lambda: _render(result))
    note(f"{result.seconds:.1f} s")


def _render(result: ScanResult) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [
        Text(
            f"{result.model}: {result.above:,} of {result.starts:,} tokens have a score above "
            f"{result.threshold:g}"
        )
    ]
    if result.candidates:
        table = Table(box=None, pad_edge=False)
        for name in ("start", "score", "recited", "repeated"):
            table.add_column(name, justify="right")
        table.add_column("text", overflow="fold")
        for one in result.candidates[:_ROWS]:
            table.add_row(
                str(one.start),
                f"{one.score:.3f}",
                str(one.recited),
                str(one.repeated),
                Text(_seen(one.text)),
            )
        parts.append(table)
    if len(result.candidates) > _ROWS:
        parts.append(Text(f"... {len(result.candidates) - _ROWS:,} more with --json"))
    if result.untrained is not None:
        parts += _untrained(result.untrained)
    parts += [Text(f"warning: {warning}") for warning in result.warnings]
    return Group(*parts)


def _untrained(found: Untrained) -> list[RenderableType]:
    from rich.text import Text

    if not found.answered:
        return []
    lines = [
        f"under-trained: {len(found.confirmed):,} of the {found.probed:,} tokens with the most "
        f"suspicious rows; {found.failed:,} of {found.controls:,} drawn from the other "
        f"{found.tested - found.probed:,} ({found.rest_low:.1%} to {found.rest_high:.1%} of them, "
        "95 % interval)"
    ]
    lines += [
        f"  {one.id} {_seen(one.token)}  {one.probability:.2%}" for one in found.confirmed[:_ROWS]
    ]
    if len(found.confirmed) > _ROWS:
        lines.append(f"  ... {len(found.confirmed) - _ROWS:,} more with --json")
    return [Text(line) for line in lines]


def _seen(text: str) -> str:
    from tokenworks.cli.verify import escaped

    return escaped(text)
