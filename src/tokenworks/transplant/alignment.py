"""Word alignment of translations by expectation maximisation, as fast_align does it.

IBM model 1 with a prior for the diagonal (Dyer, Chahuneau and Smith, 2013): a token is the
translation of one token of the other side, or of none, and rather of one at the same place of its
sentence. Both directions are trained; what they agree on counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.transplant.embeddings import Ids

TENSION = 4.0
NOTHING = 0.08  # of translating no token
_ROUNDS = 5
_LONGEST = 256  # tokens of a side; longer ones are left out, as their cells are the product of both

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How often the tokens of two sides translate each other.

    source, target: int64 [n], the pairs; count: float64 [n], expected.
    """

    source: Ids
    target: Ids
    count: Doubles


def align(pairs: Sequence[tuple[Ids, Ids]], *, least: float = 0.01) -> Alignment:
    """Align the tokens of translated sentences.

    Args:
        pairs: (source ids, target ids) of each sentence, int64.
        least: pairs that are expected less often in all are dropped.

    Returns:
        The pairs that translate each other, by target and falling count.
    """
    pairs = [(a, b) for a, b in pairs if 0 < len(a) <= _LONGEST and 0 < len(b) <= _LONGEST]
    empty = np.zeros(0, np.int64)
    if not pairs:
        return Alignment(empty, empty, np.zeros(0))
    source = np.concatenate([np.tile(a, len(b)) for a, b in pairs])
    target = np.concatenate([np.repeat(b, len(a)) for a, b in pairs])
    forward = _posterior(pairs, source, target)
    turned = [(b, a) for a, b in pairs]
    backward = _posterior(
        turned,
        np.concatenate([np.tile(b, len(a)) for a, b in pairs]),
        np.concatenate([np.repeat(a, len(b)) for a, b in pairs]),
    )
    both = forward * _turned(pairs, backward)
    width = int(target.max()) + 1
    key, place = np.unique(source * width + target, return_inverse=True)
    count = np.bincount(place, both, minlength=len(key))
    kept = count >= least
    key, count = key[kept], count[kept]
    order = np.lexsort((-count, key % width))
    return Alignment((key // width)[order], (key % width)[order], count[order])


def _posterior(pairs: Sequence[tuple[Ids, Ids]], source: Ids, target: Ids) -> Doubles:
    """The chance that each source token of a cell is what its target token translates."""
    prior = np.concatenate([_prior(len(a), len(b)) for a, b in pairs])
    sizes = np.concatenate([np.full(len(b), len(a)) for a, b in pairs])
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    word = np.repeat(np.arange(len(sizes)), sizes)
    width = int(target.max()) + 1
    key, place = np.unique(source * width + target, return_inverse=True)
    of_source = key // width
    uniform = 1 / max(1, len(np.unique(target)))
    chance = np.full(len(key), uniform)
    words = target[starts[:-1]]
    from_nothing = np.full(width, uniform)
    posterior = prior
    for _ in range(_ROUNDS):
        joint = chance[place] * prior
        total = np.add.reduceat(joint, starts[:-1])
        none = NOTHING * from_nothing[words]
        posterior = joint / (total + none)[word]
        counted = np.bincount(place, posterior, minlength=len(key))
        sums = np.bincount(of_source, counted)
        chance = counted / sums[of_source]
        lost = np.bincount(words, none / (total + none), minlength=width)
        from_nothing = lost / max(lost.sum(), 1e-300)
    return posterior


def _prior(sources: int, targets: int) -> Doubles:
    """Of each cell, target by target: near the diagonal is likelier; a target's sum is 1 - NOTHING."""
    at = (np.arange(sources) + 1) / sources
    here = (np.arange(targets) + 1) / targets
    near = np.exp(-TENSION * np.abs(at[None, :] - here[:, None]))
    found: Doubles = ((1 - NOTHING) * near / near.sum(axis=1, keepdims=True)).reshape(-1)
    return found


def _turned(pairs: Sequence[tuple[Ids, Ids]], cells: Doubles) -> Doubles:
    """Cells of the other direction in the order of this one."""
    found = np.empty_like(cells)
    start = 0
    for a, b in pairs:
        end = start + len(a) * len(b)
        found[start:end] = cells[start:end].reshape(len(a), len(b)).T.reshape(-1)
        start = end
    return found
