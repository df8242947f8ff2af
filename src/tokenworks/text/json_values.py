"""JSON files: one array of records, one record, or values one after the other; read as a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .blocks import ByteStream, pieces
from .decoded import decoded
from .document import Document
from .options import Reading
from .problems import Problem, Report
from .records import record_documents
from .sources import Source
from .utf8 import line_cut

_BLOCK = 1 << 20
_SPACE = " \t\r\n"
_NEAR_END = 12  # an escape, number or word cut off by the end of what was read so far


def read(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    """Documents of a JSON source. The position counts records from 1."""
    yield from record_documents(_values(source, reading, report), source, reading, report)


class _Window:
    """The part of the text that is held: grows until a value is complete, bounded."""

    def __init__(self, source: Source, report: Report) -> None:
        stream = ByteStream(source, report)
        self._parts = (decoded(piece, source, report) for piece in pieces(stream, _BLOCK, line_cut))
        self.text = ""
        self.at = 0
        self.ended = False

    def grow(self) -> bool:
        """Read about as much again as is held, so that the work stays linear."""
        parts, want = [self.text[self.at :]], max(_BLOCK, len(self.text) - self.at)
        while want > 0 and not self.ended:
            part = next(self._parts, "")
            self.ended = not part
            parts.append(part)
            want -= len(part)
        grown = "".join(parts)
        more = len(grown) > len(self.text) - self.at
        self.text, self.at = grown, 0
        return more

    def skip(self, characters: str) -> str:
        """Pass over the characters; returns the next one, "" at the end."""
        while True:
            while self.at < len(self.text):
                if self.text[self.at] not in characters:
                    return self.text[self.at]
                self.at += 1
            if not self.grow():
                return ""


def _values(source: Source, reading: Reading, report: Report) -> Iterator[tuple[int, Any]]:
    window = _Window(source, report)
    decoder = json.JSONDecoder()
    in_array = window.skip(_SPACE) == "["
    if in_array:
        window.at += 1
    number = 0
    while True:
        following = window.skip(_SPACE + ",")
        if following == "" or (following == "]" and in_array):
            if in_array and following == "":
                report(Problem("json", source.name, "", "the array has no end: the file is cut"))
            return
        number += 1
        try:
            value, end = decoder.raw_decode(window.text, window.at)
        except (ValueError, RecursionError) as error:
            if _incomplete(error, window) and len(window.text) < reading.max_record_bytes:
                number -= 1
                if window.grow():
                    continue
                number += 1
            if not in_array and (at := window.text.find("\n", window.at)) >= 0:
                report(Problem("json", source.name, f"record {number}", f"not JSON ({error})"))
                window.at = at
                continue
            why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            message = f"not JSON ({why}); the rest of the file is left out"
            if _incomplete(error, window) and not window.ended:
                message = (
                    f"a record longer than {reading.max_record_bytes:,} characters; the rest of"
                    " the file is left out; raise max_document_bytes"
                )
            report(Problem("json", source.name, f"record {number}", message))
            return
        if end == len(window.text) and not window.ended and window.grow():
            number -= 1  # a number at the edge may go on
            continue
        window.at = end
        yield number, value


def _incomplete(error: Exception, window: _Window) -> bool:
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(window.text) - _NEAR_END
