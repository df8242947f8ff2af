"""What a training run will take, from a sample of the corpus, before the work starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tokenworks import _native
from tokenworks.text import Problems
from tokenworks.training.counting import cores
from tokenworks.training.passes import PretokenPass, new_counter
from tokenworks.training.pretokens import Pretokens, pretokens
from tokenworks.training.reading import Text
from tokenworks.training.source import TextSource, memory_of_counting, memory_of_merging

_LEAST = 8 << 20  # bytes; a smaller corpus is counted before a forecast would be read
_PLACES = 16  # of the corpus that are looked at
_SAMPLE = (256 << 10, 8 << 20)  # bytes of the sample, at least and at most


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


def forecast(source: TextSource, vocab_size: int, pattern: str | None) -> Forecast | None:
    """Look at a sample of the text; None for a small corpus and for counts.

    Args:
        source: of the training run.
        vocab_size: tokens to learn.
        pattern: how text is split; the published ones differ little.
    """
    size = source.text.size
    if size < _LEAST:
        return None
    return _Sample(source.text, size, pretokens(pattern or "o200k")).extrapolated(
        source, vocab_size
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class _Sample:
    """Distinct pretokens in a half and in the whole of a sample."""

    def __init__(self, text: Text, size: int, split: Pretokens) -> None:
        self._what = PretokenPass(split)
        parts = text.parts(max(1 << 20, size // 64))
        chosen = [parts[i * len(parts) // _PLACES] for i in range(min(_PLACES, len(parts)))]
        wanted = int(np.clip(size // 40, *_SAMPLE))
        batches = []
        for part in chosen:
            found = next(iter(part.batches(Problems(), max(4096, wanted // len(chosen)))), None)
            if found is not None:
                batches.append(found)
        self.bytes = sum(len(batch.data) for batch in batches)
        # of a compressed file more comes out than lies on the disk; how much more only reading tells
        self.total = size
        half, _, _ = self._count(batches[::2])
        begun = time.perf_counter()
        self.distinct, self.distinct_bytes, self.once = self._count(batches)
        self.seconds = time.perf_counter() - begun
        self.half = half

    def _count(self, batches: Sequence[object]) -> tuple[int, int, int]:
        counter: _native.Counter = new_counter(self._what, 1, 0, "")
        for batch in batches:
            self._what.add(counter, batch)  # type: ignore[arg-type]
        held = counter.finish()
        return int(held["words"].sum()), int(held["bytes"].sum()), int(held["words"][1])

    def extrapolated(self, source: TextSource, vocab_size: int) -> Forecast | None:
        if not self.distinct:
            return None
        # Heaps' law; the share of words seen once is its slope at the end of the sample
        slope = self.once / self.distinct
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


def merging_seconds(distinct_bytes: int, vocab_size: int) -> float:
    """Seconds of merging, as measured on one core: by the symbols to merge and the merges."""
    return 1.5e-7 * distinct_bytes + 4e-6 * vocab_size
