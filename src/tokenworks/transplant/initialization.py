"""The contract of initializers, and how the rows they decide on become matrices.

    initialize(old, new, embeddings, given) -> embeddings, report

A method decides what becomes of the tokens that only the new vocabulary has: a mixture of old rows,
or rows made by a fill. All else is the same for every method and is done here: shared tokens, special
tokens by role and rows without a token are copied, what has no counterpart gets the mean row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Ids, Part, Rows, moments
from tokenworks.transplant.matching import Match, token_ids

if TYPE_CHECKING:
    from tokenworks.transplant.hypernetwork import Hypernetwork

# Given the old matrix, its name and the match: a function from new ids to their rows.
Fill = Callable[[Rows, Part, Match], Callable[[Ids], Floats]]

ORIGINS = ("shared", "role", "mixed", "filled", "mean", "padding")
SHARED, ROLE, MIXED, FILLED, MEAN, PADDING = range(len(ORIGINS))


@dataclass(frozen=True, slots=True)
class Given:
    """What an initializer may be given beside the model.

    donor: matrices of a model that has the new vocabulary, row by new id.
    texts: in the language of the new tokenizer. old_texts: in the language of the model.
    parallel: translations, (in the language of the model, in the new one).
    dictionary: words, (in the language of the model, in the new one).
    encoder: texts to vectors of their meaning, float32 [n, d].
    hypernetwork: trained for the model.
    memory: bytes that a method may use for its work. workspace: a folder where long work keeps what is
    done, so that it can go on after an interruption. told: hears what is done, of how much.
    """

    seed: int = 0
    donor: Embeddings | None = None
    texts: Sequence[str] = ()
    old_texts: Sequence[str] = ()
    parallel: Sequence[tuple[str, str]] = ()
    dictionary: Sequence[tuple[str, str]] = ()
    encoder: Callable[[Sequence[str]], Floats] | None = None
    hypernetwork: Hypernetwork | None = None
    memory: int = 1 << 30
    workspace: Path | None = None
    told: Callable[[str, int, int], None] = lambda what, done, of: None


@dataclass(frozen=True, slots=True, eq=False)
class Mixtures:
    """Sparse sums of old rows: for target i the rows `sources[starts[i]:starts[i + 1]]`, weighted."""

    starts: Ids  # [targets + 1]
    sources: Ids  # [total], old ids
    weights: Floats  # [total]

    @classmethod
    def none(cls, targets: int) -> Mixtures:
        """Every target is left to the fill."""
        return cls(np.zeros(targets + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))

    @classmethod
    def of_lists(cls, lists: Sequence[tuple[Sequence[int], Sequence[float]]]) -> Mixtures:
        """From (old ids, weights) of each target."""
        starts = np.zeros(len(lists) + 1, np.int64)
        np.cumsum([len(ids) for ids, _ in lists], out=starts[1:])
        return cls(
            starts,
            np.array([one for ids, _ in lists for one in ids], np.int64),
            np.array([one for _, weights in lists for one in weights], np.float32),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What was done, row by row.

    origin: uint8 [rows], an index of `ORIGINS`. source: int64 [rows], the old row that was copied or
    -1. input: the old rows that each new row of the input matrix is a sum of. notes: figures of the
    method.
    """

    match: Match
    origin: NDArray[np.uint8]
    source: Ids
    input: Mixtures
    notes: dict[str, Any] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Rows by origin."""
        found = np.bincount(self.origin, minlength=len(ORIGINS))
        return dict(zip(ORIGINS, found.tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Composed:
    """The new matrix: rows are copied, mixed or filled when they are asked for."""

    old: Rows
    starts: Ids  # [rows + 1]
    sources: Ids
    weights: Floats
    fill: Callable[[Ids], Floats]
    mean: Floats  # [width]
    origin: NDArray[np.uint8]

    @property
    def rows(self) -> int:
        return len(self.starts) - 1

    @property
    def width(self) -> int:
        return self.old.width

    def take(self, ids: Ids) -> Floats:
        made = np.empty((len(ids), self.width), np.float32)
        sizes = self.starts[ids + 1] - self.starts[ids]
        one = np.flatnonzero(sizes == 1)
        if len(one):
            at = self.starts[ids[one]]
            rows = self.old.take(self.sources[at])
            weights = self.weights[at]
            plain = weights == 1.0
            if not plain.all():
                rows[~plain] *= weights[~plain, None]
            made[one] = rows
        for place in np.flatnonzero(sizes > 1).tolist():
            span = slice(int(self.starts[ids[place]]), int(self.starts[ids[place] + 1]))
            made[place] = self.weights[span] @ self.old.take(self.sources[span])
        absent = np.flatnonzero(sizes == 0)
        left = self.origin[ids[absent]] == FILLED
        if left.any():
            made[absent[left]] = self.fill(ids[absent[left]])
        made[absent[~left]] = self.mean
        return made


def compose(
    match: Match,
    embeddings: Embeddings,
    mixtures: Mixtures | None = None,
    *,
    output: Mixtures | None = None,
    fill: Fill | None = None,
    notes: dict[str, Any] | None = None,
) -> tuple[Embeddings, Report]:
    """Make the new matrices.

    Args:
        match: of the two vocabularies.
        embeddings: the old matrices.
        mixtures: of old rows for each target of the match; all are filled where it is left out.
        output: other mixtures for the output matrix and bias.
        fill: rows of targets without a mixture; the mean row where it is left out.
        notes: figures for the report.

    Returns:
        The new matrices, tied as the old ones are, and the report.
    """
    mixtures = Mixtures.none(len(match.targets)) if mixtures is None else mixtures
    made: dict[Part, Composed] = {}
    for part, rows in embeddings.parts().items():
        chosen = mixtures if part == "input" or output is None else output
        made[part] = _composed(match, rows, part, chosen, fill)
    first = made["input"]
    report = Report(
        match,
        first.origin,
        match.source,
        Mixtures(first.starts, first.sources, first.weights),
        notes or {},
    )
    return Embeddings(made["input"], made.get("output"), made.get("bias")), report


def _composed(
    match: Match, rows: Rows, part: Part, mixtures: Mixtures, fill: Fill | None
) -> Composed:
    sizes = np.zeros(match.rows, np.int64)
    copied = match.source >= 0
    sizes[copied] = 1
    sizes[match.targets] = np.diff(mixtures.starts)
    starts = np.zeros(match.rows + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    sources = np.empty(int(starts[-1]), np.int64)
    weights = np.ones(int(starts[-1]), np.float32)
    sources[starts[:-1][copied]] = match.source[copied]
    if len(mixtures.sources):
        places = np.repeat(starts[match.targets] - mixtures.starts[:-1], np.diff(mixtures.starts))
        places = places + np.arange(len(mixtures.sources))
        sources[places] = mixtures.sources
        weights[places] = mixtures.weights
    origin = np.full(match.rows, PADDING, np.uint8)
    origin[token_ids(match.new)] = SHARED
    origin[match.by_role] = ROLE
    mixed = np.diff(mixtures.starts) > 0
    origin[match.targets[mixed]] = MIXED
    origin[match.targets[~mixed]] = MEAN if fill is None else FILLED
    origin[match.specials] = MEAN
    origin[match.empty] = MEAN
    mean = np.zeros(rows.width, np.float32)
    if (origin == MEAN).any():
        mean = moments(rows, match.used)[0].astype(np.float32)
    filled = _nothing if fill is None else fill(rows, part, match)
    return Composed(rows, starts, sources, weights, filled, mean, origin)


def _nothing(ids: Ids) -> Floats:
    raise AssertionError(f"rows {ids} have no fill")


def require(given: Any, name: str, method: str, what: str) -> None:
    """Refuse a method that was not given what it needs.

    Raises:
        OptionError: it was not.
    """
    value = getattr(given, name)
    if value is None or (isinstance(value, Sequence) and not len(value)):
        raise OptionError(f"{method} needs {what}")


def new_bytes(match: Match) -> list[bytes]:
    """The bytes of every target, in their order."""
    new: Tokenizer = match.new
    return [new.token_bytes(number) for number in match.targets.tolist()]
