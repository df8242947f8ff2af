"""Bytes of a piece as text, with the broken lines repaired and reported."""

from __future__ import annotations

import re

from .blocks import Piece
from .problems import Problem, Report
from .sources import Source
from .utf8 import is_valid, repair

_SURROGATE = re.compile("[\ud800-\udfff]")


def place_of(source: Source, line: int, offset: int) -> str:
    """The line, or the byte in a part of a file, where lines before the part are not counted."""
    return f"byte {offset}" if source.is_part else f"line {line}"


def valid_bytes(piece: Piece, source: Source, report: Report) -> bytes:
    """The bytes of the piece as valid UTF-8; each broken line is reported once."""
    if is_valid(piece.data):
        return piece.data

    def broken(index: int, at: int) -> None:
        place = place_of(source, piece.line + index, piece.offset + at)
        byte = piece.data[at]
        message = f"not UTF-8 (byte 0x{byte:02x}); broken bytes became U+FFFD"
        report(Problem("utf-8", source.name, place, message))

    return repair(piece.data, broken)


def decoded(piece: Piece, source: Source, report: Report) -> str:
    """The text of the piece; each broken line is reported once."""
    try:
        return piece.data.decode("utf-8")
    except UnicodeDecodeError:
        return valid_bytes(piece, source, report).decode("utf-8")


def without_surrogates(text: str, source: Source, place: str, report: Report) -> str:
    """The text with lone surrogates, which JSON can spell and UTF-8 cannot, as U+FFFD."""
    if _SURROGATE.search(text) is None:
        return text
    report(
        Problem("surrogate", source.name, place, "a lone surrogate (\\ud800-\\udfff) became U+FFFD")
    )
    return _SURROGATE.sub("\ufffd", text)
