"""Tokens as a power law of vocabulary size, and the vocabulary that each language would need.

The remedy of arXiv:2510.21909 for unequal premiums: per language, fit tokens = a * size^b over
tokenizers of several sizes, choose a number of tokens that every language is to reach, and solve for
the size. Outside the sizes that were fitted the law flattens, so that sizes are held inside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.row import Direction, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """tokens = scale * size ** exponent, fitted between two sizes.

    >>> PowerLaw(1e6, -0.5, 1_000, 64_000).size_for(10_000.0)
    (10000, True)
    """

    scale: float
    exponent: float
    smallest: int
    largest: int

    def tokens(self, size: float) -> float:
        """The tokens that a vocabulary of this size gives."""
        return self.scale * exp(self.exponent * log(size))

    def size_for(self, tokens: float) -> tuple[int, bool]:
        """The size that gives so many tokens, held inside the fitted sizes; and whether it was inside."""
        if not self.exponent:
            return self.largest, False
        size = (log(tokens) - log(self.scale)) / self.exponent
        inside = log(self.smallest) - 1e-9 <= size <= log(self.largest) + 1e-9
        held = min(max(size, log(self.smallest)), log(self.largest))
        return round(exp(held)), inside


def fit(sizes: Sequence[int], tokens: Sequence[float]) -> PowerLaw:
    """Fit by least squares of the logarithms.

    Raises:
        OptionError: fewer than two sizes, or a number that is not above 0.
    """
    if len(set(sizes)) < 2:
        raise OptionError(f"sizes are {list(sizes)}; expected at least two different ones")
    if min(sizes) <= 0 or min(tokens) <= 0:
        raise OptionError("sizes and tokens must be above 0")
    x, y = np.log(np.array(sizes, dtype=float)), np.log(np.array(tokens, dtype=float))
    centred = x - x.mean()
    exponent = float(centred @ y / (centred @ centred))
    scale = exp(float(y.mean()) - exponent * float(x.mean()))
    return PowerLaw(scale, exponent, min(sizes), max(sizes))


def common_target(laws: Sequence[PowerLaw], size: int | None = None) -> float:
    """The tokens of the median language at one size (the largest that was fitted where left out)."""
    return float(np.median([law.tokens(size or law.largest) for law in laws]))


@method(
    "evaluation",
    "vocabulary-law",
    paper="arXiv:2510.21909",
    year=2025,
    summary="Power law of tokens against vocabulary size, and the vocabulary each language would need.",
    fidelity="faithful",
)
def vocabulary_law(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded,
    model: object = None,
    *,
    target: float | None = None,
) -> list[Row]:
    """Fit the law over tokenizers that differ in size only, per language (or over everything).

    Inputs/outputs: at least two sizes, best a family trained alike; else no rows. The rows stand for
    all tokenizers together, whose place the name "power law" takes: `law_exponent`, `law_error`
    (greatest relative error of the fit, percent), `optimal_vocabulary` (tokens of vocabulary to
    reach `target`, by default the median language at the largest size) and `optimal_in_range` (1
    where that lies inside the sizes; else the nearest end is given).
    Cost: a fit per language. Deviations: the paper fits monolingual tokenizers on FLORES; any family
    and any text may be given. Raises: OptionError for a target of 0 or below.
    """
    if target is not None and not target > 0:
        raise OptionError(f"target is {target}; expected a number of tokens above 0")
    encoded = Encoded.of(tokenizers, samples)
    sizes = [tokenizer.n_tokens for tokenizer in encoded.tokenizers]
    if len(set(sizes)) < 2:
        return []
    groups = encoded.groups_of("language") or encoded.groups_of("all")
    kept, laws, tokens = [], [], []
    for group in groups:
        counts = encoded.tokens[:, group.documents].sum(axis=1).astype(np.float64)
        if counts.min() > 0:
            kept.append(group)
            laws.append(fit(sizes, counts.tolist()))
            tokens.append(counts)
    if not kept:
        return []
    goal = common_target(laws) if target is None else target
    rows: list[Row] = []
    for group, law, counts in zip(kept, laws, tokens, strict=True):
        for metric, value, unit, direction in _figures(law, sizes, counts, goal):
            rows.append(
                Row(
                    tokenizer="power law",
                    metric=metric,
                    kind=group.kind,
                    group=group.name,
                    value=value,
                    low=None,
                    high=None,
                    unit=unit,
                    direction=direction,
                    n=len(group.documents),
                )
            )
    return rows


def _figures(
    law: PowerLaw, sizes: Sequence[int], counts: NDArray[np.float64], goal: float
) -> Iterator[tuple[str, float, str, Direction]]:
    fitted = np.array([law.tokens(size) for size in sizes])
    size, inside = law.size_for(goal)
    yield "law_exponent", law.exponent, "exponent", "none"
    yield "law_error", 100 * float(np.abs(fitted / counts - 1).max()), "%", "lower"
    yield "optimal_vocabulary", float(size), "tokens", "none"
    yield "optimal_in_range", float(inside), "yes/no", "higher"
