"""Decompression as a stream of bounded blocks, with a limit on how far a small file may swell."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

SUFFIXES = {".gz": "gz", ".zst": "zst", ".xz": "xz", ".bz2": "bz2"}
_MAGIC = {b"\x1f\x8b\x08": "gz", b"\x28\xb5\x2f\xfd": "zst", b"\xfd7zXZ\x00": "xz"}
_MEMORY = 256 << 20  # what a compressed file may ask of us as its window: xz -9 needs 65 MiB
_READ = 1 << 18
MAX_EXPANSION = 10_000  # honest text stays below 100; zstd and bz2 bombs reach millions


class ExpansionError(Exception):
    """The file swells beyond what text can."""


def sniffed(head: bytes) -> str | None:
    """The compression that the first bytes show; none of these can begin a text in UTF-8."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    return None


class Readable(Protocol):
    """What is read from: a file or anything that hands out its bytes in turn."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes; empty or None at the end."""


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def more(self, data: bytes, limit: int) -> tuple[bytes, bool]:
        """Up to about `limit` bytes of output, and whether input is wanted for more."""


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def more(self, data: bytes, limit: int) -> tuple[bytes, bool]:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, limit)
        return out, not self._inner.unconsumed_tail and len(out) < limit


class _Zstd:
    """Fed a little at a time: one call returns all that its input holds, at most 128 KiB for
    every 4 bytes. (The library's own stream reader is bounded but takes a cut file for whole.)"""

    _FEED = 512

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_MEMORY).decompressobj()
        self._pending = b""
        self._at = 0

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + self._pending[self._at :]

    def more(self, data: bytes, limit: int) -> tuple[bytes, bool]:
        if data:
            self._pending, self._at = self._pending[self._at :] + data, 0
        parts, size = [], 0
        while size < limit and self._at < len(self._pending) and not self._inner.eof:
            part = self._inner.decompress(self._pending[self._at : self._at + self._FEED])
            self._at += self._FEED
            parts.append(part)
            size += len(part)
        return b"".join(parts), self._at >= len(self._pending)


class _Buffered:
    """bz2 and xz: the object keeps the input it has not used."""

    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def more(self, data: bytes, limit: int) -> tuple[bytes, bool]:
        out = self._inner.decompress(data, limit)
        return out, self._inner.needs_input


def _inflater(kind: str) -> _Inflater:
    if kind == "gz":
        return _Gzip()
    if kind == "zst":
        return _Zstd()
    if kind == "bz2":
        return _Buffered(bz2.BZ2Decompressor())
    return _Buffered(lzma.LZMADecompressor(memlimit=_MEMORY))


def inflate(raw: Readable, kind: str, block: int = 1 << 20) -> Iterator[bytes]:
    """The decompressed bytes in blocks of about `block`, without ever holding more than a few.

    Raises EOFError (cut short), ExpansionError, or OSError with what the library found wrong.
    """
    taken = given = 0
    for out, used in _members(raw, kind, block):
        taken += used
        given += len(out)
        if given > MAX_EXPANSION * max(taken, 1) and given > _MEMORY:
            raise ExpansionError(
                f"{taken:,} compressed bytes swell to more than {given:,}: not read further"
            )
        if out:
            yield out


def _members(raw: Readable, kind: str, block: int) -> Iterator[tuple[bytes, int]]:
    """Pairs of output and the number of input bytes read for it."""
    pending = raw.read(_READ) or b""
    while pending:  # one turn for each member: files of these kinds may be concatenated
        member = _inflater(kind)
        data, hungry = pending, False
        while not member.eof:
            if hungry:
                data = raw.read(_READ) or b""
                if not data:
                    raise EOFError("the compressed data ends too early")
            try:
                out, hungry = member.more(data, block)
            except (zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
                raise OSError(f"broken {kind} data ({error})") from None
            yield out, len(data)
            data = b""
        pending = (member.unused_data or raw.read(_READ) or b"").lstrip(
            b"\0"
        )  # tar pads with zeros
