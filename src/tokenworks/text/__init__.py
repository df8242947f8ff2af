"""Corpora in every format as one stream of documents, or as big buffers for native code."""

from __future__ import annotations

from .bulk import Batch, batches, chunks
from .document import Document
from .problems import Problem, Problems
from .reading import documents
from .sources import Source, sources

__all__ = [
    "Batch",
    "Document",
    "Problem",
    "Problems",
    "Source",
    "batches",
    "chunks",
    "documents",
    "sources",
]
