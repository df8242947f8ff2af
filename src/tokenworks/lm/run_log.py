"""The log of a run: the loss of every step in log.jsonl, and now and then a word to who watches."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks.files import write_text
from tokenworks.lm.recipe import Recipe
from tokenworks.lm.token_file import TokenFile

if TYPE_CHECKING:
    from tokenworks.lm.fitting import Step

LOG = "log.jsonl"
_SAVE_SECONDS = 120.0
_LN2 = 0.6931471805599453


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run is. loss: nats per token, the mean since the last moment. seconds: of this process."""

    step: int
    steps: int
    loss: float
    share: float
    tokens: int
    tokens_per_second: float
    bits_per_byte: float
    seconds: float


Watch = Callable[[Moment], None]


@dataclass(frozen=True, slots=True)
class Since:
    """The steps since the last word to who watches.

    last: of them. loss: their mean, nats per token. per_step: seconds of one. seconds: since the beginning.
    """

    last: Step
    loss: float
    per_step: float
    seconds: float


class RunLog:
    """Written by the first process."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        step: int,
        every: float,
        tell: Callable[[Since], None] | None,
        *,
        also_at: int | None = None,
    ) -> None:
        """Go on with the log of a folder.

        Args:
            folder: of the run. recipe: of it.
            step: of the state that the run goes on from; later ones are forgotten, as they come again.
            every: seconds between two calls of `tell`; the last step has one, too.
            also_at: another step to tell of.
        """
        self.path = folder / LOG
        if self.path.exists():
            lines = self.path.read_text("utf-8").splitlines(keepends=True)
            write_text(self.path, "".join(lines[:step]))
        self._every, self._tell, self._always = every, tell, (recipe.steps, also_at)
        self._begun = self._told = self._saved = time.perf_counter()
        self._losses: list[float] = []
        self._lines: list[str] = []

    def take(self, step: Step) -> None:
        """Note a step."""
        self._losses.append(step.loss)
        self._lines.append(json.dumps({**asdict(step), "loss": round(step.loss, 6)}) + "\n")
        now = time.perf_counter()
        if now - self._told >= self._every or step.number in self._always:
            if self._tell is not None:
                many = len(self._losses)
                mean, pace = sum(self._losses) / many, (now - self._told) / many
                self._tell(Since(step, mean, pace, now - self._begun))
            self._told, self._losses = now, []
            self.flush()

    def flush(self) -> None:
        """Write what was noted since the last time."""
        with self.path.open("a", encoding="utf-8") as out:
            out.writelines(self._lines)
        self._lines = []

    def save_due(self) -> bool:
        """Whether it is time for a checkpoint."""
        now = time.perf_counter()
        if now - self._saved < _SAVE_SECONDS:
            return False
        self._saved = now
        return True


def last_loss(folder: Path, steps: int = 20) -> float:
    """The mean loss of the last steps of a run's log, in nats per token."""
    lines = (folder / LOG).read_text("utf-8").splitlines()[-steps:]
    return float(sum(json.loads(line)["loss"] for line in lines) / max(len(lines), 1))


def bits_per_byte(loss: float, file: TokenFile) -> float:
    """A loss in nats per token as bits per byte of the text trained on."""
    return loss / _LN2 / file.bytes_per_token
