"""A text whose reading ends the worker that reads it, the first time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenworks.text import Batch, Problems
from tokenworks.training.reading import BATCH, Files


@dataclass(frozen=True, slots=True)
class DeadlyText:
    files: Files
    folder: str
    deadly: bool = False

    @property
    def key(self) -> str:
        return self.files.key

    @property
    def size(self) -> int:
        return self.files.size

    def parts(self, size: int) -> Sequence[DeadlyText]:
        parts = self.files.parts(size)
        return [DeadlyText(part, self.folder, i == len(parts) // 2) for i, part in enumerate(parts)]

    def batches(self, problems: Problems, size: int = BATCH) -> Iterator[Batch]:
        marker = Path(self.folder, "died")
        if self.deadly and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield from self.files.batches(problems, size)
