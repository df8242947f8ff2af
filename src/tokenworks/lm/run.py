"""A training run on disk: what it is, its checkpoints and its log; it goes on exactly where it ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokenworks.lm.checkpoints import Checkpoints
from tokenworks.lm.recipe import Recipe
from tokenworks.lm.run_folder import agree, go_on
from tokenworks.lm.run_log import Moment, RunLog, Since, Watch, bits_per_byte
from tokenworks.lm.sizes import Size
from tokenworks.lm.token_file import TokenFile, batches
from tokenworks.tokenizer import Tokenizer

_UNTOLD = {"corpus": "files or their sizes differ", "tokenizer": "its definition differs"}
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
        agree(self.folder, own, untold=_UNTOLD, begin=rank == 0)

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
            tell = None if on_moment is None else lambda since: on_moment(self._moment(since))
            log = RunLog(self.folder, self.recipe, training.number, every, tell)
        go_on(training, stream, kept, log)
        return module

    def _moment(self, since: Since) -> Moment:
        tokens = self.recipe.batch * self.recipe.length
        return Moment(
            step=since.last.number,
            steps=self.recipe.steps,
            loss=since.loss,
            share=since.last.share,
            tokens=since.last.number * tokens,
            tokens_per_second=tokens / since.per_step,
            bits_per_byte=bits_per_byte(since.loss, self.file),
            seconds=since.seconds,
        )

    def build(self) -> Any:
        """The model before its first step; in float32, on the CPU."""
        import torch
        import transformers

        rows = -(-self.tokenizer.max_id_plus_one // _ROWS) * _ROWS
        config = self.size.config(rows, context=self.recipe.length, separator=self.separator)
        torch.manual_seed(self.recipe.seed)
        maker: Any = transformers.AutoModelForCausalLM
        return maker.from_config(config)
