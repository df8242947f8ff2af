"""Merges that are kept while learning goes on, so that an interrupted run goes on after them."""

from __future__ import annotations

import time
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tokenworks.files import atomic_file

_FORMAT = 1


class KeptMerges:
    """The file of one stage of learning. It is named by all that the merges depend on."""

    def __init__(self, work: Path | None, every: float, *key: object) -> None:
        """
        Args:
            work: the folder; None keeps nothing.
            every: seconds between two writings.
            key: what is learned from what; arrays count by what they hold.
        """
        self._path = None
        self._every = every
        self._begun = self._last = time.monotonic()
        if work is not None:
            digest = blake2b(f"{_FORMAT}".encode(), digest_size=12)
            for part in key:
                data = part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode()
                digest.update(len(data).to_bytes(8, "little") + data)
            self._path = work / f"{digest.hexdigest()}.merges.npz"

    @property
    def keeps(self) -> bool:
        """Whether there is a file."""
        return self._path is not None

    @property
    def is_long(self) -> bool:
        """Whether it took so long until now that it should not be done again."""
        return time.monotonic() - self._begun > self._every

    def load(self) -> tuple[NDArray[np.uint64], bool]:
        """What was learned, uint64 [m, 4] (left, right, token, count), and whether that was all."""
        from zipfile import BadZipFile  # not at the top: it takes time to load

        nothing = np.empty((0, 4), np.uint64)
        if self._path is None or not self._path.is_file():
            return nothing, False
        try:
            with np.load(self._path, allow_pickle=False) as held:
                merges, done = held["merges"], bool(held["done"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return nothing, False  # damaged: learned again
        if merges.dtype != np.uint64 or merges.ndim != 2 or merges.shape[1] != 4:
            return nothing, False
        return merges, done

    def is_time(self) -> bool:
        """Whether so much was learned since the last writing that it should not be lost."""
        return self.keeps and time.monotonic() - self._last > self._every

    def save(self, merges: NDArray[np.uint64], *, done: bool) -> None:
        """Keep what was learned.

        Raises:
            WriteError: it cannot be written.
        """
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(self._path) as stream:
            np.savez(stream, merges=merges, done=np.array(done))
        self._last = time.monotonic()
