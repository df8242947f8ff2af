"""Where the text of a training run comes from: files or documents in memory, in parts that workers read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Protocol

import numpy as np

from tokenworks.text import (
    Batch,
    Document,
    MixPlan,
    Problems,
    Source,
    batched,
    documents,
    shards,
    sources,
)
from tokenworks.text.bulk import batches

PART = 64 << 20  # bytes of text that one worker counts by itself
BATCH = 4 << 20  # bytes of documents handed on at a time
# Documents of a mixture are taken or left whole, so that long files are cut into many of them.
_MIXED_DOCUMENT = 1 << 16


class Text(Protocol):
    """A text that can be read again and again, always in the same batches."""

    @property
    def key(self) -> str:
        """What is read and how: two texts of the same key hold the same batches."""

    @property
    def size(self) -> int:
        """Bytes on disk, or in memory; 0 where that is not known before reading."""

    def parts(self, size: int) -> Sequence[Text]:
        """The text in parts of about `size` bytes; each can be sent to a worker."""

    def batches(self, problems: Problems, size: int = BATCH) -> Iterator[Batch]:
        """The documents; what is wrong with them is counted in `problems`."""


@dataclass(frozen=True, slots=True)
class Files:
    """Files of a corpus.

    field: of records that holds the text. strict: raise at the first broken line. labels: how
    documents get their labels, for `mix`, which says how often each document is read.
    """

    sources: tuple[Source, ...]
    field: str = "text"
    strict: bool = False
    labels: str | None = None
    mix: MixPlan | None = None

    @classmethod
    def named(
        cls,
        paths: Iterable[str | os.PathLike[str]],
        *,
        field: str = "text",
        strict: bool = False,
        labels: str | None = None,
        offline: bool = False,
    ) -> Files:
        """Files, folders and globs, as `tokenworks.text` resolves them.

        Raises:
            UnknownNameError, FormatError, OptionError: a name that names nothing to read.
        """
        found = sources(list(paths), offline=offline)
        return cls(tuple(found), field, strict, labels)

    @property
    def key(self) -> str:
        """Names, sizes and times of the files, and the options of reading."""
        named = [(source.key, source.stamp) for source in self.sources]
        mixed = self.mix.to_json() if self.mix else None
        return repr((named, self.field, self.strict, self.labels, mixed))

    @property
    def size(self) -> int:
        """Bytes of the files on disk."""
        return sum(source.size_on_disk for source in self.sources)

    @property
    def once(self) -> bool:
        """Whether it can be read only once."""
        return any(source.path == "-" for source in self.sources)

    def parts(self, size: int) -> Sequence[Files]:
        """Several parts for a big file, one for several small ones."""
        groups: list[list[Source]] = []
        room = 0
        for one in shards(self.sources, size):
            weight = one.size_on_disk
            if not groups or weight > room:
                groups.append([])
                room = size
            groups[-1].append(one)
            room -= weight
        return [replace(self, sources=tuple(group)) for group in groups]

    def batches(self, problems: Problems, size: int = BATCH) -> Iterator[Batch]:
        """The documents, repaired where that is possible."""
        if self.mix is None:
            return batches(
                self.sources, size, field=self.field, strict=self.strict, on_problem=problems
            )
        return batched(self.mix.apply(self.labelled(problems)), size)

    def labelled(self, problems: Problems | None = None) -> Iterator[Document]:
        """The documents that a mixture takes or leaves."""
        return documents(
            self.sources,
            field=self.field,
            strict=self.strict,
            labels=self.labels,
            max_document_bytes=_MIXED_DOCUMENT,
            on_problem=Problems() if problems is None else problems,
        )


@dataclass(frozen=True, slots=True)
class Texts:
    """Documents in memory, as UTF-8."""

    documents: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """Documents; lone surrogates become U+FFFD."""
        return cls(tuple(text.encode("utf-8", "replace") for text in texts))

    @property
    def key(self) -> str:
        """A digest of the documents."""
        digest = blake2b(digest_size=16)
        for document in self.documents:
            digest.update(len(document).to_bytes(8, "little"))
            digest.update(document)
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the documents."""
        return sum(map(len, self.documents))

    def parts(self, size: int) -> Sequence[Texts]:
        """Runs of whole documents."""
        found: list[list[bytes]] = []
        held = 0
        for document in self.documents:
            if not found or held + len(document) > size:
                found.append([])
                held = 0
            found[-1].append(document)
            held += len(document)
        return [Texts(tuple(part)) for part in found]

    def batches(self, problems: Problems, size: int = BATCH) -> Iterator[Batch]:
        """The documents in their order."""
        for part in self.parts(size):
            lengths = np.fromiter(map(len, part.documents), dtype=np.uint64)
            yield Batch(b"".join(part.documents), np.cumsum(lengths, dtype=np.uint64), "memory")
