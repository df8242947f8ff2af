"""`tokenworks methods`: list, show and cite the published methods, without importing any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tokenworks import registry
from tokenworks.cli.output import emit
from tokenworks.registry import MethodInfo

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, show and cite the published methods.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("list")
def list_(
    family: Annotated[str | None, typer.Argument(help="One family only.")] = None,
) -> None:
    """List the methods with their paper, year and fidelity."""
    found = registry.methods(family)
    emit([info.to_json() for info in found], lambda: _table(found))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A method: `name` or `family/name`.")],
) -> None:
    """Show what is known about one method."""
    info = registry.find(name)
    emit(info.to_json(), lambda: _card(info))


@app.command()
def cite(
    names: Annotated[
        list[str] | None, typer.Argument(help="Methods; all of them where left out.")
    ] = None,
) -> None:
    """Print BibTeX entries of the methods' papers."""
    from tokenworks.citation import bibtex

    chosen = [registry.find(name) for name in names] if names else list(registry.methods())
    entries = {key: entry for info in chosen for key, entry in [bibtex(info)]}
    emit(entries, lambda: "\n\n".join(entries.values()))


def _table(found: tuple[MethodInfo, ...]) -> Table | str:
    from rich.table import Table

    if not found:
        return "no methods are registered here"
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("method", "year", "paper", "fidelity"):
        table.add_column(column, no_wrap=True)
    table.add_column("summary", overflow="fold")
    for info in found:
        year = "" if info.year is None else str(info.year)
        table.add_row(info.key, year, info.paper or "", info.fidelity, info.summary)
    return table


def _card(info: MethodInfo) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    rows = {
        "method": info.key,
        "summary": info.summary,
        "paper": info.paper,
        "year": info.year,
        "fidelity": info.fidelity,
        "declares": ", ".join(info.declares),
        "needs": ", ".join(info.needs),
        "python": info.target,
    }
    for label, value in rows.items():
        if value not in (None, ""):
            table.add_row(label, str(value))
    return table
