"""`tokenworks audit TOKENIZER`: which tokens no text can produce, and how the tokenizer behaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.output import emit, note
from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tokenworks.workflows.audit import AuditResult


def audit(
    tokenizer: Annotated[str, typer.Argument(help="A path, an embedded name, or hf://org/name.")],
    on: Annotated[
        list[str] | None,
        typer.Option(metavar="CORPUS...", help="Corpora whose use of the vocabulary is counted."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="A model folder or .safetensors file to compare sizes with.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="The page to write; JSON lies beside it.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Tokens shown of each finding.", min=0)] = 5,
) -> None:
    """Exit code 0: nothing is wrong (notes do not count); 1: there are findings."""
    from tokenworks.cli.loading import load
    from tokenworks.workflows.audit import audit as run

    result = run(load(tokenizer), on or None, model, seed=settings().seed)
    if output is not None:
        from tokenworks.report import audit_html

        page = audit_html.write(result, output, inputs=(tokenizer, *([model] if model else [])))
        note(f"wrote {page}")
    emit(result, lambda: _render(result, limit))
    note(f"{result.seconds:.1f} s")
    raise typer.Exit(0 if result.clean else 1)


def _render(result: AuditResult, limit: int) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    verdict = "no findings" if result.clean else "findings"
    head = f"{result.name}: {result.tokens:,} tokens, highest id {result.highest_id_plus_one - 1:,}"
    parts: list[RenderableType] = [Text(f"{head}; {verdict}")]
    parts.append(_findings(result, limit))
    parts.append(_drift(result))
    if result.usage is not None:
        parts.append(_usage(result))
    if result.rows is not None:
        rows = ", ".join(f"{name} {count:,}" for name, count in result.rows.matrices.items())
        said = f"embedding rows: {rows or 'none found'}; config vocab_size {result.rows.config_vocab_size}"
        parts.append(Text(said))
    parts.append(_shares(result))
    parts.append(_longest(result))
    parts.append(_splits(result))
    return Group(*parts)


def _findings(result: AuditResult, limit: int) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    from tokenworks.cli.verify import escaped

    table = Table("", "tokens", "what", "which", title="tokens")
    for found in result.findings:
        lines = [f"{t.id} {escaped(t.text)}  {t.why}" for t in found.tokens[:limit]]
        if found.count > limit:
            lines.append(f"... and {found.count - limit:,} more")
        what = Text(f"{found.kind}: {found.summary}")
        table.add_row(found.level, f"{found.count:,}", what, Text("\n".join(lines)))
    return table


def _drift(result: AuditResult) -> RenderableType:
    from rich.table import Table

    title = "drift: encode(decode(ids)) is not ids (95 % interval)"
    table = Table("ids sampled", "all", "valid UTF-8 only", title=title)
    for d in result.drift:
        cells = [
            f"{s.value:.1%} ({s.low:.1%} to {s.high:.1%}) of {s.of:,}" for s in (d.all, d.valid)
        ]
        table.add_row(d.sampling, *cells)
    return table


def _usage(result: AuditResult) -> RenderableType:
    from rich.text import Text

    from tokenworks.cli.verify import escaped

    use = result.usage
    assert use is not None
    first = ", ".join(escaped(t.text) for t in use.examples[:8])
    return Text(
        f"on the corpus: {use.documents:,} documents, {use.bytes:,} bytes, {use.tokens:,} tokens "
        f"({use.bytes_per_token:.2f} bytes each); {use.used:,} tokens used, {use.unused:,} not"
        + (f", the first: {first}" if first else "")
    )


def _shares(result: AuditResult) -> RenderableType:
    from rich.table import Table

    table = Table("category", "tokens", "script", "tokens", title="what the tokens are")
    left = list(result.categories.items())
    right = list(result.scripts.items())[:12]
    for i in range(max(len(left), len(right))):
        row = [
            *(left[i] if i < len(left) else ("", "")),
            *(right[i] if i < len(right) else ("", "")),
        ]
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    return table


def _longest(result: AuditResult) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    from tokenworks.cli.verify import escaped

    table = Table("id", "bytes", "token", title="longest tokens")
    for t in result.longest:
        text = t.text if len(t.text) <= 60 else t.text[:57] + "..."
        table.add_row(str(t.id), t.why.removesuffix(" bytes"), Text(escaped(text)))
    return table


def _splits(result: AuditResult) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    from tokenworks.cli.verify import escaped

    table = Table("", "text", "tokens", "cut", title="how text is cut")
    for s in result.splits:
        cut = " ".join(escaped(t)[1:-1].replace(" ", "\u2423") or "\u2205" for t in s.tokens)
        table.add_row(s.group, Text(escaped(s.text)), str(len(s.tokens)), Text(cut))
    return table
