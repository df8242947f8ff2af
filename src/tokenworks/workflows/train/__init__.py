"""Training a tokenizer: a corpus, an algorithm of the register, a folder that says how it came about."""

from __future__ import annotations

from tokenworks.workflows.train.run import Trained, train

__all__ = ["Trained", "train"]
