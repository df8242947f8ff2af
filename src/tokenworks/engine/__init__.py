"""Run a function over shards: threads, processes, or Ray; in order, resumable, bounded."""

from __future__ import annotations

from .pools import Retry
from .results import Arrow, Json, Keeper
from .running import Engine, run

__all__ = ["Arrow", "Engine", "Json", "Keeper", "Retry", "run"]
