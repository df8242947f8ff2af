"""Token premiums on parallel text (Petrov et al. 2023) and their inequity over languages.

The premium of a language is the number of tokens of its text over that of the same text in the
reference language, under the same tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.evaluation.bootstrap import intervals, resampled_sums
from tokenworks.evaluation.encoded import Encoded, Group
from tokenworks.evaluation.row import Direction, Kind, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Floats = NDArray[np.float64]

ENGLISH = ("en", "eng", "eng_Latn", "english", "English")


@method(
    "evaluation",
    "premium",
    paper="arXiv:2305.15425",
    year=2023,
    summary="Tokens of each language over those of a reference language on parallel text; inequity.",
    fidelity="faithful",
)
def premium(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded,
    model: object = None,
    *,
    reference: str | None = None,
) -> list[Row]:
    """Compare the tokens that the same text takes in each language.

    Inputs/outputs: languages with as many documents as the reference (English where left out), in the
    same order; see `aligned`. Rows `premium` per language; per script and overall `premium_median`;
    overall `premium_best`, `premium_worst`, `premium_spread` (coefficient of variation of the tokens
    over languages) and `premium_gini`. No rows without a reference language.
    Cost: one product of matrices. Deviations: spread and Gini stand for the paper's tables; the
    spread is that of arXiv:2510.21909 divided by its mean. Intervals resample aligned documents.
    Raises: OptionError for a reference that no document has.
    """
    encoded = Encoded.of(tokenizers, samples)
    base, groups, _ = aligned(encoded, reference)
    if base is None:
        return []
    at = [group.name for group in groups].index(base)
    # tokens of each tokenizer and language: float64 [T, L] and [T, L, resamples]
    chosen = np.stack([encoded.tokens[:, group.documents] for group in groups], axis=1)
    sums = chosen.sum(axis=-1).astype(np.float64)
    kept = sums[:, at] > 0
    resampled = resampled_sums(chosen)
    rows: list[Row] = []
    n = len(groups[at].documents)
    scripts = _scripts(encoded, groups)
    for number, name in enumerate(encoded.names):
        if kept[number]:
            drawn = None if resampled is None else resampled[number]
            rows.extend(_of_tokenizer(name, groups, at, scripts, sums[number], drawn, n))
    return rows


def aligned(
    encoded: Encoded, reference: str | None = None
) -> tuple[str | None, tuple[Group, ...], tuple[str, ...]]:
    """The languages that can be compared with a reference.

    Returns:
        The reference (None if there is none), the languages with as many documents as it, and the
        names of those left out.

    Raises:
        OptionError: no document is in the reference language that was asked for.
    """
    groups = encoded.groups_of("language")
    names = [group.name for group in groups]
    if reference is None:
        reference = next((name for name in ENGLISH if name in names), None)
        if reference is None:
            return None, (), tuple(names)
    elif reference not in names:
        known = ", ".join(names) or "none, the documents have no languages"
        raise OptionError(f"no document is in the reference language {reference!r}; known: {known}")
    size = len(groups[names.index(reference)].documents)
    kept = tuple(group for group in groups if len(group.documents) == size)
    left = tuple(group.name for group in groups if len(group.documents) != size)
    return reference, kept, left


def gini(values: Floats) -> Floats:
    """Gini's coefficient of values over the first axis, 0 where all are equal: float64 [...]."""
    n = len(values)
    ordered = np.sort(values, axis=0)
    ranks = (2 * np.arange(1, n + 1) - n - 1).reshape(-1, *[1] * (values.ndim - 1))
    total = ordered.sum(axis=0)
    weighted = (ranks * ordered).sum(axis=0)
    found: Floats = np.divide(
        weighted, n * total, out=np.zeros_like(weighted, dtype=float), where=total > 0
    )
    return found


def _scripts(encoded: Encoded, groups: Sequence[Group]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        cells, counts = np.unique(encoded.cell[group.documents], return_counts=True)
        script = encoded.cells[int(cells[counts.argmax()])].script
        found.setdefault(script, []).append(number)
    return dict(sorted(found.items()))


def _of_tokenizer(
    name: str,
    groups: Sequence[Group],
    at: int,
    scripts: dict[str, list[int]],
    tokens: Floats,
    resampled: Floats | None,
    n: int,
) -> Iterator[Row]:
    """Rows of one tokenizer: tokens float64 [L]; resampled float64 [L, resamples] or None."""
    premiums = tokens / tokens[at]
    drawn = None
    if resampled is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = resampled / resampled[at]

    def row(
        metric: str,
        kind: Kind,
        group: str,
        value: float,
        values: Floats | None,
        direction: Direction = "lower",
    ) -> Row:
        around = None if values is None else intervals(values[None], np.array([value]))[0]
        return Row(
            tokenizer=name,
            metric=metric,
            kind=kind,
            group=group,
            value=value,
            low=around[0] if around else None,
            high=around[1] if around else None,
            unit="ratio",
            direction=direction,
            n=n,
        )

    for number, group in enumerate(groups):
        values = None if drawn is None else drawn[number]
        yield row("premium", "language", group.name, float(premiums[number]), values)
    for script, numbers in scripts.items():
        values = None if drawn is None else np.median(drawn[numbers], axis=0)
        yield row("premium_median", "script", script, float(np.median(premiums[numbers])), values)
    for metric, of in (
        ("premium_median", lambda values: np.median(values, axis=0)),
        ("premium_best", lambda values: values.min(axis=0)),
        ("premium_worst", lambda values: values.max(axis=0)),
        ("premium_spread", lambda values: values.std(axis=0) / values.mean(axis=0)),
        ("premium_gini", gini),
    ):
        value = float(of(premiums))
        yield row(metric, "all", "", value, None if drawn is None else of(drawn))
