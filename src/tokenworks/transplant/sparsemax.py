"""Sparsemax: the nearest point of the simplex, which gives most entries no weight at all."""

from __future__ import annotations

import numpy as np

from tokenworks.transplant.embeddings import Floats


def sparsemax(scores: Floats) -> Floats:
    """Project each row of scores onto the simplex (Martins and Astudillo, 2016).

    Args:
        scores: float32 [n, m], m at least 1.

    Returns:
        Weights, float32 [n, m]: not negative, each row sums to 1.
    """
    ordered = -np.sort(-scores.astype(np.float64), axis=1)
    sums = np.cumsum(ordered, axis=1)
    counts = np.arange(1, scores.shape[1] + 1)
    support = (1 + counts * ordered > sums).sum(axis=1)
    threshold = (np.take_along_axis(sums, support[:, None] - 1, axis=1)[:, 0] - 1) / support
    weights: Floats = np.maximum(scores - threshold[:, None], 0).astype(np.float32)
    return weights


def unit_rows(vectors: Floats) -> Floats:
    """Rows divided by their lengths; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled
