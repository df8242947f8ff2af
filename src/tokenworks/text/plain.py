"""Plain text and Markdown: whole files, lines, or paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .blocks import ByteStream, pieces
from .decoded import decoded, place_of
from .document import Document
from .options import Reading
from .problems import Problem, Report
from .sources import Source
from .utf8 import line_cut, pretoken_cut

_BLOCK = 1 << 20


class Line(NamedTuple):
    """A line with its terminator, or a part of one that is longer than a document may be."""

    text: str
    number: int
    offset: int


def read(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    """Documents of a plain text source."""
    if reading.split == "whole":
        yield from _whole(source, reading, report)
    elif reading.split == "lines":
        for line in text_lines(source, reading.max_document_bytes, report):
            text = line.text.removesuffix("\n").removesuffix("\r")
            if text:
                yield _document(text, source, line)
    else:
        yield from _paragraphs(source, reading, report)


def _document(text: str, source: Source, line: Line) -> Document:
    if source.is_part:
        return Document(text, source.name, line.offset, "byte")
    return Document(text, source.name, line.number, "line")


def _whole(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    longest = reading.max_document_bytes
    size = min(reading.part_bytes or longest, longest)
    stream = ByteStream(source, report, min(_BLOCK, size))
    was_open = False
    for piece in pieces(stream, size, pretoken_cut, longest=longest):
        if piece.open and not was_open:
            report(long_line(source, piece.line, piece.offset, longest))
        was_open = piece.open
        yield Document(decoded(piece, source, report), source.name, piece.offset, "byte")


def long_line(source: Source, line: int, offset: int, size: int) -> Problem:
    """The problem of a line that had to be cut between two characters."""
    message = f"a line longer than {size:,} bytes was cut; raise max_document_bytes to keep it"
    return Problem("cut", source.name, place_of(source, line, offset), message)


def text_lines(source: Source, longest: int, report: Report) -> Iterator[Line]:
    """The lines of a source with their terminators; those beyond `longest` bytes in parts."""
    stream = ByteStream(source, report, min(_BLOCK, longest))
    was_open = False
    for piece in pieces(stream, min(_BLOCK, longest), line_cut, longest=longest):
        if piece.open and not was_open:
            report(long_line(source, piece.line, piece.offset, longest))
        was_open = piece.open
        rows = decoded(piece, source, report).split("\n")
        last = rows.pop()
        number, offset = piece.line, piece.offset
        for row in rows:
            yield Line(row + "\n", number, offset)
            number += 1
            # counted only where it is shown: a byte length costs an encoding for each line
            offset += len(row.encode()) + 1 if source.is_part else 0
        if last:
            yield Line(last, number, offset)


def _paragraphs(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    longest = reading.max_document_bytes
    held: list[str] = []
    size = 0
    first = Line("", 1, 0)
    for line in text_lines(source, longest, report):
        blank = not line.text.strip()
        if held and (blank or size + len(line.text) > longest):
            yield _document(_joined(held), source, first)
            held, size = [], 0
        if blank:
            continue
        if not held:
            first = line
        held.append(line.text)
        size += len(line.text)
    if held:
        yield _document(_joined(held), source, first)


def _joined(lines: list[str]) -> str:
    return "".join(lines).removesuffix("\n").removesuffix("\r")
