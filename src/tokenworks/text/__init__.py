"""Corpora in every format as one stream of documents, or as big buffers for native code."""

from __future__ import annotations

from .bulk import Batch, batched, batches, chunks
from .document import Document
from .mix import Census, Mix, MixPlan, census
from .problems import Problem, Problems
from .reading import documents, not_empty
from .sampling import held_out, is_held_out, limited, sampled, without_held_out
from .shards import shards
from .sources import Source, sources

__all__ = [
    "Batch",
    "Census",
    "Document",
    "Mix",
    "MixPlan",
    "Problem",
    "Problems",
    "Source",
    "batched",
    "batches",
    "census",
    "chunks",
    "documents",
    "held_out",
    "is_held_out",
    "limited",
    "not_empty",
    "sampled",
    "shards",
    "sources",
    "without_held_out",
]
