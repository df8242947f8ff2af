"""The states that a run keeps: the latest, and the one at which its rate began to fall."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokenworks.errors import OptionError
from tokenworks.lm.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Of the run in a folder, under a recipe."""

    folder: Path
    recipe: Recipe

    @property
    def latest(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def stable(self) -> Path:
        """The state at which the cooldown began, from which a longer run goes on."""
        return self.folder / "before-cooldown.safetensors"

    def begin(self, training: Any) -> None:
        """Take up the furthest state from which this recipe's schedule holds.

        Raises:
            OptionError: the run is past the step at which the cooldown would have to begin.
        """
        from tokenworks.lm import checkpoint

        for path in (self.latest, self.stable):
            if not path.exists():
                continue
            state, step, planned = checkpoint.load(path)
            cooling = step > replace(self.recipe, steps=planned).stable_until
            if planned == self.recipe.steps or not (cooling or step > self.recipe.stable_until):
                training.restore(state, step)
                return
        if self.latest.exists():
            raise OptionError(
                f"the run is past step {self.recipe.stable_until:,}, where the cooldown of "
                f"{self.recipe.steps:,} steps begins; ask for more steps"
            )

    def keep(self, training: Any, path: Path) -> None:
        """Write the state of a training into one of the files.

        Raises:
            WriteError: it cannot be written.
        """
        from tokenworks.lm import checkpoint

        checkpoint.save(path, training.state(), training.number, self.recipe.steps)
