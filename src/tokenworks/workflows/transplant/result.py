"""What a transplant did and what was checked."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold of the new model; `held` is None where it could not be looked at."""

    name: str
    held: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Scored:
    """The same texts under the old and the new model.

    changed: bytes that the tokens do not give back (unknown characters, lower case); where there are
    some, bits per byte are only a lower bound.
    """

    text: str  # where they come from
    bytes: int
    bits_per_byte_before: float
    bits_per_byte_after: float
    tokens_before: int
    tokens_after: int
    changed_before: int = 0
    changed_after: int = 0
    bits_per_byte_healed: float | None = None

    @property
    def tokens_saved(self) -> float:
        """Share of the old tokens that the new vocabulary does without."""
        return 1 - self.tokens_after / max(1, self.tokens_before)


@dataclass(frozen=True, slots=True)
class Norms:
    """Lengths of rows of one origin in one matrix."""

    part: str
    origin: str
    rows: int
    mean: float
    low: float  # quantiles 1 % and 99 %
    high: float


@dataclass(frozen=True, slots=True)
class Row:
    """How one new row was made: old tokens and their weights, the heaviest first."""

    id: int
    token: str
    origin: str
    made_of: tuple[tuple[str, float], ...]
    norm: float


@dataclass(frozen=True, slots=True)
class TransplantResult:
    """The new model, its rows by origin, the checks, and the cost of text before and after."""

    model: str
    tokenizer: str
    method: str
    options: dict[str, Any]
    donor: str | None
    tied: bool
    dtype: str
    rows_before: int
    rows_after: int
    origins: dict[str, int]
    figures: dict[str, Any]  # of the method
    notes: tuple[str, ...]
    checks: tuple[Check, ...]
    scored: Scored | None
    norms: tuple[Norms, ...]
    rows: tuple[Row, ...]  # some of those that were made
    shards: dict[str, Any]
    seconds: dict[str, float]
    peak_memory_mb: float
    healing: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.held is not False for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        found = asdict(self)
        found["ok"] = self.ok
        if self.scored is not None:
            found["scored"]["tokens_saved"] = self.scored.tokens_saved
        return found
