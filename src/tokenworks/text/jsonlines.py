"""JSON lines: one record for each line."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .blocks import ByteStream, Piece, pieces
from .decoded import decoded, place_of, without_surrogates
from .document import Document
from .fields import FieldError, label_of, text_of
from .options import Reading
from .problems import Problem, Report
from .sources import Source
from .utf8 import line_cut

BLOCK = 1 << 20


def read(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    """Documents of a JSON lines source; broken lines are reported and passed over."""
    for piece in record_lines(source, reading, report):
        yield from documents_of(piece, source, reading, report)


def record_lines(
    source: Source, reading: Reading, report: Report, size: int = BLOCK
) -> Iterator[Piece]:
    """Pieces of whole lines; a line beyond the largest record is reported and passed over."""
    longest = reading.max_record_bytes
    size = min(size, longest)
    was_open = False
    for piece in pieces(ByteStream(source, report, size), size, line_cut, longest=longest):
        if was_open:  # the rest of the line that is passed over comes first
            at = piece.data.find(b"\n") + 1
            was_open = piece.open
            if at == 0:
                continue
            rest = Piece(piece.data[at:], piece.offset + at, piece.line + 1, piece.open)
            if rest.data and not piece.open:
                yield rest
            continue
        if piece.open:
            was_open = True
            place = place_of(source, piece.line, piece.offset)
            message = (
                f"a record longer than {longest:,} bytes is left out; raise max_document_bytes"
            )
            report(Problem("too long", source.name, place, message))
            continue
        yield piece


def documents_of(
    piece: Piece, source: Source, reading: Reading, report: Report
) -> Iterator[Document]:
    """The documents of a run of whole lines."""
    position, offset = piece.line, piece.offset
    for line in decoded(piece, source, report).split("\n"):
        if line and not line.isspace():
            place = place_of(source, position, offset)
            try:
                record = json.loads(line)
                text = text_of(record, reading.field)
            except FieldError as error:
                report(Problem("field", source.name, place, str(error)))
            except (ValueError, RecursionError) as error:
                report(Problem("json", source.name, place, _why(line, error)))
            else:
                if "\\u" in line:
                    text = without_surrogates(text, source, place, report)
                label = label_of(record, reading.label_column)
                where = offset if source.is_part else position
                unit = "byte" if source.is_part else "line"
                yield Document(text, source.name, where, unit, label)  # type: ignore[arg-type]
        position += 1
        offset += len(line.encode()) + 1 if source.is_part else 0


def _why(line: str, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not JSON that can be read: nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        shown = line[max(0, error.pos - 20) : error.pos + 20]
        return f"not JSON: {error.msg} at character {error.pos + 1}, near {shown!r}"
    return f"not JSON that can be read: {error}"
