"""Orthogonal matching pursuit as published, one target and one anchor at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pursue(
    anchors: NDArray[np.float64], target: NDArray[np.float64], k: int
) -> tuple[list[int], NDArray[np.float64]]:
    """Anchors chosen by the largest |<residual, anchor>|, and the least-squares coefficients."""
    residual = target.copy()
    chosen: list[int] = []
    coefficients = np.zeros(0)
    for _ in range(k):
        best, best_value = -1, -1.0
        for number, anchor in enumerate(anchors):
            value = abs(float(residual @ anchor))
            if number not in chosen and value > best_value:
                best, best_value = number, value
        chosen.append(best)
        coefficients = np.linalg.lstsq(anchors[chosen].T, target, rcond=None)[0]
        residual = target - coefficients @ anchors[chosen]
    return chosen, coefficients
