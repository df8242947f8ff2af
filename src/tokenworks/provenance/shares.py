"""The answer of a method of mixture inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """What a method says about the mixture.

    weights: float64 [n], parts of the bytes, summing to 1. objective: what the mixture leaves
    unexplained, and step_slack [steps], pair_slack [pairs] its parts, all in parts per million of the
    merged pairs; None for methods without a program. rivals: steps and pairs of the rows of the program.
    """

    weights: NDArray[np.float64]
    objective: float | None = None
    step_slack: NDArray[np.float64] | None = None
    pair_slack: NDArray[np.float64] | None = None
    rivals: tuple[NDArray[np.uint32], NDArray[np.uint32]] | None = None
    rounds: int = 0
