"""What the engines have in common: a pool takes shards and gives outcomes in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one shard: a value, or an error that `function` raised, or a dead worker.

    trace: the traceback of the error as text, since tracebacks do not travel.
    died: how the worker ended, where it did before the shard was done.
    """

    index: int
    value: Any = None
    error: BaseException | None = None
    trace: str = ""
    died: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """A worker died at a shard, which is done again. attempt: 1 for the first retry."""

    shard: str
    reason: str
    attempt: int

    def __str__(self) -> str:
        return f"{self.shard}: {self.reason}; the shard is done again (attempt {self.attempt + 1})"


class Pool(Protocol):
    """Workers of one engine."""

    def submit(self, index: int, shard: Any) -> None:
        """Take a shard; never blocks for long."""

    def wait(self) -> Sequence[Outcome]:
        """At least one outcome of what was submitted, as soon as there is one."""

    def close(self) -> None:
        """Stop at once; what runs is given up. Called once, also after Ctrl-C."""


def shard_name(shard: Any) -> str:
    """How messages call a shard: its `key` where it has one."""
    key = getattr(shard, "key", None)
    return key if isinstance(key, str) else str(shard)[:200]


Function = Callable[[Any], Any]
