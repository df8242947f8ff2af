"""Figures that need no corpus, or only its paragraphs: numbers, and what small changes do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tokenworks.evaluation.numbers import numbers
from tokenworks.evaluation.robustness import robustness
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

PARAGRAPHS = 60  # labels whose first paragraph is changed


def further_rows(
    tokenizers: Sequence[Tokenizer], paragraphs: Mapping[str, str], seed: int = 0
) -> tuple[Row, ...]:
    """How numbers are cut, and how much the tokens of paragraphs grow under typos and the like.

    Args:
        tokenizers: one that fails on these texts has no rows.
        paragraphs: one text for each label; those of the first 60 labels are changed.
        seed: of the sums.
    """
    samples = [
        Sample(text, source=label, language=label)
        for label, text in islice(paragraphs.items(), PARAGRAPHS)
    ]
    found: list[Row] = []
    for one in tokenizers:
        try:
            rows = [*numbers([one], (), seed=seed), *robustness([one], samples)]
        except Exception:  # reported where the corpus is encoded; the others go on
            continue
        found += rows
    return tuple(found)
