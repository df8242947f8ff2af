"""Threads: for functions that release the GIL, as the native core does."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Sequence
from typing import Any

from .pools import Function, Outcome


class ThreadPool:
    """Daemon threads, so that Ctrl-C ends the program without waiting for the shards that run."""

    def __init__(self, function: Function, workers: int) -> None:
        self._function = function
        self._todo: queue.SimpleQueue[tuple[int, Any] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._workers = workers
        for number in range(workers):
            name = f"tokenworks-{number}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (item := self._todo.get()) is not None and not self._closed.is_set():
            index, shard = item
            try:
                outcome = Outcome(index, value=self._function(shard))
            except BaseException as error:  # handed to the caller, who raises it
                outcome = Outcome(index, error=error, trace=traceback.format_exc())
            self._done.put(outcome)

    def submit(self, index: int, shard: Any) -> None:
        """Queue the shard."""
        self._todo.put((index, shard))

    def wait(self) -> Sequence[Outcome]:
        """The next outcome and those that are ready with it."""
        outcomes = [self._done.get()]
        while not self._done.empty():
            outcomes.append(self._done.get())
        return outcomes

    def close(self) -> None:
        """Idle threads end now, working ones after their shard or with the program."""
        self._closed.set()
        for _ in range(self._workers):
            self._todo.put(None)
