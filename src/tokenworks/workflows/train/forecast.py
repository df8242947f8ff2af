"""What a training run will take, from a sample of the corpus, before the work starts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokenworks import _native
from tokenworks.text import Batch, Problems
from tokenworks.training.bounded import PROCESS
from tokenworks.training.counting import cores
from tokenworks.training.passes import PretokenPass, new_counter
from tokenworks.training.pretokens import Pretokens, pretokens
from tokenworks.training.reading import Files, Text
from tokenworks.training.source import TextSource

_LEAST = 8 << 20  # bytes; a smaller corpus is counted before a forecast would be read
_PLACES = 64  # of the corpus that are looked at
_SAMPLE = (256 << 10, 16 << 20)  # bytes of the sample, at least and at most
_SLOW_SAMPLE = 256 << 10  # bytes, where no native scanner splits text
_EXPANDS = 4  # times the size of compressed text; only reading all of it would tell
# Bytes that merging takes for each byte and for each word of the distinct pretokens (measured).
_PER_BYTE, _PER_WORD = 10, 24
# Bytes that a table of counts takes for each word. Tables of several threads hold much of the same.
_PER_ENTRY, _OF_NEXT_THREAD = 48, 0.6


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the first pass over the text and the merging of its pretokens will take.

    text_bytes: of the corpus, decompressed. distinct: pretokens. Figures are extrapolated from a
    sample of `sampled_bytes`; expect them to be right within a factor of two.
    """

    sampled_bytes: int
    text_bytes: int
    distinct: int
    seconds: float
    memory_bytes: int
    disk_bytes: int

    def __str__(self) -> str:
        disk = f", {self.disk_bytes / 1e6:,.0f} MB of disk" if self.disk_bytes else ""
        return (
            f"{self.text_bytes / 1e6:,.0f} MB of text with about {self.distinct:,} distinct pretokens: "
            f"about {_duration(self.seconds)}, {self.memory_bytes / 1e6:,.0f} MB of memory{disk}"
        )


def forecast(source: TextSource, vocab_size: int, options: Mapping[str, Any]) -> Forecast | None:
    """Look at a sample of the text; None for a small corpus, for standard input and for counts.

    Args:
        source: of the training run.
        vocab_size: tokens to learn.
        options: of the algorithm; `pattern`, `digits` and `normalizer` are heeded.
    """
    size = source.text.size
    if isinstance(source.text, Files):
        if source.text.once:
            return None
        size = sum(
            one.size_on_disk * (_EXPANDS if one.compression else 1) for one in source.text.sources
        )
    if size < _LEAST:
        return None
    split = pretokens(
        options.get("pattern") or "o200k", options.get("digits"), options.get("normalizer", ())
    )
    return _Sample(source.text, size, split).extrapolated(source, vocab_size)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class _Sample:
    """Distinct pretokens in a half and in the whole of a sample."""

    def __init__(self, text: Text, size: int, split: Pretokens) -> None:
        self._what = PretokenPass(split)
        parts = text.parts(max(1 << 16, size // (2 * _PLACES)))
        chosen = [parts[i * len(parts) // _PLACES] for i in range(min(_PLACES, len(parts)))]
        native = split.scanner and not split.normalizer
        wanted = int(np.clip(size // 20, *_SAMPLE)) if native else _SLOW_SAMPLE
        batches: list[Batch] = []
        for part in chosen:
            found = next(iter(part.batches(Problems(), max(4096, wanted // len(chosen)))), None)
            if found is not None:
                batches.append(found)
        self.bytes = sum(len(batch.data) for batch in batches)
        self.total = size
        half, _, _ = self._count(batches[::2])
        begun = time.process_time()  # other work on the machine is not this sample's
        self.distinct, self.distinct_bytes, self.once = self._count(batches)
        self.seconds = time.process_time() - begun
        self.half = half

    def _count(self, batches: Sequence[Batch]) -> tuple[int, int, int]:
        counter: _native.Counter = new_counter(self._what, 1, 0, "")
        for batch in batches:
            self._what.add(counter, batch)
        held = counter.finish()
        return int(held["words"].sum()), int(held["bytes"].sum()), int(held["words"][1])

    def extrapolated(self, source: TextSource, vocab_size: int) -> Forecast | None:
        if not self.distinct:
            return None
        # Heaps' law. Its slope is the share of words seen once, were the text alike everywhere, and
        # what the second half of the sample added to the first, which overstates it.
        slope = (self.once / self.distinct + np.log2(self.distinct / max(self.half, 1))) / 2
        growth = (self.total / self.bytes) ** slope
        distinct = int(self.distinct * growth)
        word = self.distinct_bytes / self.distinct
        distinct_bytes = int(distinct * word)
        workers = min(source.threads or cores(), cores())
        counting = self.seconds * self.total / self.bytes / workers
        seconds = counting + merging_seconds(distinct_bytes, vocab_size)
        merging = memory_of_merging(distinct, distinct_bytes)
        memory = max(merging, memory_of_counting(distinct, distinct_bytes, workers))
        disk = 0
        if source.memory is not None and memory > source.memory:
            disk = 2 * workers * (distinct_bytes + 12 * distinct)
            memory = source.memory
        return Forecast(self.bytes, self.total, distinct, round(seconds, 1), memory, disk)


def memory_of_merging(words: int, size: int) -> int:
    """Bytes that the whole process takes to merge so many distinct pretokens of so many bytes."""
    return size * _PER_BYTE + words * _PER_WORD + PROCESS


def memory_of_counting(words: int, size: int, threads: int) -> int:
    """Bytes that the whole process takes to count so many distinct pretokens of so many bytes."""
    tables = words * _PER_ENTRY + size // 4  # most words lie in the table itself
    return int(tables * (1 + (threads - 1) * _OF_NEXT_THREAD)) + PROCESS


def merging_seconds(distinct_bytes: int, vocab_size: int) -> float:
    """Seconds of merging, as measured on one core: by the symbols to merge and the merges."""
    return 8e-8 * distinct_bytes + 1.2e-6 * vocab_size
