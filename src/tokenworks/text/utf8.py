"""UTF-8 in big buffers: validate fast, repair line by line, cut where no pretoken is split."""

from __future__ import annotations

import re
from collections.abc import Callable

from tokenworks import _native

_SPACES = (" ", "\n", "\r", "\t")
_MAX_TRIES = 4096
# A newline that `cut_near_newline` may find a place at; most that are none are passed over at once.
LIKELY_CUT = re.compile(rb"\n(?:(?<=[^ \t\r\n\f\v]\n)|(?<=[0-9A-Za-z\x80-\xff][ \t\r\n]\n))")


def is_valid(data: bytes) -> bool:
    """True if the bytes are UTF-8; one pass without making a string, the GIL released."""
    return _native.is_utf8(data)


def count_newlines(data: bytes) -> int:
    """The number of line feeds."""
    return _native.count_newlines(data)


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


def splits_pretokens(data: bytes | bytearray, at: int) -> bool:
    """True if every known pretoken pattern splits at `at`, and alike with only one of the sides.

    Two such places: between a letter or digit and white space (punctuation may take newlines with
    it), and after a single newline between two characters that are neither white space nor, for
    the second, "/" (the o200k pattern lets it follow newlines; runs of white space leave their
    last one to what follows, which the end of the text changes).
    """
    before, after = _char_before(data, at), _char_after(data, at)
    if after in _SPACES:
        return before.isalpha() or before.isdecimal()
    if before != "\n" or after == "/" or after.isspace():
        return False
    inner = _char_before(data, at - 1)
    return inner != "" and not inner.isspace()


def _char_before(data: bytes | bytearray, at: int) -> str:
    return bytes(data[max(0, at - 4) : at]).decode("utf-8", "replace")[-1:]


def _char_after(data: bytes | bytearray, at: int) -> str:
    return bytes(data[at : at + 4]).decode("utf-8", "replace")[:1]


def cut_near_newline(data: bytes | bytearray, newline: int) -> int:
    """The place at or next to the newline at this index where pretokens split; 0 if none."""
    for at in (newline + 1, newline, newline - 1):
        if 0 < at < len(data) and splits_pretokens(data, at):
            return at
    return 0


def line_cut(data: bytes | bytearray, end: int) -> int:
    """The last place in 1..end just after a newline; 0 if there is none."""
    return data.rfind(b"\n", 0, end) + 1


def pretoken_cut(data: bytes | bytearray, end: int) -> int:
    """The last place in 1..end where every known pretoken pattern splits, best near a newline.

    Falls back on any newline (long runs of blank lines), then on 0.
    """
    newline = data.rfind(b"\n", 0, end)
    for _ in range(_MAX_TRIES):
        if newline < 0:
            break
        at = cut_near_newline(data, newline)
        if 0 < at <= end:
            return at
        newline = data.rfind(b"\n", 0, newline)
    space = end
    for _ in range(_MAX_TRIES):
        space = data.rfind(b" ", 1, space)
        if space < 0:
            break
        if splits_pretokens(data, space):
            return space
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
