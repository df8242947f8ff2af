"""Read corpora for `verify` and `audit` as a stream of documents, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tokenworks.errors import FormatError

BLOCK = 8192  # characters of a document cut from a plain text, at the end of a line


def documents(path: str | Path) -> Iterator[str]:
    """Yield the documents of a corpus.

    Args:
        path: a `.jsonl` file with a field `text`, or a text file, cut at line ends into documents
            of about 8 KB.

    Raises:
        FormatError: the file cannot be read, or a line of a `.jsonl` has no text.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            if path.suffix == ".jsonl":
                for number, line in enumerate(lines, 1):
                    yield _field(path, number, line)
                return
            block: list[str] = []
            size = 0
            while line := lines.readline(BLOCK):
                block.append(line)
                size += len(line)
                if size >= BLOCK:
                    yield "".join(block)
                    block, size = [], 0
            if block:
                yield "".join(block)
    except OSError as error:
        raise FormatError(f"cannot read the corpus {path}: {error.strerror}") from error


def _field(path: Path, number: int, line: str) -> str:
    try:
        text = json.loads(line)["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f'{path} line {number}: expected an object with a field "text"'
        ) from error
    if not isinstance(text, str):
        raise FormatError(f"{path} line {number}: the field text is not a string")
    return text.encode("utf-8", "replace").decode("utf-8")
