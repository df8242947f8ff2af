"""The corpus as big buffers of UTF-8 for native code: no Python object for each document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError
from . import jsonlines
from .blocks import ByteStream, Piece, pieces
from .decoded import valid_bytes
from .document import Document
from .options import Reading, Split
from .plain import long_line
from .problems import Problems, Report, reporter, warn_rest
from .reading import read_source, reading_options, resolve
from .shaping import shaped
from .sources import Paths, Source
from .utf8 import pretoken_cut

if TYPE_CHECKING:
    import pyarrow as pa

_MIN_SIZE = 4096


class _Options(TypedDict, total=False):
    field: str
    strict: bool
    split: Split
    max_document_bytes: int
    format: str | None
    offline: bool
    on_problem: Report | Problems | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents end to end.

    data: valid UTF-8. ends: uint64 [n], where each document ends in `data`; the first begins at 0.
    """

    data: bytes
    ends: NDArray[np.uint64] = field(repr=False)
    source: str

    def __len__(self) -> int:
        return len(self.ends)

    def documents(self) -> Iterator[bytes]:
        """The documents one by one."""
        begin = 0
        for end in self.ends.tolist():
            yield self.data[begin:end]
            begin = end


def batches(
    paths: Paths | Iterable[Source],
    size: int = 8 << 20,
    *,
    field: str = "text",
    strict: bool = False,
    split: Split = "whole",
    max_document_bytes: int = 16 << 20,
    format: str | None = None,
    offline: bool = False,
    on_problem: Report | Problems | None = None,
) -> Iterator[Batch]:
    """Read a corpus as batches of about `size` bytes; the options are those of `documents`.

    A plain file that is longer than `size` comes in parts, cut only where every known pretoken
    pattern splits, so that counts of pretokens are those of the whole file. Where `size` bytes hold
    no such place, it is cut between two characters and reported. Memory stays within a few times
    the larger of `size` and four times `max_document_bytes` (the longest record).
    """
    if size < _MIN_SIZE:
        raise OptionError(f"size is {size}; it must be at least {_MIN_SIZE} bytes")
    reading = reading_options(field, split, max_document_bytes, None)
    resolved = resolve(paths, format=format, offline=offline)
    report, own = reporter(on_problem, strict=strict)

    def stream() -> Iterator[Batch]:
        for source in resolved:
            yield from source_batches(source, size, reading, report)
        warn_rest(own)

    return stream()


def chunks(
    paths: Paths | Iterable[Source], size: int = 8 << 20, **options: Unpack[_Options]
) -> Iterator[bytes]:
    """The batches as plain buffers, for work that needs no document borders; options as `batches`.

    The documents of a chunk are kept apart by a newline where they do not end in one.
    """
    for batch in batches(paths, size, **options):
        if len(batch) == 1:
            yield batch.data
        else:
            yield b"".join(
                part if part.endswith(b"\n") else part + b"\n" for part in batch.documents()
            )


def batched(documents: Iterable[Document], size: int = 8 << 20) -> Iterator[Batch]:
    """Documents (sampled, mixed, limited) as batches of about `size` bytes for native code.

    The source of a batch is that of its first document.
    """
    parts: list[bytes] = []
    held, source = 0, ""
    for document in documents:
        data = document.text.encode("utf-8")
        if parts and held + len(data) > size:
            yield _joined(parts, source)
            parts, held = [], 0
        source = source if parts else document.source
        parts.append(data)
        held += len(data)
    if parts:
        yield _joined(parts, source)


def source_batches(source: Source, size: int, reading: Reading, report: Report) -> Iterator[Batch]:
    """The batches of one source, by the fastest way its format allows."""
    if reading.split == "whole" and source.format == "text":
        yield from _plain(source, size, report)
    elif reading.split == "whole" and source.format == "jsonl":
        for piece in jsonlines.record_lines(source, reading, report, size):
            yield from _json_lines(piece, source, size, reading, report)
    elif reading.split == "whole" and source.format in ("parquet", "arrow"):
        from . import tables  # loads Arrow, which plain text does not need

        for first, texts, _ in tables.batches_of(source, reading, report):
            yield from _rows(first, texts, source, size, reading, report)
    else:
        yield from batched(read_source(source, reading, None, report), size)


def _plain(source: Source, size: int, report: Report) -> Iterator[Batch]:
    was_open = False
    for piece in pieces(ByteStream(source, report, size), size, pretoken_cut):
        if piece.open and not was_open:
            report(long_line(source, piece.line, piece.offset, size))
        was_open = piece.open
        data = valid_bytes(piece, source, report)
        yield Batch(data, np.array([len(data)], dtype=np.uint64), source.name)


def _joined(parts: list[bytes], source: str) -> Batch:
    lengths = np.fromiter(map(len, parts), dtype=np.uint64, count=len(parts))
    return Batch(b"".join(parts), np.cumsum(lengths, dtype=np.uint64), source)


def _json_lines(
    piece: Piece, source: Source, size: int, reading: Reading, report: Report
) -> Iterator[Batch]:
    data = valid_bytes(piece, source, report)
    texts = _parsed(data, reading.field)
    batch = None if texts is None else _from_array(texts, source, reading)
    if batch is not None:
        if len(batch):
            yield batch
        return
    # anything out of the ordinary: line by line, with a message for each line
    valid = Piece(data, piece.offset, piece.line, piece.open)
    slow = jsonlines.documents_of(valid, source, reading, report)
    yield from batched(shaped(slow, reading, report), size)


def _parsed(data: bytes, name: str) -> pa.Array | None:
    """The texts of JSON lines by Arrow's parser; None unless every line is a record with text."""
    # Arrow takes white space between objects for what ends them. Where every line begins with { and
    # ends with } no object spans lines, so as many objects as lines is one for each line.
    rows = data.rstrip(b"\n")
    lines = rows.count(b"\n") + 1
    if not (rows.startswith(b"{") and rows.endswith(b"}") and rows.count(b"}\n{") == lines - 1):
        return None
    import pyarrow as pa
    import pyarrow.json

    options = pa.json.ParseOptions(
        explicit_schema=pa.schema([(name, pa.string())]), unexpected_field_behavior="ignore"
    )
    block = pa.json.ReadOptions(use_threads=False, block_size=len(data) + 64)
    try:
        table = pa.json.read_json(pa.BufferReader(data), read_options=block, parse_options=options)
    except pa.ArrowException:
        return None
    column = table.column(0).combine_chunks()
    return None if column.null_count or len(column) != lines else column


def _from_array(texts: pa.Array, source: Source, reading: Reading) -> Batch | None:
    """The array's own buffers as a batch; None if a text is broken or longer than allowed."""
    import pyarrow as pa

    try:
        texts = texts.cast(pa.large_string())  # checks UTF-8 where the column is binary
        texts.validate(full=True)
    except pa.ArrowException:
        return None
    if len(texts) == 0:
        return Batch(b"", np.empty(0, dtype=np.uint64), source.name)
    _, offsets, values = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(ends)
    if lengths.max() > reading.max_document_bytes:
        return None
    begin, end = int(ends[0]), int(ends[-1])
    data = values[begin:end].to_pybytes() if values is not None else b""
    return Batch(data, (ends[1:][lengths > 0] - begin).astype(np.uint64), source.name)


def _rows(
    first: int, texts: pa.Array, source: Source, size: int, reading: Reading, report: Report
) -> Iterator[Batch]:
    batch = None if texts.null_count else _from_array(texts, source, reading)
    if batch is not None:
        if len(batch):
            yield batch
        return
    from . import tables

    slow = tables.documents_of(first, texts, None, source, reading, report)
    yield from batched(shaped(slow, reading, report), size)
