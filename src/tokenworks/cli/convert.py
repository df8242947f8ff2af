"""`tokenworks convert TOKENIZER --to FORMAT -o OUT`: write it in another format, proved equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tokenworks.cli.output import emit, note
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.convert import ConvertResult


def convert(
    tokenizer: Annotated[
        str, typer.Argument(help="A tokenizer: a path, an embedded name or hf://org/name.")
    ],
    out: Annotated[str, typer.Option("--output", "-o", help="The folder or file to write.")],
    to: Annotated[
        str, typer.Option(help="huggingface (a folder), tiktoken, sentencepiece or gguf.")
    ] = "huggingface",
    on: Annotated[
        list[str] | None,
        typer.Option(metavar="CORPUS...", help="Corpora to prove it on as well."),
    ] = None,
    budget: Annotated[int, typer.Option(help="Bytes of generated text.", min=0)] = 2_000_000,
    pre: Annotated[
        str | None, typer.Option(help="gguf: the name of the pre-tokenizer to write.")
    ] = None,
    inexact: Annotated[
        bool, typer.Option("--inexact", help="Write even if a text differs, and say which.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there.")
    ] = False,
) -> None:
    """Exit code 0: written and no text differs; 1: a text differs (nothing is written, unless
    --inexact asked for it)."""
    from tokenworks.cli.inputs import one_of
    from tokenworks.cli.loading import load
    from tokenworks.tokenizer.writers.write import FORMATS
    from tokenworks.workflows.convert import InexactError
    from tokenworks.workflows.convert import convert as run

    one_of("--to", to, tuple(FORMATS))
    options: dict[str, Any] = {} if pre is None else {"pre": pre}
    try:
        result = run(
            load(tokenizer),
            to,
            out,
            on=on or (),
            budget=budget,
            seed=settings().seed,
            inexact=inexact,
            overwrite=overwrite,
            **options,
        )
    except InexactError as error:
        reason = str(error)
        found = error.verification.to_json()
        emit({"exact": False, "reason": reason, "files": [], "verification": found}, lambda: reason)
        raise typer.Exit(1) from None
    emit(result, lambda: _render(result))
    note(f"{result.verification.seconds:.1f} s")
    raise typer.Exit(0 if result.exact else 1)


def _render(result: ConvertResult) -> RenderableType:
    tried = result.verification
    lines = [f"{result.source} written as {result.format}:"]
    for file in result.files:
        lines.append(f"  {file}")
    if result.exact:
        lines.append(f"no text differs ({tried.texts:,} texts, {tried.bytes:,} bytes tried)")
    for name, same in result.same_bytes.items():
        lines.append(f"{name}: {'the same bytes as' if same else 'other bytes than'} the source")
    return "\n".join([*lines, *result.notes])
