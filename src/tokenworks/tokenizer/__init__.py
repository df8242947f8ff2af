"""Tokenizers: read, write, encode, decode, and every token as its real bytes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenworks.tokenizer.definition import Definition as Definition
    from tokenworks.tokenizer.streaming import StreamingDecoder as StreamingDecoder
    from tokenworks.tokenizer.tokenizer import Tokenizer as Tokenizer

_EXPORTS = {
    "Definition": "tokenworks.tokenizer.definition",
    "StreamingDecoder": "tokenworks.tokenizer.streaming",
    "Tokenizer": "tokenworks.tokenizer.tokenizer",
}

__all__ = ["Definition", "StreamingDecoder", "Tokenizer"]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'tokenworks.tokenizer' has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value
