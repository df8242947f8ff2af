"""`compare`: what the same text costs under several tokenizers, language by language."""

from __future__ import annotations

from tokenworks.workflows.compare.result import Comparison
from tokenworks.workflows.compare.run import compare

__all__ = ["Comparison", "compare"]
