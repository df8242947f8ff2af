"""Processes on this machine, started by spawn, one pipe each; a dead worker costs one shard."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import traceback
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from ..errors import OptionError
from .pools import Function, Outcome

_GRACE = 2.0  # seconds that a worker is given to end before it is killed


class ProcessPool:
    """Spawned processes: fork is unsafe with threads and native code around."""

    def __init__(self, function: Function, workers: int) -> None:
        try:
            self._function = pickle.dumps(function)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise OptionError(
                "engine='processes' needs a function that can be imported by its name"
                f" (not a lambda or inner function): {error}"
            ) from None
        self._context = multiprocessing.get_context("spawn")
        self._queue: deque[tuple[int, bytes]] = deque()
        self._workers = workers
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, _Worker] = {}

    def submit(self, index: int, shard: Any) -> None:
        """Hand the shard to an idle worker, a new one, or the queue."""
        self._queue.append((index, pickle.dumps(shard)))
        self._feed()

    def _feed(self) -> None:
        while self._queue and (self._idle or len(self._busy) < self._workers):
            worker = self._idle.pop() if self._idle else _Worker(self._context, self._function)
            index, data = self._queue.popleft()
            try:
                worker.send(index, data)
            except OSError:  # it died while idle: nothing is lost
                worker.stop()
                self._queue.appendleft((index, data))
                continue
            self._busy[worker.pipe] = worker

    def wait(self) -> Sequence[Outcome]:
        """Outcomes of the workers that have finished or died."""
        outcomes = []
        for pipe in wait(list(self._busy)):
            assert isinstance(pipe, Connection)
            worker = self._busy.pop(pipe)
            outcome = worker.receive()
            outcomes.append(outcome)
            if outcome.died:
                worker.stop()
            else:
                self._idle.append(worker)
        self._feed()
        return outcomes

    def close(self) -> None:
        """End every worker, at work or not."""
        self._queue.clear()
        workers = [*self._idle, *self._busy.values()]
        for worker in workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in workers:
            worker.stop()


class _Worker:
    def __init__(self, context: multiprocessing.context.SpawnContext, function: bytes) -> None:
        self.pipe, other = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(other, function), daemon=True
        )
        self.process.start()
        other.close()
        self.index = -1

    def send(self, index: int, data: bytes) -> None:
        self.pipe.send_bytes(data)
        self.index = index

    def receive(self) -> Outcome:
        try:
            value, error, trace = pickle.loads(self.pipe.recv_bytes())
        except (EOFError, OSError):
            self.process.join(_GRACE)
            return Outcome(self.index, died=_ending(self.process.exitcode))
        return Outcome(self.index, value=value, error=error, trace=trace)

    def stop(self) -> None:
        self.pipe.close()
        self.process.join(_GRACE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _ending(code: int | None) -> str:
    if code is None:
        return "the worker closed its pipe"
    if code >= 0:
        return f"the worker ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"the worker was ended by {name}{hint}"


def _serve(pipe: Connection, function: bytes) -> None:
    """The life of a worker: shards in, results out, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # this process is the parallelism
    with contextlib.suppress(EOFError, OSError):
        while True:
            shard = pipe.recv_bytes()
            value, error, trace = None, None, ""
            try:
                value = pickle.loads(function)(pickle.loads(shard))
            except BaseException as caught:  # raised again by the parent
                error, trace = caught, traceback.format_exc()
            pipe.send_bytes(_packed(value, error, trace))


def _packed(value: Any, error: BaseException | None, trace: str) -> bytes:
    try:
        data = pickle.dumps((value, error, trace))
        pickle.loads(data)  # some exceptions are pickled but cannot be read again
    except Exception as caught:
        kind = type(error or value).__name__
        wrapped = RuntimeError(f"{kind} cannot be sent between processes: {error or caught}")
        return pickle.dumps((None, wrapped, trace or traceback.format_exc()))
    return data
