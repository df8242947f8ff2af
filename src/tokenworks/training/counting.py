"""One pass over the text: here on threads, or shard by shard on other processes and machines."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.engine import Arrow, Engine, run
from tokenworks.interruption import interruptions
from tokenworks.text import Problems
from tokenworks.training.checkpoints import Kept, State, spilling
from tokenworks.training.passes import LONGEST_PRETOKEN, Pass, batch_size, new_counter
from tokenworks.training.reading import PART, Text

CHECKPOINT_SECONDS = 10.0
WORTH_KEEPING = 1  # finished parts of a text of no more parts than that are not kept
_SHARE = 20  # a checkpoint takes at most one part in so many of the time


@dataclass(frozen=True, slots=True)
class Means:
    """What counting may use.

    engine: "threads" counts in this process. threads: at work; with another engine, workers.
    memory: bytes for tables, 0 is no bound. prefix: of files for what does not fit. work: the folder
    of checkpoints, or None. every: seconds of work that may be lost. part: bytes of a shard.
    """

    threads: int
    engine: Engine = "threads"
    memory: int = 0
    prefix: str = ""
    work: Path | None = None
    every: float = CHECKPOINT_SECONDS
    part: int = PART
    progress: Callable[[int], None] | None = None


@dataclass(slots=True)
class Counted:
    """A finished counter, what it holds by count, and the statistics of all attempts."""

    counter: _native.Counter
    words: NDArray[np.uint64]
    word_bytes: NDArray[np.uint64]
    bytes: int
    pretokens: int
    cut: int
    spilled_bytes: int
    problems: Problems


def count(what: Pass, text: Text, means: Means) -> Counted:
    """Count a text.

    Raises:
        WriteError: spilling or a checkpoint cannot be written.
        KeyboardInterrupt: what was counted is kept where there is a folder for it.
    """
    with spilling():
        if means.engine == "threads":
            return _Here(what, text, means).run()
        return _by_shards(what, text, means)


class _Here:
    """Counting on threads of this process."""

    def __init__(self, what: Pass, text: Text, means: Means) -> None:
        self._what, self._text, self._means = what, text, means
        self._kept = None
        self._state, prefix = State(), means.prefix
        if means.work is not None:
            self._kept = Kept(means.work, f"{what.key} {text.key} {means.part}")
            self._state = self._kept.load()
            prefix = self._kept.prefix(self._state.attempt)
        self._counter = new_counter(what, means.threads, means.memory, prefix)
        if self._kept is not None:
            for name in self._state.runs:
                self._counter.adopt(self._kept.path(name))
        self._before = State(
            bytes=self._state.bytes,
            pretokens=self._state.pretokens,
            cut=self._state.cut,
            spilled_bytes=self._state.spilled_bytes,
        )
        self._problems = self._state.known_problems()
        self._begun = self._last = time.monotonic()
        self._cost = 0.0

    def run(self) -> Counted:
        if self._state.complete:
            self._advance(self._state.bytes)
        elif self._kept is None:
            self._read()
        else:
            with interruptions() as noted:
                self._read(lambda: noted.asked)
                if time.monotonic() - self._begun > self._means.every or self._state.runs:
                    self._checkpoint(len(self._text.parts(self._means.part)), 0)
        histogram = self._counter.finish(keep=self._kept is not None)
        self._note_statistics()
        if self._kept is not None and self._counter.runs:
            self._state.complete = True
            self._save()
        state = self._state
        return Counted(
            self._counter,
            histogram["words"],
            histogram["bytes"],
            state.bytes,
            state.pretokens,
            state.cut,
            state.spilled_bytes,
            self._problems,
        )

    def _read(self, asked: Callable[[], bool] = bool) -> None:
        first, skipped = self._state.part, self._state.batch
        size = batch_size(self._what)
        self._advance(self._state.bytes if not skipped else 0)
        for index, part in enumerate(self._text.parts(self._means.part)):
            if index < first:
                continue
            found = Problems()
            for number, batch in enumerate(part.batches(found, size), start=1):
                if index > first or number > skipped:  # else it was counted before
                    self._what.add(self._counter, batch)
                self._advance(len(batch.data))
                if asked():
                    self._checkpoint(index, number)
                    raise KeyboardInterrupt
                if self._kept is not None and self._is_time():
                    self._checkpoint(index, number)
            self._problems.merge(found)

    def _is_time(self) -> bool:
        since = time.monotonic() - self._last
        return since > max(self._means.every, _SHARE * self._cost)

    def _checkpoint(self, part: int, batch: int) -> None:
        begun = time.monotonic()
        self._counter.flush()
        self._state.part, self._state.batch = part, batch
        self._state.keep_problems(self._problems)
        self._note_statistics()
        self._save()
        self._last = time.monotonic()
        self._cost = self._last - begun

    def _note_statistics(self) -> None:
        here, before, state = self._counter.statistics(), self._before, self._state
        state.bytes = before.bytes + here["bytes"]
        state.pretokens = before.pretokens + here["pretokens"]
        state.cut = before.cut + here["cut"]
        state.spilled_bytes = before.spilled_bytes + here["spilled_bytes"]

    def _save(self) -> None:
        assert self._kept is not None
        self._state.runs = [Path(path).name for path in self._counter.runs]
        self._kept.save(self._state)

    def _advance(self, amount: int) -> None:
        if self._means.progress is not None and amount:
            self._means.progress(amount)


def _by_shards(what: Pass, text: Text, means: Means) -> Counted:
    """Each part is counted where a worker reads it; the tables are merged here."""
    # Arrow takes time and memory to load, and counting on threads needs none
    from tokenworks.training.shard_counts import Shard, add_table, count_shard, statistics_of

    parts = [Shard(part, what) for part in text.parts(means.part)]
    folder = None
    if means.work is not None and len(parts) > WORTH_KEEPING:
        folder = Kept(means.work, f"shards {what.key} {text.key} {means.part}").folder
    counter = _native.Counter("", 1, means.memory, means.prefix, LONGEST_PRETOKEN)
    total = {"bytes": 0, "pretokens": 0, "cut": 0}
    problems = Problems()
    tables = run(
        count_shard,
        parts,
        workers=means.threads,
        engine=means.engine,
        resume_dir=folder,
        keeper=Arrow(),
    )
    for table in tables:
        add_table(counter, table)
        found, met = statistics_of(table)
        problems.merge(met)
        for name in total:
            total[name] += found[name]
        if means.progress is not None:
            means.progress(found["bytes"])
    histogram: dict[str, Any] = counter.finish()
    return Counted(
        counter,
        histogram["words"],
        histogram["bytes"],
        **total,
        spilled_bytes=counter.statistics()["spilled_bytes"],
        problems=problems,
    )


def cores() -> int:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
