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


class RunLog:
    """Written by the first process. every: seconds between two moments."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        file: TokenFile,
        step: int,
        every: float,
        on_moment: Watch | None,
    ) -> None:
        self.recipe, self.file, self.every, self.on_moment = recipe, file, every, on_moment
        self.path = folder / LOG
        self._drop_after(step)
        self.begun = self.told = self.saved = time.perf_counter()
        self.first = self.told_at = step
        self.losses: list[float] = []
        self.lines: list[str] = []

    def _drop_after(self, step: int) -> None:
        """Forget steps after the state that the run goes on from: they come again."""
        if self.path.exists():
            lines = self.path.read_text("utf-8").splitlines(keepends=True)
            write_text(self.path, "".join(lines[:step]))

    def take(self, step: Step) -> None:
        """Note a step."""
        self.losses.append(step.loss)
        self.lines.append(json.dumps({**asdict(step), "loss": round(step.loss, 6)}) + "\n")
        now = time.perf_counter()
        if now - self.told >= self.every or step.number == self.recipe.steps:
            recipe = self.recipe
            tokens = recipe.batch * recipe.length
            loss = sum(self.losses) / len(self.losses)
            speed = (step.number - self.told_at) * tokens / (now - self.told)
            if self.on_moment is not None:
                seconds = now - self.begun
                self.on_moment(
                    Moment(
                        step=step.number,
                        steps=recipe.steps,
                        loss=loss,
                        share=step.share,
                        tokens=step.number * tokens,
                        tokens_per_second=speed,
                        bits_per_byte=bits_per_byte(loss, self.file),
                        seconds=seconds,
                    )
                )
            self.told, self.told_at, self.losses = now, step.number, []
            self.flush()

    def flush(self) -> None:
        """Write what was noted since the last time."""
        with self.path.open("a", encoding="utf-8") as out:
            out.writelines(self.lines)
        self.lines = []

    def save_due(self) -> bool:
        """Whether it is time for a checkpoint."""
        now = time.perf_counter()
        if now - self.saved < _SAVE_SECONDS:
            return False
        self.saved = now
        self.flush()
        return True


def last_loss(folder: Path, steps: int = 20) -> float:
    """The mean loss of the last steps of a run's log, in nats per token."""
    lines = (folder / LOG).read_text("utf-8").splitlines()[-steps:]
    return float(sum(json.loads(line)["loss"] for line in lines) / max(len(lines), 1))


def bits_per_byte(loss: float, file: TokenFile) -> float:
    """A loss in nats per token as bits per byte of the text trained on."""
    return loss / _LN2 / file.bytes_per_token
