"""A training run on disk: what it is, its checkpoints and its log; it goes on exactly where it ended."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokenworks.errors import OptionError
from tokenworks.files import write_json
from tokenworks.lm.checkpoints import Checkpoints
from tokenworks.lm.recipe import Recipe
from tokenworks.lm.run_log import RunLog, Watch
from tokenworks.lm.sizes import Size
from tokenworks.lm.token_file import TokenFile, batches
from tokenworks.tokenizer import Tokenizer

RUN = "run.json"
_ROWS = 64  # the rows of the embedding are a multiple, as GPUs like it


@dataclass(frozen=True, slots=True)
class Run:
    """A run in a folder. corpus: a hash of what it reads. separator: the id between documents."""

    folder: Path
    corpus: str
    size: Size
    recipe: Recipe
    file: TokenFile
    tokenizer: Tokenizer
    separator: int

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.folder, self.recipe)

    def agree(self, rank: int) -> None:
        """Refuse to go on with other settings than the run began with; only steps may differ."""
        own = {
            "corpus": self.corpus,
            "size": asdict(self.size),
            "tokenizer": self.tokenizer.sha256,
            "tokens": self.file.tokens,
            **{name: value for name, value in asdict(self.recipe).items() if name != "steps"},
        }
        path = self.folder / RUN
        if path.exists():
            kept = json.loads(path.read_text("utf-8"))
            for name, value in own.items():
                if kept.get(name) != value and name == "corpus":
                    raise OptionError(
                        f"{self.folder} holds a run on another corpus: files or their sizes differ; "
                        "name another output, or delete that folder"
                    )
                if kept.get(name) != value:
                    raise OptionError(
                        f"{self.folder} holds a run with {name} {kept.get(name)}, this one has "
                        f"{value}; name another output, or delete that folder"
                    )
        elif rank == 0:
            write_json(path, own)

    def train(
        self,
        where: Any,
        rank: int,
        world: int,
        bf16: bool | None,
        every: float,
        on_moment: Watch | None,
    ) -> Any:
        """Train to the last step, or go on from a checkpoint; the trained module.

        Args:
            where: the device. rank, world: of this process. bf16: see `Training`.
            every: seconds between two calls of `on_moment`.
        """
        from tokenworks.lm.fitting import Training

        module = self.build().to(where)
        training = Training(module, self.recipe, bf16=bf16)
        kept = self.checkpoints
        kept.begin(training)
        stream = batches(self.file, self.recipe, step=training.number, rank=rank, world=world)
        log = None
        if rank == 0:
            begun = training.number
            log = RunLog(self.folder, self.recipe, self.file, begun, every, on_moment)
        with stopping() as asked:
            try:
                for step in training.fit(stream):
                    if log is not None:
                        log.take(step)
                        if step.number == self.recipe.stable_until:
                            kept.keep(training, kept.stable)
                        if log.save_due():
                            kept.keep(training, kept.latest)
                    if asked():
                        raise KeyboardInterrupt
            except KeyboardInterrupt:
                if log is not None:
                    log.flush()
                    kept.keep(training, kept.latest)
                raise
        if log is not None:
            log.flush()
            kept.keep(training, kept.latest)
        return module

    def build(self) -> Any:
        """The model before its first step; in float32, on the CPU."""
        import torch
        import transformers

        rows = -(-self.tokenizer.max_id_plus_one // _ROWS) * _ROWS
        config = self.size.config(rows, context=self.recipe.length, separator=self.separator)
        torch.manual_seed(self.recipe.seed)
        maker: Any = transformers.AutoModelForCausalLM
        return maker.from_config(config)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """SIGINT and SIGTERM wait for the end of a step, so that no half of one gets into a checkpoint.

    The value tells whether one came. A second one stops at once.
    """
    came: list[int] = []

    def note(number: int, frame: Any) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
