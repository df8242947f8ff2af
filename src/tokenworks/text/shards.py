"""Big files in parts that workers read on their own, cut where reading the whole would not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ..errors import OptionError
from .compression import sniffed
from .options import Split
from .sources import Source
from .utf8 import LIKELY_CUT, cut_near_newline

_BLOCK = 1 << 16
_SEEN = 8  # the bytes around a newline that a cut depends on
_NEWLINE = re.compile(rb"\n")


def shards(
    sources: Iterable[Source], size: int = 64 << 20, *, split: Split = "whole"
) -> list[Source]:
    """Split sources into parts of about `size` bytes; together they read as the whole.

    Plain files are cut where pretokens split in any pattern, JSON lines at lines, Parquet at row
    groups; compressed files, URLs and the other formats stay whole. Costs a few reads for each
    part. Places in parts of text files are counted in bytes, not lines.
    """
    if size < 4096:
        raise OptionError(f"size is {size}; it must be at least 4096 bytes")
    parts: list[Source] = []
    for source in sources:
        parts += _parts(source, size, split)
    return parts


def _parts(source: Source, size: int, split: Split) -> list[Source]:
    path = Path(source.path)
    if source.is_part or source.compression or source.is_url or not path.is_file():
        return [source]
    try:
        if source.format == "parquet":
            return _row_groups(source, size)
        if source.format == "jsonl" or (source.format == "text" and split != "paragraphs"):
            return _ranges(source, size, whole_line=source.format == "jsonl" or split == "lines")
    except (OSError, ValueError, RuntimeError):  # what Arrow raises is one of these
        return [source]  # the reader reports what is wrong with it
    return [source]


def _ranges(source: Source, size: int, *, whole_line: bool) -> list[Source]:
    path = Path(source.path)
    length = path.stat().st_size
    if length < 2 * size:
        return [source]
    cut_at = _after_newline if whole_line else cut_near_newline
    near = _NEWLINE if whole_line else LIKELY_CUT
    cuts = [0]
    with path.open("rb", buffering=0) as file:
        head = file.read(6)
        if sniffed(head) or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return [source]
        while cuts[-1] + size < length:
            cut = _next_cut(file, cuts[-1] + size, near, cut_at)
            if cut is None or cut >= length:
                break
            cuts.append(cut)
    ends: list[int | None] = [*cuts[1:], None]
    if len(cuts) == 1:
        return [source]
    return [replace(source, begin=begin, end=end) for begin, end in zip(cuts, ends, strict=True)]


def _after_newline(_: bytes | bytearray, newline: int) -> int:
    return newline + 1


def _next_cut(
    file: BinaryIO,
    at: int,
    near: re.Pattern[bytes],
    cut_at: Callable[[bytes | bytearray, int], int],
) -> int | None:
    """The first good place at a newline that `near` matches, after `at`; None if none is left."""
    base = at - _SEEN
    file.seek(base)
    held, reached = file.read(_BLOCK), _SEEN
    while True:
        # what follows a newline is looked at too, so the edge waits for the next block
        edge = len(held) - _SEEN
        for found in near.finditer(held, reached):
            if found.start() >= edge:
                break
            if cut := cut_at(held, found.start()):
                return base + cut
        block = file.read(_BLOCK)
        if not block:
            return None
        keep = max(0, edge - _SEEN)
        held, base, reached = held[keep:] + block, base + keep, max(reached, edge) - keep


def _row_groups(source: Source, size: int) -> list[Source]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(source.path) as file:
        weights = [
            file.metadata.row_group(index).total_byte_size for index in range(file.num_row_groups)
        ]
    parts: list[Source] = []
    begin = held = 0
    for index, weight in enumerate(weights):
        if held and held + weight > size:
            parts.append(replace(source, begin=begin, end=index))
            begin, held = index, 0
        held += weight
    if begin == 0:
        return [source]
    return [*parts, replace(source, begin=begin, end=None)]
