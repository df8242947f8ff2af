"""`mixture`: what a tokenizer was trained on, read from the order of its merges."""

from __future__ import annotations

from tokenworks.workflows.mixture.result import MixtureResult
from tokenworks.workflows.mixture.run import mixture

__all__ = ["MixtureResult", "mixture"]
