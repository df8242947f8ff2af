"""One function over many shards, in order, with bounded memory, whatever engine does the work."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from ..errors import OptionError, ShardError, TokenworksError, TokenworksWarning
from .pools import Outcome, Pool, Retry, shard_name
from .progress import shown
from .results import Finished, Json, Keeper

Engine = Literal["threads", "processes", "ray"]
S = TypeVar("S")
R = TypeVar("R")
_AHEAD = 4  # shards for each worker that may be at work or wait for their turn


def run(
    function: Callable[[S], R],
    shards: Sequence[S],
    *,
    workers: int | None = None,
    engine: Engine = "threads",
    resume_dir: str | os.PathLike[str] | None = None,
    identity: Mapping[str, object] | None = None,
    keeper: Keeper | None = None,
    retries: int = 2,
    progress: str | None = None,
    on_retry: Callable[[Retry], None] | None = None,
) -> Iterator[R]:
    """Apply the function to every shard; results come in the order of the shards, lazily.

    At most four shards for each worker are at work or wait for their turn, so a slow consumer
    holds the workers back and memory stays bounded.

    workers: how many at once; by default as many as this process may use CPUs.
    engine: "threads" for functions that release the GIL, "processes" (spawned; the function must
        be importable), or "ray" (many machines).
    resume_dir: finished shards are marked here, and a rerun takes their results from there.
        `identity` holds the options that results depend on: with others nothing is reused.
    keeper: how results are written there: `Json()` (the default) or `Arrow()`.
    retries: how often a shard is done again after its worker died. Errors that the function
        raises are not retried.
    progress: the title of a progress bar on standard error, shown on a terminal only.
    on_retry: told of every dead worker; without it a warning is.

    Raises OptionError; the function's own TokenworksErrors; ShardError with the shard's name and
    the cause for every other error, and for a shard whose workers keep dying. Closing the
    iterator, an error or Ctrl-C stops the workers.
    """
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    workers = workers or os.cpu_count() or 1
    if workers < 1:
        raise OptionError(f"workers is {workers}; it must be at least 1")
    if engine not in get_args(Engine):
        raise OptionError(f"engine is {engine!r}; it must be one of {', '.join(get_args(Engine))}")
    if retries < 0:
        raise OptionError(f"retries is {retries}; it must be 0 or more")
    finished = None
    if resume_dir is not None:
        named = {"function": f"{function.__module__}.{function.__qualname__}"}
        finished = Finished(Path(resume_dir), keeper or Json(), {**(identity or {}), **named})
    run_ = _Run(function, list(shards), workers, engine, finished, retries, on_retry)
    return run_.results(progress)


def _pool(engine: str, function: Callable[[Any], Any], workers: int) -> Pool:
    if engine == "threads":
        from .threads import ThreadPool

        return ThreadPool(function, workers)
    if engine == "processes":
        from .processes import ProcessPool

        return ProcessPool(function, workers)
    from .cluster import RayPool

    return RayPool(function, workers)


class _Run:
    """The state of one run: what is submitted, what is done and waits for its turn."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        shards: list[Any],
        workers: int,
        engine: str,
        finished: Finished | None,
        retries: int,
        on_retry: Callable[[Retry], None] | None,
    ) -> None:
        self._function, self._shards, self._engine = function, shards, engine
        self._workers = min(workers, max(1, len(shards)))
        self._finished, self._retries, self._on_retry = finished, retries, on_retry
        self._pool: Pool | None = None
        self._done: dict[int, Any] = {}
        self._attempts: dict[int, int] = {}

    def results(self, progress: str | None) -> Iterator[Any]:
        submitted = 0
        try:
            with shown(progress, len(self._shards)) as advance:
                for index in range(len(self._shards)):
                    ahead = index + _AHEAD * self._workers
                    while submitted < min(ahead, len(self._shards)):
                        self._start(submitted)
                        submitted += 1
                    while index not in self._done:
                        assert self._pool is not None
                        for outcome in self._pool.wait():
                            self._take(outcome)
                    advance()
                    yield self._done.pop(index)
        finally:
            if self._pool is not None:
                self._pool.close()

    def _start(self, index: int) -> None:
        shard = self._shards[index]
        if self._finished is not None:
            known, result = self._finished.load(shard)
            if known:
                self._done[index] = result
                return
        if self._pool is None:  # a run that was finished before starts no worker
            self._pool = _pool(self._engine, self._function, self._workers)
        self._pool.submit(index, shard)

    def _take(self, outcome: Outcome) -> None:
        shard = self._shards[outcome.index]
        name = shard_name(shard)
        if outcome.died:
            self._again(outcome, name)
        elif outcome.error is not None:
            raise _error(name, outcome) from outcome.error
        else:
            if self._finished is not None:
                self._finished.save(shard, outcome.value)
            self._done[outcome.index] = outcome.value

    def _again(self, outcome: Outcome, name: str) -> None:
        attempt = self._attempts.get(outcome.index, 0) + 1
        self._attempts[outcome.index] = attempt
        if attempt > self._retries:
            raise ShardError(
                f"{name}: {outcome.died}, {attempt} times in a row; with less memory for each"
                " worker (smaller shards or fewer workers) it may pass"
            )
        retry = Retry(name, outcome.died, attempt)
        if self._on_retry is not None:
            self._on_retry(retry)
        else:
            warnings.warn(str(retry), TokenworksWarning, stacklevel=4)
        assert self._pool is not None
        self._pool.submit(outcome.index, self._shards[outcome.index])


def _error(name: str, outcome: Outcome) -> BaseException:
    error = outcome.error
    assert error is not None
    if isinstance(error, (KeyboardInterrupt, SystemExit)):
        return error
    if isinstance(error, TokenworksError):
        text = str(error)
        return type(error)(text if name in text else f"{name}: {text}")
    raised = ShardError(f"{name}: {type(error).__name__}: {error}")
    if outcome.trace:
        raised.add_note(outcome.trace)
    return raised
