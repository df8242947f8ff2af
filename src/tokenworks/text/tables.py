"""Parquet and Arrow tables, a bounded batch of rows at a time."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from .blocks import ByteStream, open_source
from .compression import sniffed
from .document import Document
from .fields import FieldError
from .options import Reading
from .problems import Problem, Report
from .sources import Source

_BATCH_BYTES = 8 << 20
_MAX_ROWS = 65536


def read(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    """Documents of a Parquet, Arrow or Feather (version 2) source, the file or stream format.

    The position counts rows from 0.
    """
    for first, texts, labels in batches_of(source, reading, report):
        yield from documents_of(first, texts, labels, source, reading, report)


def batches_of(
    source: Source, reading: Reading, report: Report
) -> Iterator[tuple[int, pa.Array, pa.Array | None]]:
    """(first row, texts as binary or string, labels or None) for each batch of rows."""
    opener = _parquet if source.format == "parquet" else _arrow
    try:
        with _seekable(source, report) as file:
            yield from opener(file, source, reading)
    except FieldError as error:
        report(Problem("field", source.name, "", str(error)))
    except MemoryError:
        message = f"not {source.format} data: it asks for more memory than there is"
        report(Problem("unreadable", source.name, "", message))
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        report(Problem("unreadable", source.name, "", f"not {source.format} data: {error}"))


def documents_of(
    first: int,
    texts: pa.Array,
    labels: pa.Array | None,
    source: Source,
    reading: Reading,
    report: Report,
) -> Iterator[Document]:
    """The documents of a batch of rows that begins at row `first`."""
    names = labels.to_pylist() if labels is not None else None
    for index, value in enumerate(texts.cast(pa.large_binary())):
        row = first + index
        data = value.as_py()
        if data is None:
            message = f"{reading.field!r} holds null; expected a string"
            report(Problem("field", source.name, f"row {row}", message))
            continue
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            report(_broken_row(source, row))
            text = data.decode("utf-8", "replace")
        label = None if names is None or names[index] is None else str(names[index])
        yield Document(text, source.name, row, "row", label)


def _broken_row(source: Source, row: int) -> Problem:
    """The problem of a row that is not UTF-8."""
    return Problem("utf-8", source.name, f"row {row}", "not UTF-8; broken bytes became U+FFFD")


@contextlib.contextmanager
def _seekable(source: Source, report: Report) -> Iterator[BinaryIO]:
    """The file itself, or its decompressed copy on disk, since tables are read from their end."""
    with contextlib.closing(open_source(source)) as raw:
        head = raw.read(6) if raw.seekable() else b""
        if raw.seekable() and not source.compression and not sniffed(head):
            raw.seek(0)
            yield raw
            return
    with tempfile.TemporaryFile() as copy:
        for block in ByteStream(source, report):
            copy.write(block)
        copy.seek(0)
        yield copy


def _columns(schema: pa.Schema, reading: Reading) -> list[str]:
    names = list(dict.fromkeys(schema.names))
    if reading.field not in names:
        there = ", ".join(repr(name) for name in names[:12])
        raise FieldError(f"there is no column {reading.field!r} (the table has {there})")
    kind = schema.field(reading.field).type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
        )
    ):
        raise FieldError(f"the column {reading.field!r} holds {kind}; expected strings")
    wanted = [reading.field]
    if reading.label_column in names and reading.label_column != reading.field:
        wanted.append(str(reading.label_column))
    return wanted


def _parquet(
    file: BinaryIO, source: Source, reading: Reading
) -> Iterator[tuple[int, pa.Array, pa.Array | None]]:
    table = pa.parquet.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False)
    columns = _columns(table.schema_arrow, reading)
    groups = range(table.num_row_groups)[source.begin : source.end]
    row = sum(table.metadata.row_group(index).num_rows for index in range(source.begin))
    for group in groups:
        rows = _rows_for(table.metadata.row_group(group))
        for batch in table.iter_batches(rows, row_groups=[group], columns=columns):
            yield row, *_split(batch, columns)
            row += batch.num_rows


def _rows_for(group: Any) -> int:
    """How many rows make about _BATCH_BYTES, by what the file says about this group.

    By the size of the whole group: asking for the sizes of one column ends the process when the
    column's statistics are broken.
    """
    size = max(1, int(group.total_byte_size) // max(1, int(group.num_rows)))
    return max(16, min(_MAX_ROWS, _BATCH_BYTES // size))


def _arrow(
    file: BinaryIO, source: Source, reading: Reading
) -> Iterator[tuple[int, pa.Array, pa.Array | None]]:
    head = file.read(6)
    file.seek(0)
    batches: Iterable[pa.RecordBatch]
    if head == b"ARROW1":
        table = pa.ipc.open_file(file)
        batches = (table.get_batch(index) for index in range(table.num_record_batches))
    elif head.startswith(b"FEA1"):
        raise ValueError("Feather version 1 is not read; write version 2 or Parquet")
    else:
        table = pa.ipc.open_stream(file)
        batches = table
    columns = _columns(table.schema, reading)
    row = 0
    for batch in batches:
        yield row, *_split(batch, columns)
        row += batch.num_rows


def _split(batch: pa.RecordBatch, columns: list[str]) -> tuple[pa.Array, pa.Array | None]:
    texts = batch.column(batch.schema.names.index(columns[0]))
    labels = batch.column(batch.schema.names.index(columns[1])) if len(columns) > 1 else None
    # Arrow trusts what a file says about its buffers; a hostile file would read past their end
    if labels is not None:
        labels.validate(full=True)
    if pa.types.is_dictionary(texts.type):
        texts.validate(full=True)
        texts = texts.dictionary_decode()
    as_bytes = {
        pa.string(): pa.binary(),
        pa.large_string(): pa.large_binary(),
        pa.string_view(): pa.binary_view(),
    }
    # as bytes, so that broken UTF-8 is not an error here: it is repaired row by row
    texts = texts.view(as_bytes.get(texts.type, texts.type))
    texts.validate(full=True)
    return texts, labels
