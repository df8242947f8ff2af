"""What a comparison found."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenworks.evaluation.row import Row, rows_to_arrow
from tokenworks.workflows.compare.counting import ENCODING, Failure
from tokenworks.workflows.compare.intervals import Estimate
from tokenworks.workflows.pieces import Piece

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Tokens that no text produces."""

    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenizerFigures:
    """One tokenizer on the whole corpus.

    relative: tokens for the same text over those of the reference tokenizer.
    renyi: Renyi efficiency of order 2.5 over the types that occurred.
    scripts: tokens of the vocabulary by script; categories: tokens of the text by kind.
    price: of a million tokens; cost: of the corpus, and of a million characters.
    """

    name: str
    sha256: str
    n_tokens: int
    tokens: int
    bytes: int
    characters: int
    words: int
    documents: int
    relative: Estimate
    bytes_per_token: Estimate
    median_premium: Estimate | None
    gini: Estimate | None
    worst_label: str | None
    worst_premium: float | None
    renyi: float
    used: int
    unknown: int
    checked: int
    changed: int
    changed_in: tuple[str, ...]
    failed: int
    failures: tuple[Failure, ...]
    digits: str  # how 1234567 is cut
    scripts: dict[str, int]
    categories: dict[str, int]
    unreachable: Unreachable | None
    price: float | None
    cost: float | None
    cost_per_million_characters: float | None
    characters_at_limit: float | None
    seconds: float

    @property
    def lossless(self) -> bool:
        """True if every text came back and nothing was unknown."""
        return not (self.unknown or self.changed or self.failed)

    @property
    def characters_per_token(self) -> float:
        return self.characters / self.tokens if self.tokens else math.nan


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """One label (language, domain) under all tokenizers, in their order.

    premiums: tokens over those of the reference label under the same tokenizer, on parallel text.
    """

    name: str
    script: str
    direction: str
    lang: str
    bytes: int
    characters: int
    documents: int
    tokens: tuple[int, ...]
    bytes_per_token: tuple[Estimate, ...]
    premiums: tuple[Estimate, ...] | None
    characters_at_limit: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class ScriptFigures:
    """The labels of one script: medians over them, one per tokenizer."""

    script: str
    labels: int
    values: tuple[float, ...]  # premiums on parallel text, else bytes per token


@dataclass(frozen=True, slots=True)
class Cut:
    """A text cut by each tokenizer; None where one failed."""

    title: str
    group: str  # "paragraph", "numbers" or "code"
    direction: str
    lang: str
    pieces: tuple[tuple[Piece, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """A method of the family that gave rows."""

    name: str
    summary: str
    paper: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Sampled:
    """The part of the corpus that the methods measured. whole: it is all of it."""

    documents: int
    characters: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Tokenizers on one corpus; `tokenizers` stand by rank, best first.

    dropped: tokenizers that could not encode any text, with the reason; they are in the warnings too.
    problems: what was wrong with the corpus; warnings: what a reader should know, most urgent first.
    """

    title: str
    note: str
    parallel: bool
    reference: str  # the tokenizer that relative figures are taken against
    reference_label: str | None
    verdict: tuple[str, str]
    tokenizers: tuple[TokenizerFigures, ...]
    labels: tuple[LabelFigures, ...]
    scripts: tuple[ScriptFigures, ...]
    cuts: tuple[Cut, ...]
    warnings: tuple[str, ...]
    dropped: tuple[str, ...]
    problems: dict[str, Any]
    documents: int
    bytes: int
    context: int | None
    methods: tuple[Used, ...]
    sampled: Sampled
    rows: tuple[Row, ...]
    seed: int
    seconds: float
    phases: dict[str, float]  # seconds by what was done, most first
    inputs: tuple[str, ...] = ()  # what was named of the corpus

    @property
    def encoding_seconds(self) -> float:
        """Seconds spent in encoding."""
        return self.phases[ENCODING]

    def to_json(self) -> dict[str, Any]:
        """Everything but the tidy rows, as plain values; numbers that are not finite are None."""
        from dataclasses import asdict, fields

        kept = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "rows"}
        kept["tokenizers"] = [asdict(one) for one in self.tokenizers]
        kept["sampled"] = asdict(self.sampled)
        kept["encoding_seconds"] = self.encoding_seconds
        for name in ("labels", "scripts", "cuts", "methods"):
            kept[name] = [asdict(one) for one in kept[name]]
        plain: dict[str, Any] = _plain(kept)
        return plain

    def to_arrow(self) -> pa.Table:
        """The tidy table: one figure a row, with unit, direction and interval."""
        return rows_to_arrow(self.rows)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the page and, beside it, the JSON, the tidy table and `manifest.json`.

        Args:
            path: of the page, such as `report.html`; the others share its stem.

        Returns:
            The path of the page.

        Raises:
            WriteError: one of them cannot be written.
        """
        from tokenworks.report.compare_files import write

        return write(self, Path(path))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
