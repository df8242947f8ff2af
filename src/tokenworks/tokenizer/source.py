"""The bytes of a tokenizer file: opened carefully, unpacked with a bound, and parsed as JSON.

A tokenizer file may come from anywhere, so a few kilobytes of `.zst` must not become gigabytes of
memory, and every failure names the file and what was expected of it.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from tokenworks.errors import FormatError

# The largest published tokenizer file is about 35 MB; a gigabyte leaves room and bounds memory.
MAX_BYTES = 1 << 30
# A file that unpacks to more than this many times its size was made to fill memory. Real ones reach
# about 8; a vocabulary of runs of one character can reach a few hundred.
MAX_RATIO = 1000

_GZIP, _XZ, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file open for reading bytes.

    Raises:
        FormatError: the path is missing, a directory or unreadable, also later while reading.
    """
    if path.is_dir():
        raise FormatError(f"{path}: is a directory; expected a file")
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise FormatError(f"{path}: no such file") from None
    except PermissionError:
        raise FormatError(f"{path}: no permission to read this file") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_bytes(path: Path, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Read a whole file, unpacking .gz, .xz and .zst by content.

    Args:
        path: the file.
        max_bytes: refuse a file that is, or unpacks to, more bytes than this.

    Returns:
        The unpacked bytes.

    Raises:
        FormatError: the path is missing, a directory, unreadable, damaged, or too large.
    """
    with opened(path) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise FormatError(f"{path}: larger than {max_bytes:,} bytes; not a tokenizer file")
    _refuse_stand_ins(path, data)
    return _unpack(path, data, max_bytes)


def _refuse_stand_ins(path: Path, data: bytes) -> None:
    """What often lies in a file's place: the pointer of a checkout without LFS, a page of the web."""
    start = data[:200].lstrip().lower()
    if start.startswith(b"version https://git-lfs.github.com/spec/"):
        raise FormatError(
            f"{path}: a Git LFS pointer, not the file itself; run `git lfs pull` in its folder"
        )
    if start.startswith((b"<!doctype html", b"<html")):
        raise FormatError(
            f"{path}: a web page, not a tokenizer; download the file itself (from the Hub by "
            f"/resolve/ in its address, not /blob/)"
        )


def _unpack(path: Path, data: bytes, max_bytes: int) -> bytes:
    limit = min(max_bytes, max(1 << 24, len(data) * MAX_RATIO))
    try:
        if data.startswith(_GZIP):
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(data)))
        elif data.startswith(_XZ):
            stream = cast(BinaryIO, lzma.LZMAFile(io.BytesIO(data)))  # noqa: SIM115
        elif data.startswith(_ZSTD):
            import zstandard

            reader = zstandard.ZstdDecompressor(max_window_size=1 << 27)
            stream = cast(BinaryIO, reader.stream_reader(io.BytesIO(data), read_across_frames=True))
        else:
            return data
        unpacked = stream.read(limit + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise FormatError(f"{path}: damaged or truncated compressed file: {error}") from None
    except MemoryError:
        raise FormatError(f"{path}: unpacks to more than memory holds; refused") from None
    except Exception as error:  # zstandard.ZstdError, without importing it for plain files
        if type(error).__name__ != "ZstdError":
            raise
        raise FormatError(f"{path}: damaged or truncated compressed file: {error}") from None
    if len(unpacked) > limit:
        raise FormatError(
            f"{path}: {len(data):,} bytes unpack to more than {limit:,}; refused as a "
            f"decompression bomb (unpack it yourself if you trust it)"
        )
    return unpacked


def parse_json(path: Path, data: bytes) -> Any:
    """Parse JSON text, refusing doubled keys.

    Args:
        path: named in messages.
        data: UTF-8 text, with or without a byte order mark.

    Returns:
        The value.

    Raises:
        FormatError: not UTF-8, not JSON (with line and column), truncated, nested too deeply, or
            an object with the same key twice.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: not JSON: byte {error.start:,} is not UTF-8; expected a tokenizer.json"
        ) from None

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    raise FormatError(f"{path}: the key {shorten(key)} stands twice in one object")
                seen.add(key)
        return result

    try:
        value = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string"):
            what = "truncated JSON: the file ends inside a value"
        else:
            what = f"not JSON: {error.msg}"
        raise FormatError(f"{path}: {what} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise FormatError(f"{path}: not a tokenizer: JSON nested too deeply") from None
    except ValueError:
        raise FormatError(f"{path}: not a tokenizer: a number has thousands of digits") from None
    if _SURROGATE.search(text):  # most are halves of a pair; what is left alone is no text
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            code = ord(error.object[error.start])
            raise FormatError(
                f"{path}: a string holds the lone surrogate \\u{code:04x}, which is no text; "
                f"a tokenizer.json holds whole characters"
            ) from None
    return value


def shorten(value: object, width: int = 60) -> str:
    """The repr of a value from a file, on one line, cut to `width` characters for a message."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
