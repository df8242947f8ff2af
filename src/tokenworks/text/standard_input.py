"""What kind of text comes through standard input, judged by its first bytes, which stay unread."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import BinaryIO

from ..errors import FormatError
from .compression import ExpansionError, inflate, sniffed

_HEAD = 1 << 16
_RECORD = re.compile(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_TABLES = {b"PAR1": "a Parquet file", b"ARROW1": "an Arrow file"}


def format_of_standard_input() -> str:
    """ "jsonl" where the first line is a JSON record, else "text"; compressed input is looked into.

    Raises:
        FormatError: it is a table, which cannot be read from its beginning to its end.
    """
    head = _first_bytes().removeprefix(b"\xef\xbb\xbf")
    for magic, kind in _TABLES.items():
        if head.startswith(magic):
            raise FormatError(
                f"standard input is {kind}, which cannot be read through a pipe; name the file"
            )
    line, newline, _ = head.lstrip().partition(b"\n")
    if not _RECORD.match(line):
        return "text"
    if newline:
        try:
            return "jsonl" if isinstance(json.loads(line), dict) else "text"
        except (ValueError, RecursionError):
            return "text"
    return "jsonl"  # a record longer than what was looked at, or the only one


class _Unread(io.RawIOBase):
    """A stream with the bytes that were looked at in front."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


_looked_at: dict[BinaryIO, bytes] = {}  # what was read of the stream that is standard input


def standard_input() -> BinaryIO:
    """The whole of standard input, also after its first bytes were looked at.

    Raises:
        OSError: there is none.
    """
    if sys.stdin is None:
        raise OSError("there is no standard input")
    stream: BinaryIO = sys.stdin.buffer
    head = _looked_at.pop(stream, b"")
    return io.BufferedReader(_Unread(head, stream), _HEAD) if head else stream


def _first_bytes() -> bytes:
    """Decompressed: a line, or enough to judge by; b"" where nothing can be read."""
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        return b""
    head = _looked_at.get(stream, b"")
    try:
        while b"\n" not in (plain := _plain(head)) and len(plain) < _HEAD and len(head) < 4 * _HEAD:
            more = stream.read1(_HEAD)
            if not more:
                break
            head += more
    except (OSError, ValueError):  # told where it is read
        return b""
    _looked_at.clear()
    _looked_at[stream] = head
    return plain


class _Bytes:
    """Bytes that can be read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, /) -> bytes:
        head, self._data = self._data[:size], self._data[size:]
        return head


def _plain(head: bytes) -> bytes:
    kind = sniffed(head)
    if kind is None:
        return head
    found = b""
    try:
        for block in inflate(_Bytes(head), kind, _HEAD):
            found += block
            if len(found) >= _HEAD:
                break
    except (EOFError, OSError, ExpansionError):  # cut short, or told where it is read
        pass
    return found
