"""What a file is before its format is asked: the faults of downloads, encodings and archives."""

from __future__ import annotations

import codecs
import gzip
import os
from dataclasses import dataclass
from pathlib import Path

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor.report import Finding, Findings

# Unpacking is only done to say what is inside; a bomb must not fill the memory.
UNPACK_LIMIT = 256 << 20
_ARCHIVES = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"PK\x03\x04": "ZIP",
    b"\xfd7zXZ\x00": "XZ",
    b"BZh": "bzip2",
    b"\x80\x02": "Python pickle",
    b"\x80\x04": "Python pickle",
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """The bytes of a file and whether its content can be looked at any further."""

    path: Path
    data: bytes
    readable: bool


def read_bytes(path: Path, limit: int | None = None) -> bytes:
    """Read a file (or its first `limit` bytes); raises FormatError for what is not readable."""
    try:
        with path.open("rb") as stream:
            return stream.read() if limit is None else stream.read(limit)
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {os.strerror(error.errno or 0)}") from None


def open_envelope(path: Path, findings: Findings) -> Envelope:
    """Read a file and report what is wrong with it as a file (empty, a web page, an archive ...)."""
    file = str(path)
    if path.is_dir():
        findings.add(
            Finding(
                "error",
                "is-directory",
                file,
                "a folder stands where a file should be",
                "remove the folder and put the file there",
            )
        )
        return Envelope(path, b"", False)
    try:
        data = read_bytes(path)
    except FormatError as error:
        findings.add(Finding("error", "unreadable", file, str(error), "give read permission"))
        return Envelope(path, b"", False)
    return Envelope(path, data, not outer_fault(file, data, findings))


def outer_fault(file: str, data: bytes, findings: Findings) -> bool:
    """Report a file that is something else altogether; True when its format need not be tried."""
    fault = _outer_fault(file, data)
    if fault is not None:
        findings.add(fault)
    return fault is not None


def _outer_fault(file: str, data: bytes) -> Finding | None:
    if not data:
        return Finding(
            "error",
            "empty",
            file,
            "the file is empty (0 bytes)",
            "download or write it again; the disk may have been full",
        )
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data.strip(b"\x00"):
        return Finding(
            "error",
            "all-zero",
            file,
            f"all {len(data):,} bytes are zero",
            "download it again; the download stopped after reserving the space",
        )
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        size = next(
            (
                ln[5:].decode("ascii", "replace")
                for ln in head.split(b"\n")
                if ln.startswith(b"size ")
            ),
            "?",
        )
        return Finding(
            "error",
            "lfs-pointer",
            file,
            f"this is a git-lfs pointer ({len(data)} bytes), not the file of {size} bytes",
            "run `git lfs pull` in the repository, or download the file itself",
            line=1,
        )
    if head[:15].lower().startswith((b"<!doctype html", b"<html")):
        return Finding(
            "error",
            "html-page",
            file,
            "this is a web page (an error or log-in page saved under the file's name)",
            "download again; the model may need a licence accepted or a token",
            line=1,
        )
    if head[:6].lower().startswith(b"<?xml") and b"<error>" in data[:2048].lower():
        return Finding(
            "error",
            "html-page",
            file,
            "this is an error message of a download server (XML)",
            "download again",
            line=1,
        )
    if path_is_text_like(file) and data[:1] not in (b"{", b"["):
        for magic, name in _ARCHIVES.items():
            if data.startswith(magic):
                return Finding(
                    "error",
                    "compressed",
                    file,
                    f"{name} data is stored under this name",
                    "unpack it first"
                    if name != "Python pickle"
                    else "use the original tokenizer file; a pickle can run code and is not opened",
                    fixable=name == "gzip" and file.endswith(".json"),
                )
    return None


def path_is_text_like(file: str) -> bool:
    """True for the file names whose content should never begin with an archive's magic bytes."""
    return file.endswith(
        (".json", ".txt", ".tiktoken", ".model", ".safetensors", ".gguf", ".jinja")
    )


def decode_text(file: str, data: bytes, findings: Findings) -> str | None:
    """Decode UTF-8 and report a byte order mark or another encoding; None when it is not text."""
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            findings.add(
                Finding(
                    "error",
                    "encoding",
                    file,
                    f"the text is {name.upper()}, not UTF-8",
                    "save it as UTF-8 without a byte order mark",
                    line=1,
                    fixable=True,
                    symptom="expected value at line 1 column 1",
                    writer="PowerShell's `>` and some editors",
                )
            )
            try:
                return data.decode(name)
            except UnicodeDecodeError:
                return None
    if data.startswith(codecs.BOM_UTF8):
        findings.add(
            Finding(
                "error",
                "bom",
                file,
                "the file begins with a byte order mark (EF BB BF)",
                "save it as UTF-8 without a byte order mark",
                line=1,
                column=1,
                fixable=True,
                symptom="expected value at line 1 column 1",
                writer="editors on Windows",
            )
        )
        data = data[3:]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        guess = "binary data" if b"\x00" in data[:4096] else "another encoding, such as Latin-1"
        findings.add(
            Finding(
                "error",
                "encoding",
                file,
                f"byte {data[error.start]:#04x} at offset {error.start:,} is not UTF-8 ({guess})",
                "save it as UTF-8",
                line=line,
                column=column,
                symptom="stream did not contain valid UTF-8",
            )
        )
        return None


def gunzip(data: bytes) -> bytes | None:
    """Unpack gzip data up to a limit; None when it is damaged or too large."""
    import io

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            out = stream.read(UNPACK_LIMIT + 1)
    except (OSError, EOFError, ValueError):
        return None
    return out if len(out) <= UNPACK_LIMIT else None
