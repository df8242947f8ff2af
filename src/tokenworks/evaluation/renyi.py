"""Renyi efficiency of the distribution of tokens (Zouhar et al. 2023).

A tokenizer is a code for a noiseless channel; a good one uses its tokens evenly. The efficiency is
the Renyi entropy of the tokens' frequencies over the greatest one that as many types could have.
The paper recommends alpha 2.5, where it follows translation quality better than compression does;
its package defaults to 3 (and prints the values of 3 under 2.5 in its description). Adding tokens at
random can raise the figure, so it is nothing to optimise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isclose
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.evaluation.encoded import Encoded, Group
from tokenworks.evaluation.histograms import BLOCKS
from tokenworks.evaluation.jackknife import jackknife
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Floats = NDArray[np.float64]


@method(
    "evaluation",
    "renyi",
    paper="arXiv:2306.16842",
    year=2023,
    summary="Renyi efficiency of the token distribution, entropy, and mass of the middle frequencies.",
    fidelity="exact",
)
def renyi(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded,
    model: object = None,
    *,
    powers: Sequence[float] = (2.5, 3.0),
    nominal: bool = False,
) -> list[Row]:
    """Measure how evenly tokens are used.

    Inputs/outputs: rows `renyi_efficiency_2.5` and so on for each power, `entropy` (Shannon, bits per
    token) and `middle_frequencies` (percent of tokens whose type stands between the 3rd and the 83rd
    percentile of types by frequency). `nominal` divides by the whole vocabulary instead of the
    types that occur. Cost: one pass over the counts per group. Deviations: none; intervals are a
    jackknife over 16 blocks of documents. Raises: OptionError for a power of 0 or below.
    """
    for power in powers:
        if not power > 0:
            raise OptionError(f"power is {power}; expected a number above 0")
    encoded = Encoded.of(tokenizers, samples)
    found: list[Row] = []
    for group in encoded.groups:
        for number in range(len(encoded.names)):
            found.extend(_rows(encoded, number, group, powers, nominal))
    return found


def efficiency(counts: NDArray[np.number], power: float, size: int | None = None) -> float:
    """Renyi entropy of counts over log2 of the number of types; 0 for one type or none.

    Args:
        counts: how often each type occurs.
        power: alpha, above 0; 1 is Shannon's.
        size: types to divide by; those that occur where left out.
    """
    occurring = counts[counts > 0].astype(np.float64)
    kinds = len(occurring) if size is None else size
    return float(_efficiencies(occurring[None], power, np.array([kinds]))[0])


def _efficiencies(rows: Floats, power: float, sizes: NDArray[np.int64]) -> Floats:
    """Entropies of rows of counts over log2 of sizes; 0 where a size or the types are fewer than 2."""
    scale = np.where(sizes > 1, np.log2(np.maximum(sizes, 2)), np.inf)
    found: Floats = entropies(rows, power) / scale
    return found


def entropies(counts: Floats, power: float) -> Floats:
    """Renyi entropies in bits of rows of counts, float64 [rows]; rows without counts are 0."""
    total = counts.sum(axis=-1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    if isclose(power, 1):
        logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
        found: Floats = -(shares * logs).sum(axis=-1)
        return found.clip(min=0.0)
    powered = np.where(shares > 0, shares, 0.0) ** power
    sums = powered.sum(axis=-1)
    logs = np.log2(sums, out=np.zeros_like(sums), where=sums > 0)
    scaled: Floats = logs / (1 - power)
    return scaled.clip(min=0.0)


def middle_frequencies(counts: NDArray[np.number], low: float = 0.03, high: float = 0.83) -> Floats:
    """The share of tokens whose type ranks between two percentiles of types by rising frequency.

    Args:
        counts: how often each type occurs, [rows, types].
        low, high: the percentiles, as shares of the types that occur in a row.

    Returns:
        The share of each row, float64 [rows]; 0 for rows without counts.
    """
    kinds = counts.shape[-1]
    occurring = np.count_nonzero(counts, axis=-1)
    first = kinds - occurring  # types that do not occur come first
    sums = np.zeros((len(counts), kinds + 1))
    np.cumsum(np.sort(counts, axis=-1), axis=-1, out=sums[:, 1:])
    row = np.arange(len(counts))
    begin, end = (first + (occurring * edge).astype(np.int64) for edge in (low, high))
    middle = sums[row, end] - sums[row, begin]
    shares: Floats = np.divide(
        middle, sums[:, -1], out=np.zeros(len(counts)), where=sums[:, -1] > 0
    )
    return shares


def _rows(
    encoded: Encoded, number: int, group: Group, powers: Sequence[float], nominal: bool
) -> Iterator[Row]:
    ids, blocks, counts = encoded.histograms[number].blocks(group.cells)
    if not len(ids):
        return
    seen = np.zeros(encoded.histograms[number].size, dtype=bool)
    seen[ids] = True
    place = (np.cumsum(seen) - 1)[ids]
    kinds = int(seen.sum())
    table = np.bincount(blocks * kinds + place, counts, BLOCKS * kinds).reshape(BLOCKS, kinds)
    total = table.sum(axis=0)
    filled = table[table.any(axis=1)]
    rows = np.concatenate([total[None], total - filled])  # all, then each block left out once
    size = encoded.tokenizers[number].n_tokens
    sizes = np.full(len(rows), size) if nominal else np.count_nonzero(rows, axis=1)

    figures: list[tuple[str, str, Floats]] = [
        (f"renyi_efficiency_{power:g}", "ratio", _efficiencies(rows, power, sizes))
        for power in powers
    ]
    figures.append(("entropy", "bits/token", entropies(rows, 1)))
    figures.append(("middle_frequencies", "%", 100 * middle_frequencies(rows)))
    for metric, unit, found in figures:
        value = float(found[0])
        around = jackknife(found[1:], value)
        yield Row(
            tokenizer=encoded.names[number],
            metric=metric,
            kind=group.kind,
            group=group.name,
            value=value,
            low=around[0] if around else None,
            high=around[1] if around else None,
            unit=unit,
            direction="higher" if metric.startswith("renyi") else "none",
            n=len(group.documents),
        )
