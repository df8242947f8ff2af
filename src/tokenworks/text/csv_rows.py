"""Comma and tab separated tables with a header line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from difflib import get_close_matches

from .decoded import place_of
from .document import Document
from .options import Reading
from .plain import text_lines
from .problems import Problem, Report
from .sources import Source


def read(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    """Documents of a CSV or TSV source. The position is the line on which a row begins.

    Quoted fields may hold line ends. A row with another number of fields than the header is
    reported and passed over.
    """
    # the csv module knows one limit for the whole process; it is only ever raised here
    csv.field_size_limit(max(csv.field_size_limit(), reading.max_record_bytes))
    delimiter = "\t" if source.format == "tsv" else ","
    lines = (line.text for line in text_lines(source, reading.max_record_bytes, report))
    # strict, so that a quote without an end is told and does not swallow the file in silence
    rows = csv.reader(lines, delimiter=delimiter, strict=True)

    def problem(kind: str, line: int, message: str) -> None:
        report(Problem(kind, source.name, place_of(source, line, 0), message))

    header: list[str] | None = None
    text_at = label_at = -1
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            problem("row", line, f"not a row: {error}; a quote may have no end")
            continue
        if row is None:
            return
        if not row:
            continue
        if header is None:
            header = row
            if reading.field not in header:
                problem("field", line, _no_column(reading.field, header))
                return
            text_at = header.index(reading.field)
            if reading.label_column in header:
                label_at = header.index(reading.label_column)
            continue
        if len(row) != len(header):
            problem("row", line, f"the row has {len(row)} fields, the header {len(header)}")
            continue
        label = row[label_at] if label_at >= 0 else None
        yield Document(row[text_at], source.name, line, "line", label)


def _no_column(field: str, header: list[str]) -> str:
    near = get_close_matches(field, header, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    names = ", ".join(repr(name[:40]) for name in header[:12])
    return f"there is no column {field!r} (the header has {names}){hint}"
