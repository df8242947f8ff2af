"""Token boundaries against morpheme boundaries (MorphScore).

A tokenizer that cuts at every character finds every boundary: read the figures beside
`tokens_per_word`, precision and coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.evaluation.bootstrap import Floats, intervals, resampled_sums
from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.lexicon import Segmented
from tokenworks.evaluation.row import Direction, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.evaluation.tokens_on_text import spelled_tokens
from tokenworks.evaluation.words_cut import Cut, cut_words
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


@method(
    "evaluation",
    "morphscore",
    paper="arXiv:2411.14198",
    year=2024,
    summary="How often token boundaries fall on morpheme boundaries; precision, recall and F1.",
    fidelity="adapted",
    declares=("on-request",),
)
def morphscore(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded = (),
    model: object = None,
    *,
    words: Mapping[str, Sequence[Segmented]] | None = None,
) -> list[Row]:
    """Compare boundaries on gold segmentations, language by language.

    Inputs/outputs: `words` per language (see `read_segmented`); without them no rows; `samples` are
    not used. Rows per language: `morphscore` (percent of gold boundaries that are token boundaries,
    in words that are cut at all), `morphscore_coverage` (percent of gold boundaries in such words),
    `boundary_precision`, `boundary_recall`, `boundary_f1` over all words, and `tokens_per_word`.
    Cost: one encoding of the words. Deviations: an item is a boundary, the paper's have one each;
    boundaries are compared in bytes (the reference decodes token by token and loses pieces of
    characters). Intervals resample words. Raises: nothing.
    """
    rows: list[Row] = []
    for name, spelled in spelled_tokens(tokenizers, samples):
        for language, items in sorted((words or {}).items()):
            if items:
                rows.extend(_rows(name, language, cut_words(spelled, items)))
    return rows


@method(
    "evaluation",
    "compoundpiece",
    paper="arXiv:2305.14214",
    year=2023,
    summary="Share of compounds in which no token boundary falls between constituents.",
    fidelity="faithful",
    declares=("on-request",),
)
def compoundpiece(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded = (),
    model: object = None,
    *,
    compounds: Mapping[str, Sequence[Segmented]] | None = None,
) -> list[Row]:
    """Count hard compounds: those that a tokenizer cuts at none of their boundaries.

    Inputs/outputs: `compounds` per language; without them no rows; `samples` are not used. Rows per
    language: `hard_compounds` and `exact_compounds` (cut at all boundaries and nowhere else), percent.
    Cost: one encoding of the compounds. Deviations: none. Intervals resample compounds.
    Raises: nothing.
    """
    rows: list[Row] = []
    for name, spelled in spelled_tokens(tokenizers, samples):
        for language, items in sorted((compounds or {}).items()):
            real = [item for item in items if item.boundaries]
            if real:
                cut = cut_words(spelled, real)
                ones = np.ones(len(real), dtype=np.int64)
                hard = (cut.both == 0).astype(np.int64)
                exact = ((cut.both == cut.gold) & (cut.tokens == cut.gold)).astype(np.int64)
                rows.extend(_share(name, language, "hard_compounds", hard, ones, "lower"))
                rows.extend(_share(name, language, "exact_compounds", exact, ones, "higher"))
    return rows


def _rows(name: str, language: str, cut: Cut) -> Iterator[Row]:
    split = cut.tokens > 0
    tried, found = cut.gold * split, cut.both * split
    ones = np.ones(len(cut.gold), dtype=np.int64)
    yield from _share(name, language, "morphscore", found, tried, "higher")
    yield from _share(name, language, "morphscore_coverage", tried, cut.gold, "none")
    yield from _share(name, language, "boundary_precision", cut.both, cut.tokens, "higher")
    yield from _share(name, language, "boundary_recall", cut.both, cut.gold, "higher")
    yield from _share(name, language, "boundary_f1", 2 * cut.both, cut.tokens + cut.gold, "higher")
    yield from _share(
        name, language, "tokens_per_word", cut.tokens + 1, ones, "lower", "tokens/word", 1
    )


def _share(
    name: str,
    language: str,
    metric: str,
    above: NDArray[np.int64],
    below: NDArray[np.int64],
    direction: Direction,
    unit: str = "%",
    scale: float = 100,
) -> Iterator[Row]:
    divisor = int(below.sum())
    if not divisor:
        return
    value = scale * int(above.sum()) / divisor
    low = high = None
    sums: Floats | None = resampled_sums(np.stack([above, below]))
    if sums is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            resampled = scale * sums[0] / sums[1]
        low, high = intervals(resampled[None], np.array([value]))[0]
    yield Row(name, metric, "language", language, value, low, high, unit, direction, len(above))
