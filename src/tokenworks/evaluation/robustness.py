"""What small changes of a text do to its tokens: more of them, and other boundaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.evaluation.bootstrap import intervals, resampled_sums
from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.legibility import legibility
from tokenworks.evaluation.perturbations import PERTURBATIONS
from tokenworks.evaluation.row import Direction, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.evaluation.tokens_on_text import TokenBytes, lay_texts
from tokenworks.registry import method
from tokenworks.tokenizer.text_policy import whole_text

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Ints = NDArray[np.int64]

OF_LETTERS = ("look-alike letters", "similar letters")


@method(
    "evaluation",
    "robustness",
    paper="arXiv:2406.11687",
    year=2024,
    summary="Growth in tokens and kept boundaries under typos, casing, spacing, marks, look-alikes.",
    fidelity="adapted",
)
def robustness(
    tokenizers: Sequence[Tokenizer], samples: Iterable[Sample] | Encoded, model: object = None
) -> list[Row]:
    """Change the beginnings of some documents in nine ways and tokenize them anew.

    Inputs/outputs: the excerpts of `Encoded`. Rows per way (a category): `token_growth` (tokens of
    the changed texts over those of the originals) and `kept_boundaries` (percent of the token
    boundaries of either that both have, between characters); where letters are replaced by similar
    ones also `legibility` (percent: how alike the letters look, see `legibility`, whose table stands
    for the readers' judgements of LEGIT, which are not at hand). Texts that a way leaves as they were
    do not count. Cost: ten encodings of the excerpts. Deviations: the paper scores models; this is
    what their tokenizers do. Intervals resample documents. Raises: nothing.
    """
    encoded = Encoded.of(tokenizers, samples)
    texts = [whole_text(sample.text, "replace") for sample in encoded.excerpts]
    rows: list[Row] = []
    for way, change in PERTURBATIONS.items():
        pairs = [(text, *change(text)) for text in texts]
        pairs = [pair for pair in pairs if pair[0] != pair[1]]
        if pairs:
            rows.extend(_legibility(encoded.names, way, pairs))
            for name, spelled in zip(encoded.names, encoded.token_bytes, strict=True):
                rows.extend(_rows(name, way, spelled, pairs))
    return rows


def _legibility(
    names: Sequence[str], way: str, pairs: Sequence[tuple[str, str, list[int]]]
) -> Iterator[Row]:
    """The same for every tokenizer, so that it stands beside what the change does to each."""
    if way not in OF_LETTERS:
        return
    found = [legibility(original, changed) for original, changed, _ in pairs]
    known = np.array([one for one in found if one is not None], dtype=np.float64).reshape(-1, 2).T
    if not known.size or not known[1].sum():
        return
    value = 100 * float(known[0].sum() / known[1].sum())
    low = high = None
    sums = resampled_sums(known)
    if sums is not None:
        low, high = intervals((100 * sums[0] / sums[1])[None], np.array([value]))[0]
    for name in names:
        yield Row(
            name, "legibility", "category", way, value, low, high, "%", "none", known.shape[1]
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Cuts:
    """Tokens of each text, and whether one begins at each character of all texts."""

    tokens: Ints
    at: NDArray[np.bool_]


def _cuts(spelled: TokenBytes, texts: list[str]) -> _Cuts:
    batch, laid = lay_texts(spelled, texts)
    begins_character = (batch.data & 0xC0) != 0x80
    return _Cuts(np.diff(laid.starts), laid.cut[:-1][begins_character])


def _rows(
    name: str, way: str, spelled: TokenBytes, pairs: Sequence[tuple[str, str, list[int]]]
) -> Iterator[Row]:
    lengths = np.array([len(original) for original, _, _ in pairs], dtype=np.int64)
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    before = _cuts(spelled, [original for original, _, _ in pairs])
    after = _cuts(spelled, [changed for _, changed, _ in pairs])
    origin = np.concatenate(
        [
            begin + np.array(of, dtype=np.int64)
            for begin, (_, _, of) in zip(begins, pairs, strict=True)
        ]
    )
    first = (
        np.diff(origin, prepend=-1) > 0
    )  # a cut inside what was one character has no counterpart
    moved = np.zeros(len(before.at), dtype=bool)
    moved[origin[first & after.at]] = True
    old = before.at.copy()
    old[begins] = moved[begins] = False  # every text begins with a token
    owner = np.repeat(np.arange(len(pairs)), lengths)
    both = np.bincount(owner[old & moved], minlength=len(pairs))
    either = np.bincount(owner[old | moved], minlength=len(pairs))
    figures: tuple[tuple[str, str, Direction, float, Ints, Ints], ...] = (
        ("token_growth", "ratio", "lower", 1.0, after.tokens, before.tokens),
        ("kept_boundaries", "%", "higher", 100.0, both, either),
    )
    for metric, unit, direction, scale, above, below in figures:
        if not below.sum():
            continue
        value = scale * float(above.sum()) / float(below.sum())
        sums = resampled_sums(np.stack([above, below]))
        low = high = None
        if sums is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                resampled = scale * sums[0] / sums[1]
            low, high = intervals(resampled[None], np.array([value]))[0]
        yield Row(name, metric, "category", way, value, low, high, unit, direction, len(pairs))
