"""Causal language models of `transformers`: probabilities, cached steps, scores, and a small trainer.

    model = tw.lm.load("path/to/model")
    model.log_probs(ids)        # float32 [n, rows]: row i is over the token after ids[: i + 1]
    model.score(texts)          # what the texts cost, token by token and in bits per byte

Needs the extra `models`; nothing here imports torch before a model is loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenworks.lm.loading import load as load
    from tokenworks.lm.model import LanguageModel as LanguageModel
    from tokenworks.lm.scores import Scores as Scores
    from tokenworks.lm.state import State as State
    from tokenworks.lm.weights import Weights as Weights

_EXPORTS = {
    "LanguageModel": "tokenworks.lm.model",
    "Scores": "tokenworks.lm.scores",
    "State": "tokenworks.lm.state",
    "Weights": "tokenworks.lm.weights",
    "load": "tokenworks.lm.loading",
}

__all__ = ["LanguageModel", "Scores", "State", "Weights", "load"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'tokenworks.lm' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value
