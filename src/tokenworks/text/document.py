"""A document, with the place it was read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["byte", "line", "row", "record"]


@dataclass(frozen=True, slots=True)
class Document:
    """A piece of text with the place it came from.

    text: valid Unicode without lone surrogates, line ends as in the file.
    source: the file or URL as it can be printed.
    position: where the document begins, counted in `unit`: bytes and rows from 0, lines and
        records from 1. Bytes are those of the decompressed stream.
    label: language, domain or other class, when labels were asked for.

    >>> Document("Hello", "a.jsonl", 3, "line").where
    'a.jsonl, line 3'
    """

    text: str
    source: str
    position: int
    unit: Unit = "byte"
    label: str | None = None

    @property
    def where(self) -> str:
        """The place in words, for messages."""
        whole = self.unit == "byte" and self.position == 0
        return self.source if whole else f"{self.source}, {self.unit} {self.position}"
