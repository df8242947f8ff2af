"""The comparison of languages as tables in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from tokenworks.workflows.languages import LanguageComparison

# From here on a premium is shown in this colour.
STEPS = ((1.25, "green"), (2.0, "default"), (4.0, "yellow"), (float("inf"), "red"))


def _coloured(premium: float) -> Text:
    style = next(style for limit, style in STEPS if premium < limit)
    return Text(f"{premium:.2f}", style=style)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")


def languages(comparison: LanguageComparison) -> Table:
    """Each language's premium under each tokenizer."""
    table = _table(
        "Tokens for the same text, as a multiple of "
        f"{comparison.reference} under the same tokenizer\n"
    )
    table.add_column("language", no_wrap=True)
    table.add_column("script", no_wrap=True)
    table.add_column("bytes", justify="right")
    for tokenizer in comparison.tokenizers:
        table.add_column(tokenizer.name, justify="right")
    for row in comparison.languages:
        premiums = [_coloured(premium) for premium in row.premiums]
        table.add_row(row.language, row.script, f"{row.bytes:,}", *premiums)
    return table


def tokenizers(comparison: LanguageComparison) -> Table:
    """Each tokenizer over all languages."""
    table = _table("\nTokenizers\n")
    table.add_column("tokenizer", no_wrap=True)
    for column in ("vocabulary", "tokens in all", "bytes/token", "median", "below 2x", "highest"):
        table.add_column(column, justify="right")
    table.add_column("language", no_wrap=True)
    for one in comparison.tokenizers:
        table.add_row(
            one.name,
            f"{one.n_tokens:,}",
            f"{one.total_tokens:,}",
            f"{one.bytes_per_token:.2f}",
            _coloured(one.median_premium),
            f"{one.below_two} of {len(comparison.languages)}",
            _coloured(one.worst_premium),
            one.worst_language,
        )
    return table


def show(comparison: LanguageComparison, console: Console) -> None:
    """Print both tables."""
    console.print(languages(comparison))
    console.print(tokenizers(comparison))
