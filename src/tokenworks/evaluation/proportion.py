"""The interval of a share of independent trials."""

from __future__ import annotations

from math import sqrt

from tokenworks.evaluation.bootstrap import Z


def wilson(hits: float, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of hits out of `of` trials, as shares between 0 and 1."""
    if not of:
        return 0.0, 1.0
    share = hits / of
    centre = share + Z * Z / (2 * of)
    half = Z * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    return max(0.0, min(share, (centre - half) / scale)), min(
        1.0, max(share, (centre + half) / scale)
    )
