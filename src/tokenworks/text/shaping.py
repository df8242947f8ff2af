"""Documents of records cut into lines or paragraphs, and to the largest size allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from .document import Document
from .options import Reading
from .problems import Problem, Report
from .utf8 import character_cut, pretoken_cut

_BLANK_LINES = re.compile(r"\n(?:[ \t\r]*\n)+")


def shaped(documents: Iterator[Document], reading: Reading, report: Report) -> Iterator[Document]:
    """The documents as `reading.split` and `reading.max_document_bytes` ask; empty ones dropped."""
    for document in documents:
        if reading.split == "whole":
            parts = [document.text]
        elif reading.split == "lines":
            parts = [line.removesuffix("\r") for line in document.text.split("\n")]
        else:
            parts = [part.strip("\r\n") for part in _BLANK_LINES.split(document.text)]
        for part in parts:
            if not part:
                continue
            if 4 * len(part) <= reading.max_document_bytes:
                yield document if part is document.text else replace(document, text=part)
            else:
                yield from _bounded(replace(document, text=part), reading, report)


def _bounded(document: Document, reading: Reading, report: Report) -> Iterator[Document]:
    data = document.text.encode("utf-8")
    if len(data) <= reading.max_document_bytes:
        yield document
        return
    place = f"{document.unit} {document.position}"
    message = (
        f"a text of {len(data):,} bytes was cut into documents of at most"
        f" {reading.max_document_bytes:,}; raise max_document_bytes to keep it"
    )
    report(Problem("cut", document.source, place, message))
    begin = 0
    while begin < len(data):
        window = data[begin : begin + reading.max_document_bytes + 8]
        end = len(window)
        if end > reading.max_document_bytes:
            size = reading.max_document_bytes
            end = pretoken_cut(window, size) or character_cut(window, size)
        yield replace(document, text=window[:end].decode("utf-8"))
        begin += end
