"""UTF-8 in big buffers: validate fast, repair line by line, cut where no pretoken is split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

_NEWLINE = 10
# After a newline these bytes may still belong to the pretoken before it: white space, and "/",
# which the o200k pattern lets follow punctuation and newlines.
_JOINS = frozenset(b"\t\n\v\f\r /\x1c\x1d\x1e\x1f")
_WHITE_LEADS = frozenset(b"\xc2\xe1\xe2\xe3")  # first bytes of the non-ASCII white space
_MAX_TRIES = 4096


def is_valid(data: bytes) -> bool:
    """True if the bytes are UTF-8; one pass without making a string, the GIL released."""
    if not data:
        return True
    offsets = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    one = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(data)])
    try:
        one.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def count_newlines(data: bytes) -> int:
    """The number of line feeds."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == _NEWLINE))


def repair(data: bytes, on_line: Callable[[int, int], None]) -> bytes:
    """The bytes with every broken sequence replaced by U+FFFD, as browsers do.

    on_line: called with (line index in data, byte offset in data) once for each broken line.
    """
    lines = data.split(b"\n")
    offset = 0
    for index, line in enumerate(lines):
        length = len(line)
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            on_line(index, offset + error.start)
            lines[index] = line.decode("utf-8", "replace").encode("utf-8")
        offset += length + 1
    return b"\n".join(lines)


def _joined_to_next(data: bytes | bytearray, at: int) -> bool:
    """True if what starts at `at` could share a pretoken with the newline before it."""
    byte = data[at]
    if byte in _JOINS:
        return True
    if byte not in _WHITE_LEADS:
        return False
    head = bytes(data[at : at + 3]).decode("utf-8", "ignore")
    return not head or head[0].isspace()


def line_cut(data: bytes | bytearray, end: int) -> int:
    """The last place in 1..end just after a newline; 0 if there is none."""
    return data.rfind(b"\n", 0, end) + 1


def pretoken_cut(data: bytes | bytearray, end: int) -> int:
    """The last place in 1..end after a newline where every known pretoken pattern splits.

    That is before a character that is neither white space nor "/". Falls back on any newline
    (long runs of blank lines), then on 0.
    """
    at = line_cut(data, end)
    for _ in range(_MAX_TRIES):
        if at == 0:
            break
        if at < len(data) and not _joined_to_next(data, at):
            return at
        at = line_cut(data, at - 1)
    return line_cut(data, end)


def character_cut(data: bytes | bytearray, end: int) -> int:
    """A place in 1..end that splits no character, before a space if one is near; end > 3."""
    space = data.rfind(b" ", max(1, end - 65536), end)
    if space > 0:
        return space
    at = end
    for _ in range(3):
        if at >= len(data) or data[at] & 0xC0 != 0x80:
            break
        at -= 1
    return at
