"""Every text tokenized once by every tokenizer, kept as per-document figures and counts of ids.

The methods of the family take this in place of samples, so that however many of them run, the
tokenizing is done once. Texts are a stream and are not kept; memory grows by some hundred bytes
per document and tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.evaluation.histograms import Histograms
from tokenworks.evaluation.row import Kind
from tokenworks.evaluation.sample import Sample
from tokenworks.evaluation.tokens_on_text import TokenBytes

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cell:
    """The labels that a document has; groups are unions of cells."""

    language: str | None
    domain: str | None
    script: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that a tokenizer could not encode; it is left out for every tokenizer."""

    tokenizer: str
    source: str
    language: str | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Some of the documents. documents: their numbers, int64 [n]; cells: the numbers of their cells."""

    kind: Kind
    name: str
    documents: Ints
    cells: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Encoded:
    """What every tokenizer made of every document, as arrays over T tokenizers and n documents.

    bytes, characters, words (by white space), unicode_words: int64 [n], of the original text.
    tokens, unknown: int64 [T, n]; continued, continued_unicode: words cut into two tokens or more,
    int64 [T, n]; altered: whether decoding does not give the text back, bool [T, n].
    cell: int32 [n], an index into `cells`. excerpts: the beginnings of some documents of each cell,
    for methods that change texts. seconds: where the time went.
    """

    tokenizers: tuple[Tokenizer, ...]
    names: tuple[str, ...]
    cells: tuple[Cell, ...]
    cell: NDArray[np.int32]
    bytes: Ints
    characters: Ints
    words: Ints
    unicode_words: Ints
    tokens: Ints
    unknown: Ints
    continued: Ints
    continued_unicode: Ints
    altered: NDArray[np.bool_]
    histograms: tuple[Histograms, ...] = field(repr=False)
    token_bytes: tuple[TokenBytes, ...] = field(repr=False)
    excerpts: tuple[Sample, ...] = field(repr=False)
    failures: tuple[Failure, ...]
    seconds: dict[str, float]

    @classmethod
    def of(
        cls,
        tokenizers: Sequence[Tokenizer],
        samples: Iterable[Sample] | Encoded,
        *,
        threads: int = 0,
        advance: Callable[[int], None] = lambda _: None,
    ) -> Encoded:
        """Tokenize samples, or take what is already tokenized.

        Args:
            tokenizers: at least one; equal names are told apart by a number.
            samples: read once, as a stream; texts that look like special tokens are text.
            threads: of encoding; 0 takes one per core.
            advance: called with the number of bytes that every tokenizer is done with.

        Raises:
            OptionError: there is no tokenizer, or `samples` were tokenized by others.
        """
        if isinstance(samples, Encoded):
            if len(tokenizers) != len(samples.tokenizers) or any(
                one is not other and one != other
                for one, other in zip(tokenizers, samples.tokenizers, strict=True)
            ):
                raise OptionError("the samples were tokenized by other tokenizers than those given")
            return samples
        if not tokenizers:
            raise OptionError("name at least one tokenizer")
        from tokenworks.evaluation.encoding import encode_samples

        return encode_samples(tokenizers, samples, threads, advance)

    def __len__(self) -> int:
        return len(self.bytes)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """All documents, then those of each language, domain and script, by name."""
        everything = np.arange(len(self), dtype=np.int64)
        return (
            Group("all", "", everything, tuple(range(len(self.cells)))),
            *self._by("language", [cell.language for cell in self.cells]),
            *self._by("domain", [cell.domain for cell in self.cells]),
            *self._by("script", [cell.script for cell in self.cells]),
        )

    def groups_of(self, kind: Kind) -> tuple[Group, ...]:
        """The groups of one kind."""
        return tuple(group for group in self.groups if group.kind == kind)

    def only(self, numbers: Sequence[int]) -> Encoded:
        """The same documents under some of the tokenizers, by number, in that order."""
        chosen = list(numbers)
        return replace(
            self,
            tokenizers=tuple(self.tokenizers[n] for n in chosen),
            names=tuple(self.names[n] for n in chosen),
            tokens=self.tokens[chosen],
            unknown=self.unknown[chosen],
            continued=self.continued[chosen],
            continued_unicode=self.continued_unicode[chosen],
            altered=self.altered[chosen],
            histograms=tuple(self.histograms[n] for n in chosen),
            token_bytes=tuple(self.token_bytes[n] for n in chosen),
        )

    def _by(self, kind: Kind, labels: Sequence[str | None]) -> Iterator[Group]:
        order = np.argsort(self.cell, kind="stable")
        edges = np.searchsorted(self.cell[order], np.arange(len(self.cells) + 1))
        for name in sorted({label for label in labels if label is not None}):
            cells = tuple(number for number, label in enumerate(labels) if label == name)
            parts = [order[edges[number] : edges[number + 1]] for number in cells]
            documents = np.sort(np.concatenate(parts)).astype(np.int64)
            if len(documents):
                yield Group(kind, name, documents, cells)

    def counts(self, tokenizer: int, group: Group) -> Ints:
        """How often each id stands in the documents of a group: int64 [max id + 1]."""
        return self.histograms[tokenizer].counts(group.cells)


def distinct_names(tokenizers: Sequence[Tokenizer]) -> tuple[str, ...]:
    """The names of tokenizers; a second one of the same name is `name (2)`."""
    names: list[str] = []
    for tokenizer in tokenizers:
        name, number = tokenizer.name, 2
        while name in names:
            name, number = f"{tokenizer.name} ({number})", number + 1
        names.append(name)
    return tuple(names)
