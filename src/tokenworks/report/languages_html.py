"""The comparison of languages as one self-contained page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tokenworks import __version__
from tokenworks.report import page

if TYPE_CHECKING:
    from tokenworks.workflows.languages import LanguageComparison
    from tokenworks.workflows.pieces import Piece

SHADES = 6  # background colours that neighbouring tokens take in turn
TICKS = (0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32)
HEAT = (1.1, 1.5, 2, 3, 5, 8)  # a premium from here on takes the next colour of the heat map


class Axis:
    """A logarithmic axis of premiums, in percent of the width."""

    def __init__(self, premiums: list[float]) -> None:
        inside = [tick for tick in TICKS if min(premiums) <= tick <= max(premiums)]
        self._low = math.log(min([*premiums, 1.0]) / 1.06)
        self._high = math.log(max([*premiums, 1.5]) * 1.06)
        self.ticks = [(f"{tick:g}×", self(tick)) for tick in inside if tick != 0.75]

    def __call__(self, premium: float) -> float:
        return round(100 * (math.log(premium) - self._low) / (self._high - self._low), 2)


def _heat(premium: float) -> int:
    return sum(premium >= limit for limit in HEAT)


def _shown(pieces: tuple[Piece, ...]) -> list[dict[str, Any]]:
    return [
        {"text": piece.text, "ids": piece.ids, "shade": index % SHADES, "count": len(piece.ids)}
        for index, piece in enumerate(pieces)
    ]


def render(comparison: LanguageComparison) -> str:
    """The page: key figures, a dot plot, a heat map by script, samples and the sortable table."""
    everything = [premium for row in comparison.languages for premium in row.premiums]
    axis = Axis(everything)
    rows = [
        {
            "figures": row,
            "dots": [axis(premium) for premium in row.premiums],
            "low": axis(min(row.premiums)),
            "high": axis(max(row.premiums)),
        }
        for row in comparison.languages
    ]
    first, last = comparison.tokenizers[0], comparison.tokenizers[-1]
    samples = [
        {
            "language": sample.language,
            "bcp47": sample.bcp47,
            "direction": sample.direction,
            "cuts": [
                {
                    "tokenizer": comparison.tokenizers[index].name,
                    "index": index,
                    "pieces": _shown(cut),
                    "total": sum(len(piece.ids) for piece in cut),
                }
                for index, cut in enumerate(sample.pieces)
                if comparison.tokenizers[index] in (first, last)
            ],
        }
        for sample in comparison.samples
    ]
    return page.render(
        "languages.html.j2",
        comparison=comparison,
        rows=rows,
        axis=axis,
        heat=_heat,
        samples=samples,
        first=first,
        last=last,
        version=__version__,
    )
