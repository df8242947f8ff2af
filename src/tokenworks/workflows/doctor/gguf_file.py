"""GGUF files: the header and the tokenizer's metadata, read without loading any tensor."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor.envelope import outer_fault, read_bytes
from tokenworks.workflows.doctor.report import Finding, Findings

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
# Metadata of real files end before this; what lies behind are tensors, which nobody asks for.
HEADER_LIMIT = 512 << 20


class GgufError(ValueError):
    """The header cannot be read on; `position` is a byte offset."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position = position


@dataclass(slots=True)
class Gguf:
    """The metadata of a GGUF file and the shapes of its tensors."""

    path: Path
    meta: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The path as reports print it."""
        return str(self.path)


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, n: int) -> bytes:
        if n < 0 or self.at + n > len(self.data):
            raise GgufError(
                self.at, f"{n:,} bytes are announced, {len(self.data) - self.at:,} are left"
            )
        out = self.data[self.at : self.at + n]
        self.at += n
        return out

    def number(self, code: str) -> Any:
        size = struct.calcsize("<" + code)
        return struct.unpack("<" + code, self.take(size))[0]

    def string(self) -> str:
        return self.take(self.number("Q")).decode("utf-8", "surrogateescape")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY or depth > 4:
            raise GgufError(self.at, f"the value type {kind} does not exist (0 to 12)")
        inner, count = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            code = _SCALARS[inner]
            raw = self.take(count * struct.calcsize("<" + code))
            return list(struct.unpack(f"<{count}{code}", raw))
        if count > len(self.data):
            raise GgufError(self.at, f"an array of {count:,} values is announced")
        return [self.value(inner, depth + 1) for _ in range(count)]


def read_gguf(path: Path, findings: Findings) -> Gguf | None:
    """Read the header; everything readable before a fault is returned, with a finding."""
    file = str(path)
    try:
        data = read_bytes(path, HEADER_LIMIT)
    except FormatError as error:
        findings.add(Finding("error", "unreadable", file, str(error), "give read permission"))
        return None
    if outer_fault(file, data, findings):
        return None
    if data[:4] != b"GGUF":
        old = data[:4] in (b"lmgg", b"fmgg", b"tjgg", b"algg")
        findings.add(
            Finding(
                "error",
                "bad-magic",
                file,
                f"the file begins with {data[:4]!r}, not GGUF"
                + (" (an old GGML file)" if old else ""),
                "convert it with the current converter" if old else "a GGUF file",
                place="byte 0",
                symptom="invalid magic characters",
            )
        )
        return None
    gguf, cursor = Gguf(path), _Cursor(data)
    cursor.at = 4
    try:
        version = cursor.number("I")
        if version not in (2, 3):
            swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
            findings.add(
                Finding(
                    "error",
                    "version-unknown",
                    file,
                    f"GGUF version {version}"
                    + (f" (big-endian file of version {swapped})" if swapped in (2, 3) else ""),
                    "2 or 3, little-endian",
                    place="byte 4",
                    symptom=f"unsupported GGUF version {version}",
                )
            )
            return None
        tensors, keys = cursor.number("Q"), cursor.number("Q")
        for _ in range(keys):
            place = cursor.at
            key = cursor.string()
            if key in gguf.meta:
                findings.add(
                    Finding(
                        "error",
                        "repeated-key",
                        file,
                        f"the key {key[:60]} stands twice",
                        "each key once",
                        place=f"byte {place}",
                    )
                )
            gguf.meta[key] = cursor.value(cursor.number("I"))
        for _ in range(tensors):
            name = cursor.string()
            shape = tuple(cursor.number("Q") for _ in range(min(cursor.number("I"), 8)))
            cursor.number("I")
            cursor.number("Q")
            gguf.tensors[name] = shape
    except GgufError as error:
        findings.add(
            Finding(
                "error",
                "truncated",
                file,
                f"the header breaks off at byte {error.position:,} of {len(data):,}: {error}, "
                f"after {len(gguf.meta)} keys",
                "download it again",
                place=f"byte {error.position}",
                symptom="failed to read GGUF header",
            )
        )
    return gguf
