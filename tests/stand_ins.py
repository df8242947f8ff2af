"""Small tokenizers with the interface of `Tokenizer`, for tests of what only counts or shows."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray


class ByteTokens:
    """One token per byte."""

    name = "bytes"
    n_tokens = 256
    sha256 = "0" * 64

    def encode(self, text: str, **_: object) -> NDArray[np.uint32]:
        return np.frombuffer(text.encode(), np.uint8).astype(np.uint32)

    def encode_spans(self, text: str, **_: object) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        ids = self.encode(text)
        begin = np.arange(len(ids), dtype=np.uint32)
        return ids, np.stack([begin, begin + 1], axis=1)

    def count(self, text: str) -> int:
        return len(text.encode())


class WordTokens(ByteTokens):
    """One token per word with the space before it, numbered as they come."""

    name = "words"
    n_tokens = 1000

    def encode(self, text: str, **_: object) -> NDArray[np.uint32]:
        return np.arange(len(re.findall(r"\s*\S+", text)), dtype=np.uint32)

    def encode_spans(self, text: str, **_: object) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        ends = [len(text[: m.end()].encode()) for m in re.finditer(r"\s*\S+", text)]
        begins = [0, *ends][: len(ends)]
        return self.encode(text), np.array([begins, ends], np.uint32).T

    def count(self, text: str) -> int:
        return len(self.encode(text))
