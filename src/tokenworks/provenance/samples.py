"""Samples of the candidate categories, each in blocks that a bootstrap can draw anew."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from tokenworks.errors import FormatError, OptionError
from tokenworks.text import Document

BLOCKS = 16
LEAST = 2_000  # bytes of a category; less says nothing
_PART = 32 << 10  # bytes of text that stay together

Block = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Text of one category.

    blocks: texts that stand together; documents are not torn between blocks where there are many.
    bytes: of the text. seen: bytes that the category has in all.
    """

    name: str
    blocks: tuple[Block, ...]
    bytes: int
    seen: int


@dataclass(slots=True)
class _Kept:
    """The parts of a category with the smallest hashes: a sample that no order can change."""

    limit: int
    heap: list[tuple[int, int, int, str]]  # -hash, document, place in it, text
    held: int = 0
    seen: int = 0
    documents: int = 0

    def add(self, document: str, seed: int) -> None:
        self.documents += 1
        for place, part in enumerate(_parts(document)):
            size = len(part.encode("utf-8"))
            self.seen += size
            key = f"{seed}:{self.documents}:{place}".encode()
            number = int.from_bytes(blake2b(key, digest_size=8).digest(), "big")
            heapq.heappush(self.heap, (-number, self.documents, place, part))
            self.held += size
            while self.held > self.limit and len(self.heap) > BLOCKS:
                self.held -= len(heapq.heappop(self.heap)[3].encode("utf-8"))


def read_samples(
    documents: Iterable[Document], *, limit: int, seed: int = 0, blocks: int = BLOCKS
) -> list[Sample]:
    """Gather labelled documents into one sample for each label, in the order of their names.

    Args:
        documents: with labels; see `tokenworks.text.documents`.
        limit: bytes kept of each category, chosen at random in parts of 32 KB.
        seed: of that choice.
        blocks: of each sample.

    Raises:
        FormatError: no text, one category alone, a document without a label, or a category that is
            too small; the message names it.
        OptionError: a limit under the least size of a category.
    """
    if limit < LEAST:
        raise OptionError(f"the sample of a category is {limit} bytes; at least {LEAST} are needed")
    kept: dict[str, _Kept] = defaultdict(lambda: _Kept(limit, []))
    for document in documents:
        if document.label is None or not document.label.strip():
            raise FormatError(
                f"{document.where}: no category; put it into a folder named after one"
            )
        kept[document.label].add(document.text, seed)
    if not kept:
        raise FormatError("the categories hold no text")
    small = [
        f"{name} ({one.held:,} bytes)" for name, one in sorted(kept.items()) if one.held < LEAST
    ]
    if small:
        raise FormatError(
            f"too small to say anything: {', '.join(small)}; a category needs {LEAST:,} bytes at "
            "least, and some megabytes for an answer of a few percent"
        )
    if len(kept) == 1:
        raise FormatError(
            f"there is text of one category alone, {next(iter(kept))}, so that its share is 1; "
            "give at least two"
        )
    return [_sample(name, one, blocks) for name, one in sorted(kept.items())]


def _sample(name: str, kept: _Kept, blocks: int) -> Sample:
    parts = sorted((document, place, text) for _, document, place, text in kept.heap)
    held: list[list[str]] = [[] for _ in range(blocks)]
    sizes = [0] * blocks
    by_document: dict[int, list[str]] = defaultdict(list)
    for document, _, text in parts:
        by_document[document].append(text)
    if len(by_document) >= 4 * blocks:
        units = sorted(by_document.values(), key=lambda texts: -sum(map(len, texts)))
        for unit in units:
            least = sizes.index(min(sizes))
            held[least].extend(unit)
            sizes[least] += sum(map(len, unit))
    else:
        texts = [text for _, _, text in parts]
        if len(texts) < 4 * blocks:  # small samples are cut finer
            texts = [line for text in texts for line in text.splitlines(keepends=True)]
        total, done = sum(map(len, texts)), 0
        for text in texts:
            held[min(blocks - 1, done * blocks // max(total, 1))].append(text)
            done += len(text)
    return Sample(name, tuple(tuple(block) for block in held), kept.held, kept.seen)


def _parts(text: str) -> Iterable[str]:
    """Parts of about 32 KB, cut at ends of lines where there are any."""
    begin = 0
    while begin < len(text):
        end = begin + _PART
        if end < len(text):
            line = text.rfind("\n", begin, end)
            end = line + 1 if line > begin else end
        yield text[begin:end]
        begin = end
