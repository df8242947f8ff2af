"""Writes corpora in every format and compression, for the tests of reading."""

from __future__ import annotations

import bz2
import csv
import gzip
import html
import io
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import zstandard

COMPRESSORS = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}

# every kind of trouble that a text may hold and a format must keep
TEXTS = [
    "Hello world.",
    "İstanbul'da çay\r\niki satır\n",
    "日本語の文章。\n二行目",
    'quotes "inside", commas,\ttabs and \\u0041 escapes',
    "emoji 👩‍👩‍👧‍👦 and combining é",
    "  leading and trailing  ",
    "lines\nof\n\n\ntext",
    "<b>not bold</b> &amp; so on",
]


def encoded(ending: str, texts: list[str]) -> bytes:
    """The texts as a file of the format of `ending`."""
    table = pa.table({"id": list(range(len(texts))), "text": texts})
    out = io.BytesIO()
    if ending in (".jsonl", ".ndjson"):
        return "".join(json.dumps({"id": 1, "text": text}) + "\n" for text in texts).encode()
    if ending == ".json":
        return json.dumps([{"text": text} for text in texts], ensure_ascii=False).encode()
    if ending == ".parquet":
        pa.parquet.write_table(table, out, row_group_size=3)
    elif ending == ".arrow":
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
    elif ending == ".feather":
        pa.feather.write_feather(table, out, compression="zstd")
    elif ending in (".csv", ".tsv"):
        rows = io.StringIO(newline="")
        writer = csv.writer(rows, delimiter="," if ending == ".csv" else "\t")
        writer.writerow(["id", "text"])
        writer.writerows([index, text] for index, text in enumerate(texts))
        return rows.getvalue().encode()
    elif ending == ".html":
        (text,) = texts
        return f"<html><body><pre>{html.escape(text)}</pre></body></html>".encode()
    else:
        (text,) = texts
        return text.encode()
    return out.getvalue()


def write(folder: Path, ending: str, compression: str, texts: list[str]) -> Path:
    """A file of the texts in this format and compression."""
    path = folder / f"corpus{ending}{compression}"
    path.write_bytes(COMPRESSORS[compression](encoded(ending, texts)))
    return path
