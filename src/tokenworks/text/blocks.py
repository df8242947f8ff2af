"""Bytes of a source: opened, decompressed, without a byte order mark, cut into lines or pieces."""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ..errors import FormatError, MissingExtraError
from .compression import ExpansionError, Readable, inflate, sniffed
from .problems import Problem, Report
from .sources import Source
from .standard_input import standard_input
from .utf8 import character_cut, count_newlines

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


def open_source(source: Source) -> BinaryIO:
    """The raw stream of a file, a URL or standard input. Raises OSError or MissingExtraError."""
    if source.path == "-":
        return standard_input()
    if not source.is_url:
        return open(source.path, "rb", buffering=0)  # noqa: PTH123 - the caller closes it
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError(f"{source.path} needs fsspec: pip install fsspec") from None
    try:
        stream: BinaryIO = fsspec.open(source.path, "rb").open()
    except ImportError as error:
        raise MissingExtraError(f"{source.path} needs another package: {error}") from None
    except ValueError as error:
        raise FormatError(f"{source.path} cannot be opened: {error}") from None
    return stream


class ByteStream:
    """The decompressed bytes of one source as blocks; what goes wrong is reported, then it ends.

    `offset` is the number of bytes that were passed over before the first block: the byte order
    mark, or the part of the file that belongs to the shard before.
    """

    def __init__(self, source: Source, report: Report, block: int = 1 << 20) -> None:
        self.source, self.report, self.block = source, report, block
        self.offset = 0

    def __iter__(self) -> Iterator[bytes]:
        try:
            raw = open_source(self.source)
            # standard input is not ours to close
            with contextlib.nullcontext() if self.source.path == "-" else contextlib.closing(raw):
                yield from self._without_mark(self._decompressed(raw))
        except ExpansionError as error:
            self._problem("expansion", str(error))
        except EOFError as error:
            self._problem("compression", str(error))
        except (OSError, UnicodeError) as error:
            self._problem("unreadable", getattr(error, "strerror", None) or str(error))

    def _decompressed(self, raw: BinaryIO) -> Iterator[bytes]:
        if self.source.is_part:
            yield from self._part(raw)
            return
        first = _read(raw, self.block)
        kind = self.source.compression or sniffed(first)
        if kind:
            yield from inflate(_Rejoined(first, raw), kind, self.block)
            return
        while first:
            yield first
            first = _read(raw, self.block)

    def _part(self, raw: BinaryIO) -> Iterator[bytes]:
        self.offset = at = self.source.begin
        raw.seek(at)
        end = sys.maxsize if self.source.end is None else self.source.end
        while at < end and (block := _read(raw, min(self.block, end - at))):
            at += len(block)
            yield block

    def _without_mark(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        first = next(blocks, b"")
        if self.source.begin == 0:
            while len(first) < len(_BOM) and (more := next(blocks, b"")):
                first += more
            if first.startswith(_UTF16):
                self._problem(
                    "encoding",
                    "the file is UTF-16, not UTF-8; convert it with iconv -f UTF-16 -t UTF-8",
                )
                return
            if first.startswith(_BOM):
                self.offset = len(_BOM)
                first = first[len(_BOM) :]
        yield from itertools.chain([first] if first else [], blocks)

    def _problem(self, kind: str, message: str) -> None:
        self.report(Problem(kind, self.source.name, "", message))


def _read(raw: Readable, size: int) -> bytes:
    return raw.read(size) or b""


class _Rejoined:
    """A stream whose first block was already read."""

    def __init__(self, head: bytes, raw: Readable) -> None:
        self._head, self._raw = head, raw

    def read(self, size: int) -> bytes:
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        return _read(self._raw, size)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of bytes: from `offset` and `line` (from 1) of the stream.

    open: it ends inside a line that is longer than allowed; the line goes on in the next piece.
    """

    data: bytes
    offset: int
    line: int
    open: bool


def pieces(
    stream: ByteStream,
    size: int,
    cut: Callable[[bytes | bytearray, int], int],
    *,
    longest: int | None = None,
) -> Iterator[Piece]:
    """Cut a stream into pieces of about `size` bytes at the places that `cut` finds.

    cut: (data, end) -> the last good place in 1..end, or 0.
    longest: where no good place exists, how far a piece may grow before it is cut between two
        characters; `size` by default. Memory stays within about three times the larger of the two.
    """
    longest = max(size, longest or 0)
    offset, line = -1, 1
    held: list[bytes] = []
    length = 0
    want = size + 8  # a few bytes past the end, to see whether the next line may be cut off
    for block in stream:
        if offset < 0:
            offset = stream.offset
        held.append(block)
        length += len(block)
        while length >= want:
            data = held[0] if len(held) == 1 else b"".join(held)
            at = cut(data, min(len(data), max(size, want - 8)))
            open_end = at == 0
            if open_end and want < longest + 8:
                held, want = [data], min(2 * want, longest + 8)
                continue
            at = at or character_cut(data, longest)
            head = data[:at]
            yield Piece(head, offset, line, open_end)
            line += count_newlines(head)
            offset += at
            held, length, want = [data[at:]], length - at, size + 8
    if length:
        yield Piece(b"".join(held), max(offset, 0), line, False)
