"""The key-value part of GGUF files: read without loading the tensors behind it, and written.

A header (magic, version, two counts) is followed by entries of key, type and value. Lengths are
checked against what is left of the file before anything is read, so that damage is an error and
never a huge allocation.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tokenworks.errors import FormatError
from tokenworks.tokenizer.source import opened, shorten

MAGIC = b"GGUF"
# The largest published vocabularies take some 10 MB; more than this is no metadata.
MAX_METADATA = 1 << 30


class ValueType(IntEnum):
    """The type of a value, as numbered in the file."""

    UINT8 = 0
    INT8 = 1
    UINT16 = 2
    INT16 = 3
    UINT32 = 4
    INT32 = 5
    FLOAT32 = 6
    BOOL = 7
    STRING = 8
    ARRAY = 9
    UINT64 = 10
    INT64 = 11
    FLOAT64 = 12


_CODES = {
    ValueType.UINT8: "B",
    ValueType.INT8: "b",
    ValueType.UINT16: "H",
    ValueType.INT16: "h",
    ValueType.UINT32: "I",
    ValueType.INT32: "i",
    ValueType.FLOAT32: "f",
    ValueType.BOOL: "?",
    ValueType.UINT64: "Q",
    ValueType.INT64: "q",
    ValueType.FLOAT64: "d",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One value with its type; for an array `items` is the type of its elements.

    Strings are bytes, arrays of numbers are numpy arrays, arrays of strings are lists of bytes.
    """

    type: ValueType
    value: Any
    items: ValueType | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """The entries of a file by key, in its order, and what its header says."""

    entries: dict[str, Entry]
    version: int = 3
    tensors: int = 0
    big_endian: bool = False


def read_metadata(path: Path) -> Metadata:
    """Read the header and the entries of a GGUF file.

    Raises:
        FormatError: the file is missing, damaged, or no GGUF file of version 2 or 3.
    """
    with opened(path) as stream:
        return _Reader(stream, path).metadata()


class _Reader:
    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self.stream = stream
        self.path = path
        self.left = min(os.fstat(stream.fileno()).st_size, MAX_METADATA)
        self.order = "<"

    def take(self, size: int, what: str) -> bytes:
        if size > self.left:
            raise FormatError(
                f"{self.path}: {what} takes {size:,} bytes and {self.left:,} are left; "
                f"the file is truncated or damaged"
            )
        data = self.stream.read(size)
        if len(data) != size:
            raise FormatError(f"{self.path}: the file ends inside {what}")
        self.left -= size
        return data

    def number(self, code: str, what: str) -> Any:
        return struct.unpack(self.order + code, self.take(struct.calcsize(code), what))[0]

    def metadata(self) -> Metadata:
        if self.take(min(4, self.left), "the header") != MAGIC:
            raise FormatError(f"{self.path}: not a GGUF file: it does not begin with GGUF")
        raw = self.take(4, "the version")
        if raw[:2] == b"\0\0" and raw != bytes(4):
            self.order = ">"
        (version,) = struct.unpack(self.order + "I", raw)
        if version not in (2, 3):
            raise FormatError(f"{self.path}: GGUF version {version}; versions 2 and 3 are read")
        tensors = self.number("Q", "the number of tensors")
        count = self.number("Q", "the number of entries")
        if count > self.left // 13:  # an empty key, its type and one byte
            raise FormatError(
                f"{self.path}: the header says {count:,} entries, which do not fit into the file"
            )
        entries: dict[str, Entry] = {}
        for index in range(count):
            key = self.text(f"the key of entry {index}").decode("utf-8", "replace")
            if key in entries:
                raise FormatError(f"{self.path}: the key {shorten(key)} stands twice")
            entries[key] = self.entry(key)
        return Metadata(entries, version, tensors, self.order == ">")

    def text(self, what: str) -> bytes:
        return self.take(self.number("Q", what), what)

    def kind(self, key: str) -> ValueType:
        number = self.number("I", key)
        if number not in ValueType._value2member_map_:
            raise FormatError(
                f"{self.path}: {shorten(key)} has the type {number}; 0 to 12 are known"
            )
        return ValueType(number)

    def entry(self, key: str) -> Entry:
        kind = self.kind(key)
        if kind == ValueType.STRING:
            return Entry(kind, self.text(key))
        if kind != ValueType.ARRAY:
            return Entry(kind, self.number(_CODES[kind], key))
        items = self.kind(key)
        count = self.number("Q", key)
        if items == ValueType.ARRAY:
            raise FormatError(
                f"{self.path}: {shorten(key)} is an array of arrays, which is not read"
            )
        least = 8 if items == ValueType.STRING else struct.calcsize(_CODES[items])
        if count > self.left // least:
            raise FormatError(
                f"{self.path}: {shorten(key)} has {count:,} elements, which do not fit into the file"
            )
        if items == ValueType.STRING:
            return Entry(kind, [self.text(key) for _ in range(count)], items)
        data = np.frombuffer(self.take(count * least, key), dtype=self.order + _dtype(items))
        return Entry(kind, data.astype(data.dtype.newbyteorder("=")), items)


def _dtype(items: ValueType) -> str:
    code = _CODES[items]
    size = struct.calcsize(code)
    return {"?": "u1", "f": "f4", "d": "f8"}.get(code) or f"{'u' if code.isupper() else 'i'}{size}"


def encode_metadata(metadata: Metadata) -> bytes:
    """The bytes of a GGUF file that has these entries and no tensors."""
    order = ">" if metadata.big_endian else "<"
    parts = [
        MAGIC,
        struct.pack(order + "IQQ", metadata.version, metadata.tensors, len(metadata.entries)),
    ]
    for key, entry in metadata.entries.items():
        parts.append(_encode_text(key.encode("utf-8"), order))
        parts.append(struct.pack(order + "I", entry.type))
        parts.extend(_encode_value(entry, order))
    return b"".join(parts)


def _encode_text(text: bytes, order: str) -> bytes:
    return struct.pack(order + "Q", len(text)) + text


def _encode_value(entry: Entry, order: str) -> Iterable[bytes]:
    if entry.type == ValueType.STRING:
        yield _encode_text(entry.value, order)
    elif entry.type != ValueType.ARRAY:
        yield struct.pack(order + _CODES[entry.type], entry.value)
    else:
        assert entry.items is not None
        yield struct.pack(order + "IQ", entry.items, len(entry.value))
        if entry.items == ValueType.STRING:
            for text in entry.value:
                yield _encode_text(text, order)
        else:
            yield np.asarray(entry.value).astype(order + _dtype(entry.items)).tobytes()
