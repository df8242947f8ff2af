"""Counting tokens, bytes and characters of texts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Count:
    """The size of one text."""

    name: str
    tokens: int
    bytes: int  # of UTF-8
    characters: int  # Unicode code points

    @property
    def bytes_per_token(self) -> float:
        return self.bytes / self.tokens if self.tokens else float("nan")


@dataclass(frozen=True, slots=True)
class Counts:
    """The sizes of several texts under one tokenizer."""

    tokenizer: str
    texts: tuple[Count, ...]

    @property
    def total(self) -> Count:
        return Count(
            "total",
            sum(text.tokens for text in self.texts),
            sum(text.bytes for text in self.texts),
            sum(text.characters for text in self.texts),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer,
            "texts": [asdict(text) for text in self.texts],
            "total": {key: value for key, value in asdict(self.total).items() if key != "name"},
        }


def count_texts(
    tokenizer: Tokenizer,
    texts: Iterable[tuple[str, str]],
    advance: Callable[[float], None] = lambda _: None,
) -> Counts:
    """Count each (name, text) pair; text that looks like a special token is counted as text.

    Args:
        tokenizer: the tokenizer.
        texts: names and texts, consumed one at a time.
        advance: called with 1 after each text.
    """
    counts = []
    for name, text in texts:
        size = len(text.encode("utf-8", "surrogatepass"))
        counts.append(Count(name, tokenizer.count(text), size, len(text)))
        advance(1)
    return Counts(tokenizer.name, tuple(counts))
