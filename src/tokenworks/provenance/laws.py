"""What every method of mixture inference must do, shown on tokenizers of known mixture."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from tokenworks.data.udhr import declaration
from tokenworks.provenance.evidence import Evidence, gather
from tokenworks.provenance.forcing_laws import batches, hidden, probabilities, scores  # noqa: F401
from tokenworks.provenance.leaking_laws import defended, measured  # noqa: F401
from tokenworks.provenance.merge_list import plain_merge_list
from tokenworks.provenance.planted import plant
from tokenworks.provenance.samples import Sample
from tokenworks.provenance.shares import Shares
from tokenworks.testing import law

Infer = Callable[[Evidence], Shares]
_LANGUAGES = ("en", "tr", "ru", "el")
_PLANTED = np.array([0.55, 0.25, 0.15, 0.05])


@cache
def _samples() -> tuple[Sample, ...]:
    found = []
    for name in _LANGUAGES:
        lines = [line + "\n" for line in declaration(name).articles]
        blocks = tuple(tuple(lines[first::4]) for first in range(4))
        found.append(Sample(name, blocks, sum(len(line.encode()) for line in lines), 0))
    return tuple(found)


@cache
def _evidence(order: tuple[int, ...] = (0, 1, 2, 3)) -> Evidence:
    merges = plain_merge_list(plant(_samples(), _PLANTED, 800))
    return gather(merges, [_samples()[i] for i in order])


@law("shares are not negative and sum to one", when="mixture")
def shares(infer: Infer) -> None:
    weights = infer(_evidence()).weights
    assert weights.shape == (4,), weights.shape
    assert np.isfinite(weights).all() and (weights >= 0).all(), weights
    assert abs(weights.sum() - 1) < 1e-9, weights.sum()


@law("the order of the categories does not matter", when="mixture")
def order(infer: Infer) -> None:
    shuffled = (2, 0, 3, 1)
    plain, moved = infer(_evidence()).weights, infer(_evidence(shuffled)).weights
    assert np.allclose(plain[list(shuffled)], moved, atol=1e-4), (plain, moved)


@law("a planted mixture is recovered from the text that it was planted with", when="recovers")
def recovered(infer: Infer) -> None:
    found = infer(_evidence())
    assert np.abs(found.weights - _PLANTED).max() < 1e-3, found.weights
    if found.objective is not None:  # the true mixture explains every merge
        assert found.objective < 1.0, found.objective
