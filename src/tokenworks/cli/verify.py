"""`tokenworks verify A B`: are two tokenizers the same, and if not, which text tells?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.output import emit, note
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.verify import Counterexample, VerifyResult

MARKS = {
    "shown": "a text tells",
    "proved-none": "no text can tell",
    "beside": "no text is involved",
}
MARKS |= {"not-found": "no text found that tells", "unknown": "not decided"}


def verify(
    a: Annotated[
        str, typer.Argument(help="A tokenizer: a path, an embedded name or hf://org/name.")
    ],
    b: Annotated[str, typer.Argument(help="The tokenizer to compare it with.")],
    on: Annotated[
        list[str] | None,
        typer.Option(metavar="CORPUS...", help="Corpora to compare on as well."),
    ] = None,
    budget: Annotated[int, typer.Option(help="Bytes of generated text.", min=0)] = 2_000_000,
    mode: Annotated[
        str,
        typer.Option(
            help="ids: ids must be equal. bytes: only the tokens' bytes. auto: says which."
        ),
    ] = "auto",
    trained: Annotated[
        bool, typer.Option("--trained", help="Also the ids as the models saw them (BOS, chat).")
    ] = False,
) -> None:
    """Exit code 0: no text tells the two apart; 1: the shortest text that does is shown."""
    from tokenworks.cli.inputs import one_of
    from tokenworks.cli.loading import load
    from tokenworks.workflows.verify import verify as run

    chosen = one_of("--mode", mode, ("auto", "ids", "bytes"))
    result = run(
        load(a),
        load(b),
        on=on or (),
        budget=budget,
        seed=settings().seed,
        mode=chosen,  # type: ignore[arg-type]
        trained=trained,
    )
    emit(result, lambda: _render(result))
    note(f"{result.seconds:.1f} s; compared by {result.mode}; uses: {', '.join(result.aspects)}")
    raise typer.Exit(0 if result.equal else 1)


def _render(result: VerifyResult) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text(f"{result.a} and {result.b}: {result.sentence()}")]
    if result.differences:
        table = Table("part", "difference", "in text", title="the definitions differ")
        for d in result.differences:
            lines = [d.summary, *(f"  {e}" for e in d.examples[:3] if len(e) < 200)]
            why = MARKS[d.effect] + (f": {d.reason}" if d.reason else "")
            table.add_row(d.component, Text("\n".join(lines)), Text(why))
        parts.append(table)
    if result.counterexample is not None:
        parts += _example(result, result.counterexample)
    return Group(*parts)


def _example(result: VerifyResult, found: Counterexample) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    title = f"the shortest text found ({len(found.text)} characters; {found.aspect})"
    table = Table("", result.a, result.b, title=title)
    table.add_row("text", Text(escaped(found.text)), "", end_section=True)
    for i in range(max(len(found.a), len(found.b))):
        table.add_row(str(i), *(Text(_token(side, i)) for side in (found.a, found.b)))
    if found.decoded_a is not None and found.decoded_b is not None:
        table.add_section()
        table.add_row("decoded", Text(escaped(found.decoded_a)), Text(escaped(found.decoded_b)))
    where = f"found in a text of {found.found_in} characters ({found.source})"
    cause = f"; the part to blame: {found.cause}" if found.cause else ""
    return [table, Text(where + cause)]


def _token(side: tuple[object, ...], i: int) -> str:
    if i >= len(side):
        return ""
    segment = side[i]
    spelled = getattr(segment, "bytes", b"").decode("utf-8", "backslashreplace")
    return f"{getattr(segment, 'id', '')}  {escaped(spelled)}"


def escaped(text: str) -> str:
    """Text in quotes with every character that cannot be seen spelled out."""
    shown = "".join(
        c if c == " " or c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )
    return f'"{shown}"'
