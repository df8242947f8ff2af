"""Ray: the same over many machines. Joins the cluster that there is, or starts one here."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from typing import Any

from ..errors import MissingExtraError
from .pools import Function, Outcome


class RayPool:
    """One Ray task for each shard; each takes one CPU, and Ray places it.

    A cluster that is already joined (`ray.init`) or named by RAY_ADDRESS is used; otherwise one
    is started on this machine and stopped at the end. Shards must be readable where they run.
    """

    def __init__(self, function: Function, workers: int) -> None:
        try:
            import ray
        except ImportError:
            raise MissingExtraError(
                "engine='ray' needs Ray: pip install 'tokenworks[ray]'"
            ) from None
        self._ray = ray
        self._started = not ray.is_initialized()
        if self._started:
            address = os.environ.get("RAY_ADDRESS")
            cpus = None if address else workers
            ray.init(
                address=address,
                num_cpus=cpus,
                include_dashboard=False if cpus else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        # retries are ours, so that they are reported
        self._task = ray.remote(num_cpus=1, max_retries=0)(function)
        self._running: dict[Any, int] = {}
        self._deaths: dict[int, int] = {}

    def submit(self, index: int, shard: Any) -> None:
        """Start a task."""
        self._running[self._task.remote(shard)] = index

    def wait(self) -> Sequence[Outcome]:
        """Outcomes of the tasks that have ended."""
        ready, _ = self._ray.wait(list(self._running), num_returns=1)
        return [self._outcome(reference) for reference in ready]

    def _outcome(self, reference: Any) -> Outcome:
        index = self._running.pop(reference)
        errors = self._ray.exceptions
        try:
            return Outcome(index, value=self._ray.get(reference))
        except errors.RayTaskError as error:
            return Outcome(index, error=error.cause or error, trace=str(error))
        except errors.RayError as error:  # a worker or a machine is gone
            # Ray notices a death late, and would hand the shard to the same dead worker again
            self._deaths[index] = self._deaths.get(index, 0) + 1
            time.sleep(min(8.0, 2.0 ** (self._deaths[index] - 1)))
            first = str(error).split(". ", 1)[0].split("\n", 1)[0]
            return Outcome(index, died=f"{type(error).__name__}: {first}")

    def close(self) -> None:
        """Cancel what runs, and stop the cluster if it was started here."""
        for reference in self._running:
            # Not by force: Ray 2.60 aborts this whole process when a task that it is killing answers.
            self._ray.cancel(reference, force=False)
        self._running.clear()
        if self._started:
            self._ray.shutdown()
