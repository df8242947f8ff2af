"""Texts as the ids of a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Ids


def encoded(tokenizer: Tokenizer, texts: Iterable[str]) -> Iterator[Ids]:
    """The ids of each text, int64 [n]; special tokens and lone surrogates in it are plain text."""
    for text in texts:
        yield tokenizer.encode(text, specials="text", errors="replace").astype("int64")
