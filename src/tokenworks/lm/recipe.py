"""How a model is trained: lengths, rates, and a schedule that can be extended or cooled down."""

from __future__ import annotations

from dataclasses import dataclass

from tokenworks.errors import OptionError


@dataclass(frozen=True, slots=True)
class Recipe:
    """The numbers of a run.

    The rate rises over `warmup` steps, stays, and falls to zero over the last `cooldown` share of
    `steps` (warm-up, stable, decay: arXiv:2404.06395). Nothing before the cooldown depends on `steps`,
    so a run can be extended, or be cooled down early, from any checkpoint before it.

    steps: in all. batch: sequences of one step. length: tokens of a sequence.
    matrix_rate: of Muon, for the matrices inside. other_rate: of AdamW, for embeddings and the rest.
    clip: the largest norm of the gradient. seed: of the weights and of the order of the text.
    """

    steps: int
    batch: int = 16
    length: int = 256
    matrix_rate: float = 0.02
    other_rate: float = 0.003
    warmup: int = 50
    cooldown: float = 0.2
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("steps", 1, 10**9),
            ("batch", 1, 10**6),
            ("length", 2, 10**7),
            ("matrix_rate", 0.0, 1.0),
            ("other_rate", 0.0, 1.0),
            ("warmup", 0, 10**9),
            ("cooldown", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"{name} is {value}; it must be between {low} and {high}")
        if self.clip <= 0:
            raise OptionError(f"clip is {self.clip}; it must be above 0")

    @property
    def stable_until(self) -> int:
        """The step at which the cooldown begins."""
        return self.steps - round(self.cooldown * self.steps)

    def share(self, step: int) -> float:
        """The share of the full rate at a step, counted from 0.

        >>> recipe = Recipe(steps=100, warmup=10, cooldown=0.5)
        >>> [recipe.share(step) for step in (0, 9, 49, 75, 99)]
        [0.1, 1.0, 1.0, 0.5, 0.02]
        """
        rising = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        left = self.steps - step
        falling = min(1.0, left / max(self.steps - self.stable_until, 1))
        return min(rising, falling)
