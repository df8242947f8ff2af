"""The options that every reader takes, and the shape of a reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from .document import Document
from .problems import Report
from .sources import Source

Split = Literal["whole", "lines", "paragraphs"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How records become documents; the meaning of each field is told at `documents`."""

    field: str = "text"
    split: Split = "whole"
    max_document_bytes: int = 16 << 20
    label_column: str | None = None
    part_bytes: int | None = None

    @property
    def max_record_bytes(self) -> int:
        """The longest line of a record format: escapes take up to three times the text."""
        return 4 * self.max_document_bytes


Reader = Callable[[Source, Reading, Report], Iterator[Document]]
