"""Tables as links that download them: the page needs no file beside it and no script."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from urllib.parse import quote

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets run cells that begin so


def csv_link(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A `data:` address of a CSV file.

    Args:
        header: names of the columns.
        rows: cells; None is empty, and text that a spreadsheet would run gets an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return "data:text/csv;charset=utf-8," + quote(out.getvalue(), safe=" ,:/()!;")


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return value
