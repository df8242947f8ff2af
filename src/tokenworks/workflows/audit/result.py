"""What `audit` found, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["finding", "note"]


@dataclass(frozen=True)
class Token:
    """A token as it is listed: its id, its bytes for display, and what is said of it."""

    id: int
    text: str
    why: str = ""


@dataclass(frozen=True)
class Finding:
    """Tokens with one and the same peculiarity."""

    kind: str
    level: Level
    summary: str
    count: int
    tokens: tuple[Token, ...] = ()  # the first of them


@dataclass(frozen=True)
class Share:
    """A proportion with its 95 % Wilson interval."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The proportion; 0 of nothing is 0."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True)
class Drift:
    """How often encode(decode(ids)) is not ids, for one way of sampling the ids."""

    sampling: str
    all: Share
    valid: Share  # among the sequences whose bytes are valid UTF-8
    example: tuple[tuple[int, ...], tuple[int, ...], str] | None = None  # ids, ids again, text


@dataclass(frozen=True)
class Split:
    """How one sample text is cut."""

    group: str
    text: str
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class Usage:
    """What a corpus uses of the vocabulary."""

    documents: int
    bytes: int
    tokens: int
    used: int
    unused: int
    examples: tuple[Token, ...]

    @property
    def bytes_per_token(self) -> float:
        """Mean bytes of UTF-8 in one token."""
        return self.bytes / self.tokens if self.tokens else 0.0


@dataclass(frozen=True)
class Rows:
    """The sizes that a model and its tokenizer must agree on."""

    tokens: int
    highest_id_plus_one: int
    config_vocab_size: int | None
    matrices: Mapping[str, int]  # tensor name -> rows


@dataclass(frozen=True)
class AuditResult:
    """The outcome of `audit`."""

    name: str
    tokens: int
    highest_id_plus_one: int
    findings: tuple[Finding, ...]
    longest: tuple[Token, ...]
    scripts: Mapping[str, int]
    categories: Mapping[str, int]
    splits: tuple[Split, ...]
    drift: tuple[Drift, ...]
    usage: Usage | None
    rows: Rows | None
    seconds: float

    @property
    def clean(self) -> bool:
        """No finding; notes do not count."""
        return not any(f.level == "finding" for f in self.findings)

    def finding(self, kind: str) -> Finding | None:
        """The finding of this kind, if there is one."""
        return next((f for f in self.findings if f.kind == kind), None)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        data = asdict(self)
        data["clean"] = self.clean
        for entry, drift in zip(data["drift"], self.drift, strict=True):
            entry["all"]["share"] = drift.all.value
            entry["valid"]["share"] = drift.valid.value
        return data
