"""Tokenworks: make, measure, verify and move tokenizers, and run models on fewer tokens.

Names are resolved on first use, so that `import tokenworks` stays fast and never imports torch.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tokenworks import lm as lm
    from tokenworks.tokenizer import Tokenizer as Tokenizer
    from tokenworks.workflows.audit import audit as audit
    from tokenworks.workflows.compare import compare as compare
    from tokenworks.workflows.convert import convert as convert
    from tokenworks.workflows.doctor import doctor as doctor
    from tokenworks.workflows.extend import extend as extend
    from tokenworks.workflows.mixture import mixture as mixture
    from tokenworks.workflows.prune import prune as prune
    from tokenworks.workflows.score import score as score
    from tokenworks.workflows.train import train as train
    from tokenworks.workflows.transplant import transplant as transplant
    from tokenworks.workflows.verify import verify as verify

_EXPORTS = {
    "Tokenizer": "tokenworks.tokenizer",
    "audit": "tokenworks.workflows.audit",
    "compare": "tokenworks.workflows.compare",
    "convert": "tokenworks.workflows.convert",
    "doctor": "tokenworks.workflows.doctor",
    "score": "tokenworks.workflows.score",
    "train": "tokenworks.workflows.train",
    "transplant": "tokenworks.workflows.transplant",
    "extend": "tokenworks.workflows.extend",
    "mixture": "tokenworks.workflows.mixture",
    "prune": "tokenworks.workflows.prune",
    "verify": "tokenworks.workflows.verify",
}

__all__ = [
    "Tokenizer",
    "__version__",
    "audit",
    "compare",
    "convert",
    "doctor",
    "extend",
    "lm",
    "mixture",
    "prune",
    "score",
    "train",
    "transplant",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name == "lm":
        return import_module("tokenworks.lm")
    if name not in _EXPORTS:
        raise AttributeError(f"module 'tokenworks' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS, "lm"})


class _Package(ModuleType):
    """This package, whose verbs no family of the same name hides once that is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _EXPORTS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
