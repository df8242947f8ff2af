"""`tokenworks doctor PATH`: what is wrong with a tokenizer or model, and which field it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks.cli.output import emit, note

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from tokenworks.workflows.doctor import DoctorReport, Finding

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def doctor(
    path: Annotated[
        str, typer.Argument(help="A tokenizer file, a tokenizer folder or a model folder.")
    ],
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the mended, older or newer form beside it.")
    ] = False,
) -> None:
    """Exit code 0: neither errors nor warnings; 1: something is wrong; 2: it cannot be read."""
    from tokenworks.workflows.doctor import doctor as run

    report = run(path, fix=fix)
    emit(report, lambda: _render(report))
    note(f"{len(report.checks)} checks made")
    raise typer.Exit(0 if report.healthy else 1)


def _render(report: DoctorReport) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [_headline(report)]
    files = list(dict.fromkeys(f.file for f in report.findings))
    for file in files:
        if file != report.path:
            parts.append(Text(_beside(file, report.path), style="bold"))
        parts += [_finding(f, report) for f in report.findings if f.file == file]
        parts += [
            Text(f"          and {n:,} more of {code}", style="dim")
            for (where, code), n in report.more.items()
            if where == file
        ]
    if sizes := report.facts.get("sizes"):
        parts.append(_sizes(sizes))
    for mend in report.mends:
        said = f"wrote {mend.path}" if mend.path else "nothing written; not enough could be mended"
        parts.append(Text(said, style="green" if mend.proved else "yellow"))
        parts += [Text(f"          {change}") for change in mend.changes[:10]]
        if len(mend.changes) > 10:
            parts.append(Text(f"          and {len(mend.changes) - 10:,} more changes"))
        parts.append(Text(f"          {mend.proof}"))
    return Group(*parts)


def _headline(report: DoctorReport) -> Text:
    from rich.text import Text

    counts = [
        f"{n:,} {severity}{'s' if n != 1 else ''}"
        for severity in ("error", "warning", "note")
        if (n := report.count(severity))
    ]
    verdict = "nothing is wrong" if report.healthy else "something is wrong"
    said = f" ({', '.join(counts)})" if counts else ""
    style = "bold green" if report.healthy else "bold red"
    return Text(f"{report.path} [{report.kind}]: {verdict}{said}", style=style)


def _finding(finding: Finding, report: DoctorReport) -> RenderableType:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=9)
    grid.add_column()
    body = Text()
    if finding.where:
        body.append(f"{finding.where}\n", style="bold")
    body.append(finding.what)
    body.append(f" [{finding.code}]", style="dim")
    for label, text in (
        ("right", finding.right),
        ("seen as", finding.symptom),
        ("written by", finding.writer),
    ):
        if text:
            body.append(f"\n{label}: ", style="dim")
            body.append(text)
    if finding.fixable and not report.mends:
        body.append("\n--fix can mend this", style="green")
    grid.add_row(Text(finding.severity, style=STYLES[finding.severity]), body)
    return Padding(grid, (0, 0, 0, 0))


def _sizes(sizes: dict[str, object]) -> RenderableType:
    from rich.table import Table

    table = Table("size", "value", title="sizes")
    for name, value in sizes.items():
        if isinstance(value, dict):
            shown = f"{value['name']} {value['shape']} {value['dtype']}"
        elif isinstance(value, bool):
            shown = "yes" if value else "no"
        else:
            shown = f"{value:,}" if isinstance(value, int) else str(value)
        table.add_row(name.replace("_", " "), shown)
    return table


def _beside(file: str, root: str) -> str:
    path = Path(file)
    return str(path.relative_to(root)) if path.is_relative_to(root) else file
