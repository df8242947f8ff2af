"""What `mixture` found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a category in the training text, in bytes, with a 95 % interval.

    bytes: of its sample. seen: bytes that the category has in all.
    """

    category: str
    share: float
    low: float
    high: float
    bytes: int
    seen: int


@dataclass(frozen=True, slots=True)
class UnexplainedMerge:
    """A merge that was not the most frequent pair of the mixture, by `ahead` parts per million."""

    index: int
    left: bytes
    right: bytes
    ahead: float


@dataclass(frozen=True, slots=True)
class UnexplainedPair:
    """A pair that is more frequent in the mixture than what was merged, time and again."""

    left: bytes
    right: bytes
    ahead: float


@dataclass(frozen=True, slots=True)
class MixtureResult:
    """The mixture that explains a list of merges best.

    first, last: the merges that were looked at. learned: how many of them training made and the
    samples hold. explained: the part of those that is the most frequent pair of its step in the
    mixture. unexplained: the sum of all slacks, in parts per million of the merged pairs.
    """

    tokenizer: str
    sha256: str
    shares: tuple[Share, ...]
    merges: int
    first: int
    last: int
    learned: int
    explained: float
    unexplained: float
    worst_merges: tuple[UnexplainedMerge, ...]
    worst_pairs: tuple[UnexplainedPair, ...]
    warnings: tuple[str, ...]
    replicates: int
    seed: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        found = asdict(self)
        for row in (*found["worst_merges"], *found["worst_pairs"]):
            for side in ("left", "right"):
                row[side] = row[side].decode("utf-8", "backslashreplace")
        return found
