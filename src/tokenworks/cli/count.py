"""`tokenworks count TOKENIZER FILES...`: how many tokens texts take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.inputs import STANDARD_INPUT, read_text
from tokenworks.cli.output import emit, progress

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.count import Counts


def count(
    tokenizer: Annotated[str, typer.Argument(help="A path, an embedded name, or hf://org/name.")],
    files: Annotated[
        list[str] | None, typer.Argument(help="UTF-8 texts; standard input where left out or `-`.")
    ] = None,
    errors: Annotated[
        str, typer.Option(help="Bytes that are not UTF-8: `strict` refuses, `replace` puts U+FFFD.")
    ] = "strict",
) -> None:
    """Count the tokens of files or standard input.

    Text that looks like a special token is counted as the text it is.
    """
    from tokenworks.cli.inputs import one_of
    from tokenworks.cli.loading import load
    from tokenworks.workflows.count import count_texts

    replace = one_of("--errors", errors, ("strict", "replace")) == "replace"
    names = files or [STANDARD_INPUT]
    loaded = load(tokenizer)
    with progress("counting", len(names)) as advance:
        counts = count_texts(
            loaded, ((name, read_text(name, replace=replace)) for name in names), advance
        )
    emit(counts, lambda: _table(counts))


def _table(counts: Counts) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("tokens", "bytes", "characters", "bytes/token"):
        table.add_column(column, justify="right")
    table.add_column("text", overflow="fold")
    rows = [*counts.texts]
    if len(rows) > 1:
        rows.append(counts.total)
    for row in rows:
        ratio = f"{row.bytes_per_token:.2f}" if row.tokens else "-"
        table.add_row(f"{row.tokens:,}", f"{row.bytes:,}", f"{row.characters:,}", ratio, row.name)
    return table
