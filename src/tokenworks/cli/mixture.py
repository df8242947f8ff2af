"""`tokenworks mixture TOKENIZER --categories DIR`: what a tokenizer was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.corpus_options import Field
from tokenworks.cli.output import emit, note, progress
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.mixture import MixtureResult


def mixture(
    tokenizer: Annotated[str, typer.Argument(help="A path, an embedded name, or hf://org/name.")],
    categories: Annotated[
        list[str], typer.Option(help="A folder with a folder for each category, or labelled files.")
    ],
    labels: Annotated[
        str, typer.Option(help="`folder`, `file`, `column:NAME`, or `name:PATTERN` with {label}.")
    ] = "folder",
    field: Field = "text",
    prefix: Annotated[
        str | None,
        typer.Option(help="Look at merges N..M alone: those added on top of another tokenizer."),
    ] = None,
    merges: Annotated[
        int | None, typer.Option(help="Merges to look at; by default what the samples can tell.")
    ] = None,
    sample: Annotated[float, typer.Option(help="Megabytes of each category that are used.")] = 4,
    replicates: Annotated[
        int, typer.Option(help="Of the bootstrap; 0 leaves out the intervals.")
    ] = 20,
    report: Annotated[
        str | None, typer.Option(help="The page to write; JSON and a figure (SVG) lie beside it.")
    ] = None,
) -> None:
    """Shares are of bytes, with 95 % intervals. They speak of the tokenizer's training text.

    Warnings tell what the answer cannot say: categories too alike, scripts without text, a vocabulary
    that is no plain BPE. Exit code 0: answered.
    """
    from tokenworks.cli.loading import load
    from tokenworks.workflows.mixture import mixture as run

    first, last = read_range(prefix)
    with progress("counting, replaying, solving") as advance:
        result = run(
            load(tokenizer),
            categories,
            labels=labels,
            field=field,
            first=first,
            last=last,
            merges=merges,
            sample_bytes=int(sample * 1e6),
            replicates=replicates,
            seed=settings().seed,
            offline=settings().offline,
            advance=lambda _, by: advance(by),
        )
    emit(result, lambda: _render(result))
    if report is not None:
        from tokenworks.report.mixture_html import write

        note(f"The report is in {write(result, Path(report))}")
    note(f"{result.seconds:.1f} s")


def read_range(text: str | None) -> tuple[int, int | None]:
    """N..M as (N, M); either may be left out.

    Raises:
        OptionError: it is not of that form.
    """
    from tokenworks.errors import OptionError

    if text is None:
        return 0, None
    begin, dots, end = text.partition("..")
    if not dots or (begin and not begin.isdecimal()) or (end and not end.isdecimal()):
        raise OptionError(f"--prefix {text!r} is no range; write N..M, as in 100000..128000")
    return int(begin or 0), int(end) if end else None


def _render(result: MixtureResult) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    head = (
        f"{result.tokenizer}: merges {result.first:,} to {result.last:,} of {result.merges:,}; the "
        f"mixture explains {result.explained:.0%} of the {result.learned:,} that the samples hold"
    )
    interval = "95 % interval" if result.replicates else ""
    table = Table("category", "share", interval, "sample")
    for one in result.shares:
        between = f"{one.low:.2%} to {one.high:.2%}" if result.replicates else ""
        table.add_row(one.category, f"{one.share:.2%}", between, f"{one.bytes / 1e6:.2f} MB")
    parts: list[RenderableType] = [Text(head), table]
    if result.worst_merges:
        parts.append(Text("explained worst (parts per million of the merged pairs):"))
        parts += [
            Text(f"  merge {one.index:,} {_seen(one.left)} + {_seen(one.right)}  {one.ahead:.0f}")
            for one in result.worst_merges[:5]
        ]
    parts += [Text(f"warning: {warning}") for warning in result.warnings]
    return Group(*parts)


def _seen(piece: bytes) -> str:
    from tokenworks.cli.verify import escaped

    return escaped(piece.decode("utf-8", "backslashreplace"))
