"""From sums to figures: premiums, compression and their intervals."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.workflows.compare.intervals import Bootstrap, Estimate, Sums
from tokenworks.workflows.compare.result import LabelFigures, ScriptFigures

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """The figures that the sums of a corpus give.

    sums: the corpus and its draws. parallel: labels hold the same text. reference: the number of
    the tokenizer that others are compared with. label: that of the reference label, on parallel
    text.
    """

    sums: Bootstrap
    parallel: bool
    reference: int
    label: int

    def bytes_per_token(self) -> list[Estimate]:
        """Of each tokenizer, all labels together."""
        return self.sums.estimate(lambda s: s[..., 1].sum(axis=1) / s[..., 0].sum(axis=1))

    def relative(self) -> list[Estimate]:
        """Tokens over those of the reference tokenizer for the same text.

        On parallel text the geometric mean over the labels, so that each weighs the same;
        otherwise the ratio of all tokens.
        """
        return self.sums.estimate(lambda s: self._relative(s, self.reference))

    def against(self, tokenizer: int, other: int) -> Estimate:
        """Tokens of one tokenizer over those of another, with the interval of the ratio."""
        return self.sums.estimate(lambda s: self._relative(s, other)[:, [tokenizer]])[0]

    def _relative(self, sums: Sums, other: int) -> Floats:
        # Tokens per byte, since a tokenizer that failed on a text has not counted it.
        if self.parallel:
            logs = np.log(_density(sums))
            mean: Floats = np.exp(np.nanmean(logs - logs[:, :, [other]], axis=1))
            return mean
        total = _density(sums.sum(axis=1))
        return total / total[:, [other]]

    def label_bytes_per_token(self, tokenizer: int) -> list[Estimate]:
        """Of one tokenizer, label by label."""
        return self.sums.estimate(lambda s: s[:, :, tokenizer, 1] / s[:, :, tokenizer, 0])

    def premiums(self, tokenizer: int) -> list[Estimate]:
        """Tokens of each label over those of the reference label, under one tokenizer."""
        return self.sums.estimate(lambda s: self._premiums(s)[:, :, tokenizer])

    def _premiums(self, sums: Sums) -> Floats:
        tokens = sums[..., 0]
        ratio: Floats = tokens / tokens[:, [self.label]]
        return ratio

    def median_premium(self) -> list[Estimate]:
        """The median over all labels but the reference."""

        def figure(sums: Sums) -> Floats:
            others = np.delete(self._premiums(sums), self.label, axis=1)
            median: Floats = np.nanmedian(others, axis=1)
            return median

        return self.sums.estimate(figure)

    def gini(self) -> list[Estimate]:
        """Inequality of the tokens that labels take for the same text: 0 where all take the same."""

        def figure(sums: Sums) -> Floats:
            ordered = np.sort(sums[..., 0], axis=1)
            n = ordered.shape[1]
            rank = np.arange(1, n + 1)[None, :, None]
            weighted = ((2 * rank - n - 1) * ordered).sum(axis=1)
            value: Floats = weighted / (n * ordered.sum(axis=1))
            return value

        return self.sums.estimate(figure)


def _density(sums: Sums) -> Floats:
    density: Floats = sums[..., 0] / sums[..., 1]
    return density


def by_script(labels: Sequence[LabelFigures]) -> tuple[ScriptFigures, ...]:
    """Medians over the labels of each script: of premiums, else of bytes per token."""
    groups: dict[str, list[LabelFigures]] = {}
    for row in labels:
        groups.setdefault(row.script, []).append(row)
    found = [
        ScriptFigures(
            script,
            len(rows),
            tuple(
                statistics.median(
                    (row.premiums or row.bytes_per_token)[index].value for row in rows
                )
                for index in range(len(rows[0].tokens))
            ),
        )
        for script, rows in groups.items()
    ]
    sign = 1 if labels and labels[0].premiums else -1
    return tuple(sorted(found, key=lambda group: (sign * group.values[0], group.script)))
