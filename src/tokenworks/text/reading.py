"""Documents of a corpus in any format, as one lazy stream."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import get_args

from ..errors import FormatError, OptionError
from . import csv_rows, html, hub, json_values, jsonlines, plain
from .document import Document
from .labels import Labels
from .options import Reader, Reading, Split
from .problems import Problems, Report, reporter, warn_rest
from .shaping import shaped
from .sources import Paths, Source, sources


def _read_table(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    from . import tables  # loads Arrow, which plain text does not need

    return tables.read(source, reading, report)


_READERS: dict[str, Reader] = {
    "text": plain.read,
    "jsonl": jsonlines.read,
    "json": json_values.read,
    "parquet": _read_table,
    "arrow": _read_table,
    "csv": csv_rows.read,
    "tsv": csv_rows.read,
    "html": html.read,
    "hub": hub.read,
}


def documents(
    paths: Paths | Iterable[Source],
    *,
    field: str = "text",
    strict: bool = False,
    split: Split = "whole",
    max_document_bytes: int = 16 << 20,
    part_bytes: int | None = None,
    labels: str | None = None,
    format: str | None = None,
    offline: bool = False,
    on_problem: Report | Problems | None = None,
) -> Iterator[Document]:
    """Read a corpus as a stream of documents, in the order in which the sources are named.

    paths: files, folders (recursive, sorted), globs, "-", URLs (fsspec), or sources.
    field: where records hold their text: a key, column, or dotted path of keys.
    split: a document is a whole file or record, a line, or a paragraph (blank lines between).
    max_document_bytes: longer documents are cut, plain files at line starts, the rest between
        characters; memory stays within a small multiple of it.
    part_bytes: whole plain files longer than this come in parts of about it, cut only where every
        known pretoken pattern splits.
    labels: "folder", "file", "column:NAME" or "name:PATTERN"; see `Labels`.
    format: read every source as this format, whatever its name.
    on_problem: a `Problems` that counts, or a function. Without it, one warning tells the count.
    strict: raise FormatError at the first broken line instead of going on.

    Raises at once: UnknownNameError (missing path), OptionError, FormatError (folder without
    texts). Broken lines, broken UTF-8 and unreadable files are problems, and reading goes on.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "a.jsonl").write_text('{"text": "Hi"}\\n{"text": "Ho"}\\n')
    ...     [document.text for document in documents(folder)]
    ['Hi', 'Ho']
    """
    reading = reading_options(field, split, max_document_bytes, labels)
    if part_bytes is not None:
        reading = replace(reading, part_bytes=max(1024, part_bytes))
    resolved = resolve(paths, format=format, offline=offline)
    report, own = reporter(on_problem, strict=strict)
    named = Labels(labels) if labels else None
    return _stream(resolved, reading, named, report, own)


def resolve(
    paths: Paths | Iterable[Source], *, format: str | None = None, offline: bool = False
) -> list[Source]:
    """Sources as they are, and after them the names resolved to sources; see `sources`."""
    if isinstance(paths, (str, os.PathLike)):
        return sources(paths, format=format, offline=offline)
    resolved: list[Source] = []
    names: list[str | os.PathLike[str]] = []
    for item in paths:
        if isinstance(item, Source):
            resolved.append(item)
        else:
            names.append(item)
    if names or not resolved:
        resolved += sources(names, format=format, offline=offline)
    return resolved


def reading_options(field: str, split: str, max_document_bytes: int, labels: str | None) -> Reading:
    """Check the options that `documents` and `batches` share. Raises OptionError."""
    if split not in get_args(Split):
        raise OptionError(f"split is {split!r}; it must be one of {', '.join(get_args(Split))}")
    if max_document_bytes < 1024:
        raise OptionError(f"max_document_bytes is {max_document_bytes}; it must be at least 1024")
    if not field:
        raise OptionError("field is empty; it must name the key or column that holds the text")
    column = labels.removeprefix("column:") if labels and labels.startswith("column:") else None
    return Reading(field, split, max_document_bytes, column)  # type: ignore[arg-type]


def read_source(
    source: Source, reading: Reading, labels: Labels | None, report: Report
) -> Iterator[Document]:
    """The documents of one source."""
    reader = _READERS[source.format]
    label = labels.of(source) if labels else None
    raw = reader(source, reading, report)
    for document in raw if source.format == "text" else shaped(raw, reading, report):
        if label is None:
            yield document
        else:
            yield Document(document.text, document.source, document.position, document.unit, label)


def _stream(
    resolved: list[Source],
    reading: Reading,
    labels: Labels | None,
    report: Report,
    own: Problems,
) -> Iterator[Document]:
    for source in resolved:
        yield from read_source(source, reading, labels, report)
    warn_rest(own)


def not_empty(
    stream: Iterable[Document], paths: object, problems: Problems | None = None
) -> Iterator[Document]:
    """Hand the documents on; raise FormatError if there was none, with the first problems."""
    empty = True
    for document in stream:
        empty = False
        yield document
    if empty:
        why = f"\n{problems.summary()}" if problems else ""
        named = ", ".join(map(str, paths)) if isinstance(paths, list | tuple) else paths
        raise FormatError(f"the corpus {named} holds no text{why}")


def documents_of(paths: Paths, *, max_document_bytes: int = 16 << 20) -> Iterator[Document]:
    """As `documents`, for a corpus that must hold text: figures over nothing would mislead.

    Raises: FormatError at the end if there was none, with the problems met.
    """
    problems = Problems()
    stream = documents(paths, max_document_bytes=max_document_bytes, on_problem=problems)
    yield from not_empty(stream, paths, problems)
    warn_rest(problems)
