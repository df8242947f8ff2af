"""95 % intervals by leaving out blocks of documents, for figures that are no ratio of sums."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

# Student's t at 97.5 % for 1, 2, ... degrees of freedom.
_T = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306),
    *(2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
)


def jackknife(left_out: NDArray[np.float64], value: float) -> tuple[float, float] | None:
    """The interval around a value from its values with one block left out, float64 [blocks].

    Returns:
        Low and high; None with fewer than two blocks.
    """
    blocks = len(left_out)
    if blocks < 2:
        return None
    deviations = left_out - left_out.mean()
    error = sqrt((blocks - 1) / blocks * float(deviations @ deviations))
    half = _T[min(blocks - 1, len(_T)) - 1] * error
    return value - half, value + half
