"""`score`: what one text costs under several models, in bits per byte, whatever their vocabularies."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.evaluation.bootstrap import SEED, bundled, intervals, weights
from tokenworks.lm import LanguageModel, Scores, load
from tokenworks.lm.scores import LN2
from tokenworks.text import Document, Problems, documents, limited, not_empty

BLOCK = 4096  # bytes of text that are resampled together where documents are few
FEW = 30
ENOUGH = 5  # units; with fewer an interval would say nothing
GUESSING = 8.0  # bits per byte that need no model at all

Floats = NDArray[np.float64]
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class ScoredModel:
    """A model and how it was scored. start: the ids before a text; none: its first token counts as
    equally likely as any. rows: of the embedding. tokens: of the vocabulary."""

    name: str
    parameters: int
    tokens: int
    rows: int
    window: int
    stride: int
    start: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """The cost of one label's texts, or of all (label None), under one model.

    bits_per_byte, low, high: with its 95 % interval; None for too little text. difference: to the first
    model, on the same resamples, with its own interval. changed: bytes of the text that the tokens do not
    give back; where there are some, the figure is only a lower bound.
    """

    model: str
    label: str | None
    documents: int
    bytes: int
    tokens: int
    bits: float
    bits_per_byte: float
    low: float | None
    high: float | None
    difference: float
    difference_low: float | None
    difference_high: float | None
    changed: int

    @property
    def nats_per_token(self) -> float:
        """For those who know the model's loss; not comparable between vocabularies."""
        return self.bits * LN2 / max(self.tokens, 1)


@dataclass(frozen=True, slots=True)
class Scoring:
    """The result. unit: what was resampled for the intervals, "document" or "block"."""

    models: list[ScoredModel]
    rows: list[ScoreRow]
    unit: str
    units: int
    problems: Problems = field(default_factory=Problems)

    def of(self, model: str, label: str | None = None) -> ScoreRow:
        """The row of a model and label.

        Raises:
            OptionError: there is none.
        """
        for row in self.rows:
            if (row.model, row.label) == (model, label):
                return row
        raise OptionError(f"no row of model {model!r} and label {label!r}")

    def to_json(self) -> dict[str, Any]:
        rows = [
            {**asdict(row), "nats_per_token": row.nats_per_token, "exact": not row.changed}
            for row in self.rows
        ]
        return {
            "models": [asdict(model) for model in self.models],
            "rows": rows,
            "unit": self.unit,
            "units": self.units,
            "block_bytes": BLOCK,
            "problems": self.problems.to_json(),
        }


def score(
    models: str
    | os.PathLike[str]
    | LanguageModel
    | Sequence[str | os.PathLike[str] | LanguageModel],
    on: Paths,
    *,
    labels: str | None = None,
    field: str = "text",
    window: int | None = None,
    stride: int | None = None,
    max_bytes: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
    offline: bool = False,
    on_text: Callable[[float], None] | None = None,
) -> Scoring:
    """Score texts under models. What is counted stands at `tokenworks.lm.Scores`.

    Args:
        models: folders, `hf://org/name`, or loaded ones. The first is the one compared with.
        on: files, folders, globs.
        labels: what texts are grouped by: "folder", "file", "column:NAME" or "name:PATTERN".
        field: of records that holds the text.
        window: tokens read at once, for all models; the context of each, at most 2,048, if left out.
        stride: tokens that each further window scores; half the window if left out.
        max_bytes: take only so much of the text, from its beginning.
        device, dtype, offline: see `tokenworks.lm.load`.
        on_text: called with the share of one model's text that was scored.

    Raises:
        UnknownNameError, FormatError, UnsupportedError, OptionError: of a model, a text or an option.
    """
    named = [models] if isinstance(models, str | os.PathLike | LanguageModel) else list(models)
    if not named:
        raise OptionError("no model was named")
    problems = Problems()
    stream = limited(
        documents(on, labels=labels, field=field, on_problem=problems), max_bytes=max_bytes
    )
    texts = [one for one in not_empty(stream, on, problems) if one.text]
    described: list[ScoredModel] = []
    found: list[Scores] = []
    for one in named:
        loaded = one if isinstance(one, LanguageModel) else None
        model = loaded or load(one, device=device, dtype=dtype, offline=offline)  # type: ignore[arg-type]
        scores = _scored(model, texts, window, stride, on_text)
        name = _unused(model.name, [other.name for other in described])
        described.append(_described(model, name, scores))
        found.append(scores)
    return _tables(described, found, texts, problems)


def _scored(
    model: LanguageModel,
    texts: list[Document],
    window: int | None,
    stride: int | None,
    on_text: Callable[[float], None] | None,
) -> Scores:
    total = sum(len(one.text) for one in texts)
    # Tokens are not known before the text is encoded; four characters each is near enough for a bar.
    told = (lambda tokens: on_text(tokens * 4 / max(total, 1))) if on_text else None
    return model.score((one.text for one in texts), window=window, stride=stride, on_tokens=told)


def _described(model: LanguageModel, name: str, scores: Scores) -> ScoredModel:
    return ScoredModel(
        name=name,
        parameters=model.parameters,
        tokens=model.tokenizer.n_tokens,
        rows=model.rows,
        window=scores.window,
        stride=scores.stride,
        start=scores.start,
    )


def _unused(name: str, taken: list[str]) -> str:
    return name if name not in taken else _unused(f"{name}'", taken)


def _tables(
    models: list[ScoredModel], scores: list[Scores], texts: list[Document], problems: Problems
) -> Scoring:
    by_document = len(texts) >= FEW
    sizes = scores[0].bytes
    counts = np.ones_like(sizes) if by_document else -(-sizes // BLOCK)
    first = np.concatenate([[0], np.cumsum(counts)])
    owner = np.repeat(np.arange(len(texts)), counts)
    bits = np.stack([_unit_bits(one, first, by_document) for one in scores])
    size = sizes.astype(np.float64) if by_document else _block_sizes(sizes, first)
    labels = sorted({one.label for one in texts if one.label is not None})
    columns = np.concatenate([bits, size[None]])
    parts = {
        label: np.array([one.label == label for one in texts], bool) for label in [*labels, None]
    }
    drawn = {
        label: _drawn(columns[:, chosen[owner]], number)
        for number, (label, chosen) in enumerate(parts.items())
    }
    # Labels are what they are: each is resampled by itself, also for the figure of all of them.
    together = _drawn(columns, 0)
    if all(sums is not None for label, sums in drawn.items() if parts[label].any()):
        together = sum(sums for sums in drawn.values() if sums is not None)  # type: ignore[assignment]
    rows = _rows(models, scores, np.ones(len(texts), bool), columns, together, None)
    for label in labels:
        chosen = parts[label]
        rows += _rows(models, scores, chosen, columns[:, chosen[owner]], drawn[label], label)
    unit = "document" if by_document else "block"
    return Scoring(models, rows, unit, int(first[-1]), problems)


def _drawn(columns: Floats, number: int) -> Floats | None:
    """Sums of the columns in each resample of these units, [columns, RESAMPLES]; None for too few."""
    if columns.shape[1] < ENOUGH:
        return None
    units = bundled(columns)
    found: Floats = units @ weights(units.shape[1], SEED + number).T
    return found


def _unit_bits(scores: Scores, first: NDArray[np.int64], by_document: bool) -> Floats:
    """What each document, or each block of it, costs."""
    if by_document:
        return scores.bits
    document = np.repeat(np.arange(scores.texts), scores.tokens)
    last = np.maximum(scores.bytes[document] - 1, 0)
    block = np.clip(scores.ends - 1, 0, last) // BLOCK
    found = np.zeros(int(first[-1]))
    np.add.at(found, first[document] + block, scores.nats / LN2)
    return found


def _block_sizes(sizes: NDArray[np.int64], first: NDArray[np.int64]) -> Floats:
    found = np.full(int(first[-1]), float(BLOCK))
    found[first[1:] - 1] = sizes - (np.diff(first) - 1) * BLOCK
    return found


def _rows(
    models: list[ScoredModel],
    scores: list[Scores],
    chosen: NDArray[np.bool_],
    columns: Floats,
    drawn: Floats | None,
    label: str | None,
) -> list[ScoreRow]:
    """columns: bits of each model, then bytes, by unit. drawn: their sums in each resample."""
    bits = columns[:-1]
    values = bits.sum(axis=1) / max(float(columns[-1].sum()), 1.0)
    around: list[tuple[float | None, float | None]] = [(None, None)] * len(models)
    apart = around
    if drawn is not None:
        rates = drawn[:-1] / drawn[-1]
        around = list(intervals(rates, values))
        apart = list(intervals(rates - rates[:1], values - values[0]))
    return [
        ScoreRow(
            model=model.name,
            label=label,
            documents=int(chosen.sum()),
            bytes=int(one.bytes[chosen].sum()),
            tokens=int(one.tokens[chosen].sum()),
            bits=float(bits[number].sum()),
            bits_per_byte=float(values[number]),
            low=around[number][0],
            high=around[number][1],
            difference=float(values[number] - values[0]),
            difference_low=apart[number][0],
            difference_high=apart[number][1],
            changed=int(one.changed[chosen].sum()),
        )
        for number, (model, one) in enumerate(zip(models, scores, strict=True))
    ]
