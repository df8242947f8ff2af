"""95 % intervals by resampling documents: the same resamples for every tokenizer and metric, so
that figures of two tokenizers on the same documents can be compared."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 1000
UNITS = 1000  # more documents than this are resampled as so many groups of documents
SEED = 20240517
Z = 1.959963984540054  # two-sided 95 %


@lru_cache(maxsize=16)
def weights(n: int, seed: int = SEED) -> Floats:
    """How often each of n documents stands in each resample: float64 [RESAMPLES, n]."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    found = drawn.astype(np.float64)
    found.setflags(write=False)
    return found


def bundled(columns: NDArray[np.number]) -> Floats:
    """Per-document figures [..., n] summed into at most UNITS bundles, every UNITS-th together."""
    n = columns.shape[-1]
    values = columns.astype(np.float64)
    if n <= UNITS:
        return values
    padding = -n % UNITS
    if padding:
        values = np.concatenate([values, np.zeros((*values.shape[:-1], padding))], axis=-1)
    summed: Floats = values.reshape(*values.shape[:-1], -1, UNITS).sum(axis=-2)
    return summed


def resampled_sums(columns: NDArray[np.number]) -> Floats | None:
    """Sums of per-document figures [..., n] in each resample, [..., RESAMPLES]; None if n < 2."""
    if columns.shape[-1] < 2:
        return None
    units = bundled(columns)
    return units @ weights(units.shape[-1]).T


def intervals(resampled: Floats, values: Floats) -> list[tuple[float, float]]:
    """The middle 95 % of resampled values, float64 [T, resamples], widened to hold the value itself.

    Resamples in which a figure is not defined are left out.
    """
    if not np.isfinite(resampled).all():
        return [_defined(row, value) for row, value in zip(resampled, values, strict=True)]
    low, high = np.quantile(resampled, (0.025, 0.975), axis=-1)
    pairs = zip(np.minimum(low, values).tolist(), np.maximum(high, values).tolist(), strict=True)
    return list(pairs)


def _defined(resampled: Floats, value: float) -> tuple[float, float]:
    finite = resampled[np.isfinite(resampled)]
    if not len(finite):
        return float(value), float(value)
    low, high = np.quantile(finite, (0.025, 0.975))
    return min(float(low), float(value)), max(float(high), float(value))
