"""Mixtures: how much of each label, chosen by hash, exact, whatever the order and the workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from ..errors import OptionError, UnknownNameError
from .document import Document
from .sampling import text_hash

_BITS = 14  # 16,384 bins by hash for each label: a share is exact to one bin or one document


class Census:
    """The bytes of each label by hash of the document: one pass, small, and mergeable."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.bins: dict[str, NDArray[np.uint64]] = {}
        self.documents: dict[str, int] = {}

    def add(self, document: Document) -> None:
        """Count one document. Raises OptionError if it has no label."""
        label = _label(document)
        if label not in self.bins:
            self.bins[label] = np.zeros(1 << _BITS, dtype=np.uint64)
            self.documents[label] = 0
        size = np.uint64(len(document.text.encode("utf-8")))
        self.bins[label][_bin(document, self.seed)] += size
        self.documents[label] += 1

    def merge(self, other: Census) -> None:
        """Add the counts of another shard, made with the same seed."""
        if other.seed != self.seed:
            raise OptionError(f"censuses of seeds {self.seed} and {other.seed} cannot be merged")
        for label, bins in other.bins.items():
            held = self.bins.get(label)
            self.bins[label] = bins.copy() if held is None else held + bins
            self.documents[label] = self.documents.get(label, 0) + other.documents[label]

    def bytes(self) -> dict[str, int]:
        """Bytes of UTF-8 of each label, labels sorted."""
        return {label: int(self.bins[label].sum()) for label in sorted(self.bins)}


def census(documents: Iterable[Document], *, seed: int = 0) -> Census:
    """Count a labelled corpus; reads it once."""
    counted = Census(seed)
    for document in documents:
        counted.add(document)
    return counted


@dataclass(frozen=True, slots=True)
class Share:
    """What the plan takes of one label: all of it `times` over, and the bins below `threshold`.

    weight: of the mixture, from 0 to 1. available, taken: bytes.
    """

    weight: float
    available: int
    taken: int
    times: int
    threshold: int


@dataclass(frozen=True, slots=True)
class MixPlan:
    """A mixture worked out for a corpus; applying it needs no more knowledge of the corpus."""

    shares: Mapping[str, Share]
    seed: int
    scarcest: str

    def copies(self, document: Document) -> int:
        """How often the document stands in the mixture: 0, 1, or more where repeats are allowed."""
        share = self.shares.get(_label(document))
        if share is None:
            return 0
        return share.times + (_bin(document, self.seed) < share.threshold)

    def apply(self, documents: Iterable[Document]) -> Iterator[Document]:
        """The documents of the mixture, in the order of the corpus."""
        for document in documents:
            for _ in range(self.copies(document)):
                yield document

    def to_json(self) -> dict[str, object]:
        """Weights asked for and bytes taken, for the manifest."""
        total = sum(share.taken for share in self.shares.values())
        return {
            "seed": self.seed,
            "bytes": total,
            "scarcest": self.scarcest,
            "labels": {
                label: {
                    "weight": share.weight,
                    "share": share.taken / total if total else 0.0,
                    "available_bytes": share.available,
                    "bytes": share.taken,
                    "times": share.taken / share.available if share.available else 0.0,
                }
                for label, share in self.shares.items()
            },
        }


@dataclass(frozen=True)
class Mix:
    """Weights of labels and a temperature.

    weights: label to weight, in any scale; labels that are not named are left out. Without
        weights each label weighs as many bytes as it has.
    temperature: weights are raised to 1/temperature: 1 leaves them, large values even them out.

    >>> Mix({"en": 3, "tr": 1}).normalized({"en": 900, "tr": 900})
    {'en': 0.75, 'tr': 0.25}
    >>> Mix(temperature=2).normalized({"en": 900, "tr": 100})
    {'en': 0.75, 'tr': 0.25}
    """

    weights: Mapping[str, float] | None = None
    temperature: float = 1.0
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and np.isfinite(self.temperature)):
            raise OptionError(f"temperature is {self.temperature}; it must be above 0")
        for label, weight in (self.weights or {}).items():
            if not (weight >= 0 and np.isfinite(weight)):
                raise OptionError(f"the weight of {label!r} is {weight}; it must be 0 or more")
        if self.weights is not None and not sum(self.weights.values()) > 0:
            raise OptionError("the weights of the mixture are all 0; one must be above 0")

    @classmethod
    def parse(cls, items: Iterable[str], *, temperature: float = 1.0, seed: int = 0) -> Mix:
        """A mixture from its spelling on the command line: LABEL=WEIGHT each.

        Raises OptionError.

        >>> Mix.parse(["en=3", "tr=1"]).weights
        {'en': 3.0, 'tr': 1.0}
        """
        weights: dict[str, float] = {}
        for item in items:
            label, equals, weight = item.rpartition("=")
            try:
                value = float(weight)
            except ValueError:
                value = -1.0
            if not (label and equals and value >= 0):
                raise OptionError(f"the share {item!r} is not LABEL=WEIGHT, as in en=0.5")
            if label in weights:
                raise OptionError(f"the label {label!r} is given two weights")
            weights[label] = value
        return cls(weights or None, temperature, seed=seed)

    def normalized(self, available: Mapping[str, int]) -> dict[str, float]:
        """The weight of each label, summing to 1. Raises UnknownNameError for a label without text.

        available: bytes of each label.
        """
        raw = dict(available if self.weights is None else self.weights)
        for label, weight in raw.items():
            if weight > 0 and not available.get(label):
                near = get_close_matches(label, available, n=3)
                known = ", ".join(near or sorted(available)[:12]) or "none"
                raise UnknownNameError(
                    f"no document has the label {label!r}; labels: {known} (where labels come from "
                    "can be said: --labels)"
                )
        scaled = {k: float(v) ** (1.0 / self.temperature) for k, v in raw.items() if v > 0}
        total = sum(scaled.values())
        return {label: scaled[label] / total for label in sorted(scaled)}

    def plan(
        self, counted: Census, *, limit_bytes: int | None = None, repeat: bool = False
    ) -> MixPlan:
        """Work out which documents make the mixture.

        limit_bytes: the size of the mixture; without it, the largest that repeats nothing (or,
            with `repeat`, as many bytes as the corpus has).
        repeat: let scarce labels stand more than once. Without it the mixture is as large as the
            scarcest label allows: `MixPlan.scarcest` names it.
        Raises OptionError (seeds differ, nothing to mix) and UnknownNameError.
        """
        if counted.seed != self.seed:
            raise OptionError(f"the census was made with seed {counted.seed}, not {self.seed}")
        available = counted.bytes()
        if not sum(available.values()):
            raise OptionError("the corpus holds no text to mix")
        weights = self.normalized(available)
        most = {label: available[label] / weight for label, weight in weights.items()}
        scarcest = min(most, key=lambda label: most[label])
        total = sum(available.values()) if repeat else int(most[scarcest])
        if limit_bytes is not None:
            total = limit_bytes if repeat else min(limit_bytes, total)
        shares = {
            label: _share(weight, weight * total, counted.bins[label])
            for label, weight in weights.items()
        }
        return MixPlan(shares, self.seed, scarcest)


def _share(weight: float, target: float, bins: NDArray[np.uint64]) -> Share:
    available = int(bins.sum())
    # without repeats rounding must not make the scarcest label begin a second time
    times = int((target + 0.5) // available)
    rest = max(0.0, target - times * available)
    sums = np.concatenate([[0], np.cumsum(bins, dtype=np.uint64)])
    threshold = int(np.abs(sums.astype(np.float64) - rest).argmin())
    taken = times * available + int(sums[threshold])
    return Share(weight, available, taken, times, threshold)


def _label(document: Document) -> str:
    if document.label is None:
        raise OptionError(
            f"{document.where} has no label; a mixture needs labels (from folders, file names or a"
            " column)"
        )
    return document.label


def _bin(document: Document, seed: int) -> int:
    return text_hash(document.text, seed=seed, purpose="mix") >> (64 - _BITS)
