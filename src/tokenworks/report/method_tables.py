"""What the methods of the evaluation family found, as tables for the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokenworks.report.csv_links import csv_link

if TYPE_CHECKING:
    from tokenworks.evaluation.row import Row
    from tokenworks.workflows.compare import Comparison

SHOWN_GROUPS = 24  # languages of a table; the CSV has them all
CSV_COLUMNS = (
    *("tokenizer", "metric", "kind", "group", "value", "low", "high", "unit", "direction", "n"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure as it is shown. share: of the greatest in its table, for the shade; None for none."""

    text: str
    title: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table; index: the tokenizer it belongs to, None for a language."""

    name: str
    index: int | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what it says, a table, and the same as CSV."""

    id: str
    title: str
    text: str
    first: str  # heading of the first column
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    link: str


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    metric: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class _Wide:
    """A table with a line per tokenizer."""

    id: str
    title: str
    text: str
    columns: tuple[_Column, ...]


WIDE = (
    _Wide(
        "words",
        "Words, and how evenly tokens are used",
        "Tokens per word, between white space and by the word rules of Unicode, and the share of words "
        "that are cut. Rényi efficiency is 1 where all types that occur are equally frequent; it grows "
        "with random tokens too, so that it is nothing to optimise.",
        (
            _Column("tokens per word", "fertility"),
            _Column("per Unicode word", "fertility_unicode"),
            _Column("words cut, %", "continued_words"),
            _Column("Unicode words cut, %", "continued_words_unicode"),
            _Column("Rényi 2.5", "renyi_efficiency_2.5"),
            _Column("Rényi 3", "renyi_efficiency_3"),
            _Column("entropy, bits", "entropy"),
            _Column("middle frequencies, %", "middle_frequencies"),
        ),
    ),
    _Wide(
        "inequity",
        "Inequity between languages",
        "Over all languages of the parallel text: the least and the greatest premium, the variation of "
        "the tokens (standard deviation over mean), and Gini's coefficient.",
        (
            _Column("least premium", "premium_best"),
            _Column("median", "premium_median"),
            _Column("greatest", "premium_worst"),
            _Column("variation", "premium_spread"),
            _Column("Gini", "premium_gini"),
        ),
    ),
    _Wide(
        "vocabulary",
        "What vocabularies hold",
        "Qtok's look at the vocabularies alone, without text. The core are the tokens that nine of ten "
        "of the tokenizers compared have; unique ones no other has.",
        (
            _Column("scripts", "scripts_covered"),
            _Column("of the core, %", "core_share"),
            _Column("unique, %", "singletons"),
            _Column("begin with a space, %", "begins_with_space"),
            _Column("whole characters, %", "whole_characters"),
            _Column("spaced letters, %", "category_share", "spaced letters"),
            _Column("inner letters, %", "category_share", "inner letters"),
            _Column("parts of characters, %", "category_share", "partial characters"),
        ),
    ),
    _Wide(
        "digits",
        "How numbers are grouped",
        "Of the numbers of 300 additions: how many are cut in threes from the left, in threes from the "
        "right, or in single digits; cut in the one way of their length; and sums whose cuts stand at "
        "the same places from the right, also with commas.",
        (
            _Column("digits per token", "digits_per_token"),
            _Column("from the left, %", "left_to_right"),
            _Column("from the right, %", "right_to_left"),
            _Column("single, %", "single_digits"),
            _Column("one way per length, %", "uniform_lengths"),
            _Column("sums aligned, %", "aligned"),
            _Column("longer results, %", "aligned", "longer result"),
            _Column("with commas, %", "aligned", "commas"),
        ),
    ),
    _Wide(
        "weights",
        "Tokens that training has not met",
        "By the rows of the model's embedding matrices: near to rows known to be unused, or short. "
        "These are indicators; only prompts could confirm them.",
        (
            _Column("unused rows", "unused_rows"),
            _Column("near unused, %", "near_unused"),
            _Column("near or short, %", "short_or_near"),
        ),
    ),
    _Wide(
        "markov",
        "A Markov source",
        "Bits per symbol that a unigram model of the tokens needs for a binary source of order k; the "
        "source itself has 0.72, single symbols need 1.",
        tuple(_Column(f"k = {k}", "unigram_bits", f"k={k}") for k in (1, 2, 4)),
    ),
)


@dataclass(frozen=True, slots=True)
class _Tall:
    """A table with a line per language, for one metric.

    column: the heading of the only column, where a figure is the same for all tokenizers.
    """

    id: str
    title: str
    text: str
    metric: str
    shown: int = SHOWN_GROUPS
    column: str = ""


TALL = (
    _Tall(
        "attribution",
        "Words of languages in the vocabularies",
        "Words of a language that are one token, after Qtok: by the words of the Universal Declaration in "
        "languages of Latin and Cyrillic letters, a small dictionary that is the same for all. A word of "
        "several languages counts for each.",
        "language_words",
    ),
    _Tall(
        "morphology",
        "Morpheme boundaries found",
        "MorphScore: of the gold boundaries in words that are cut at all, the percent on which a token "
        "ends. Cutting everywhere finds all: the CSV has coverage, precision, F1 and tokens per word.",
        "morphscore",
    ),
    _Tall(
        "boundaries",
        "Morpheme boundaries, F1",
        "Precision and recall of token boundaries over all words of the gold segmentation, in one figure.",
        "boundary_f1",
    ),
    _Tall(
        "compounds",
        "Hard compounds",
        "Percent of compounds in which no token ends between constituents (CompoundPiece); less is better.",
        "hard_compounds",
    ),
    _Tall(
        "valid",
        "Tokens that are words (%TR)",
        "Of the different tokens that the text takes, those that are words by the lexicon given. Figures "
        "of two lexicons cannot be compared.",
        "valid_words",
    ),
    _Tall(
        "pure",
        "Tokens that are roots or affixes (%Pure)",
        "Of the different tokens that the text takes, those that are one unit of the lexicon.",
        "pure_units",
    ),
)
CHANGES = _Tall(
    "kept",
    "Boundaries kept under small changes",
    "Of the token boundaries before or after a change, the percent that stand at the same place in both.",
    "kept_boundaries",
)


LEGIBILITY = _Tall(
    "legible",
    "Legibility of similar letters",
    "How alike the letters put in look to those they stand for, percent of common ink when rendered: an "
    "estimate, since the judgements of readers (LEGIT) are not at hand. What stays legible and takes many "
    "more tokens is what a tokenizer is fragile to.",
    "legibility",
    column="common ink, %",
)


def sections(comparison: Comparison) -> list[Section]:
    """The tables for which there are rows."""
    names = [one.name for one in comparison.tokenizers]
    by_metric: dict[str, list[Row]] = {}
    for row in comparison.rows:
        by_metric.setdefault(row.metric, []).append(row)
    found: list[Section] = []
    used = {one.name for one in comparison.methods}
    for wide in WIDE:
        if wide.id == "words" and not used & {"compression", "renyi"}:
            continue
        found += _wide(wide, names, by_metric)
    for tall in (CHANGES, LEGIBILITY, *TALL):
        found += _tall(tall, names, by_metric)
    return found


def _wide(table: _Wide, names: Sequence[str], by_metric: dict[str, list[Row]]) -> Iterator[Section]:
    kept: list[tuple[_Column, dict[str, Row]]] = []
    for column in table.columns:
        rows = {
            row.tokenizer: row
            for row in by_metric.get(column.metric, [])
            if row.group == column.group and row.kind in ("all", "category")
        }
        if rows:
            kept.append((column, rows))
    if len(kept) < min(2, len(table.columns)):
        return
    lines = tuple(
        Line(name, index, tuple(_cell(rows.get(name)) for _, rows in kept))
        for index, name in enumerate(names)
        if any(name in rows for _, rows in kept)
    )
    link = _link(row for _, rows in kept for row in rows.values())
    headings = tuple(column.heading for column, _ in kept)
    yield Section(table.id, table.title, table.text, "tokenizer", headings, lines, link)


def _tall(table: _Tall, names: Sequence[str], by_metric: dict[str, list[Row]]) -> Iterator[Section]:
    rows = by_metric.get(table.metric, [])
    groups: dict[str, dict[str, Row]] = {}
    for row in rows:
        groups.setdefault(row.group, {})[row.tokenizer] = row
    if not groups:
        return

    def size(group: str) -> float:
        return max(row.value for row in groups[group].values())

    order = list(groups) if len(groups) <= SHOWN_GROUPS else sorted(groups, key=size, reverse=True)
    greatest = max(map(size, groups)) or 1.0
    of = names[:1] if table.column else names
    headings = (table.column,) if table.column else tuple(names)
    lines = tuple(
        Line(group, None, tuple(_cell(groups[group].get(name), greatest) for name in of))
        for group in order[: table.shown]
    )
    text = table.text
    if len(groups) > table.shown:
        text += f" The {table.shown} highest of {len(groups)} are shown."
    related = _related(table.metric, by_metric)
    yield Section(table.id, table.title, text, "", headings, lines, _link(related))


def _related(metric: str, by_metric: dict[str, list[Row]]) -> list[Row]:
    """The rows of a metric with those that its reader is told to look at."""
    beside = {
        "morphscore": ("morphscore_coverage", "tokens_per_word"),
        "boundary_f1": ("boundary_precision", "boundary_recall"),
        "hard_compounds": ("exact_compounds",),
        "valid_words": ("valid_words_weighted", "left_out_tokens"),
        "pure_units": ("pure_units_weighted",),
        "language_words": ("language_words_alone",),
    }.get(metric, ())
    return [row for name in (metric, *beside) for row in by_metric.get(name, [])]


def _cell(row: Row | None, greatest: float | None = None) -> Cell:
    if row is None:
        return Cell("–")
    share = None if greatest is None else max(0.0, min(1.0, row.value / greatest))
    around = "" if row.low is None else f"{number(row.low)}–{number(row.high or 0.0)}"
    return Cell(number(row.value), around, share)


def number(value: float) -> str:
    """A figure with as many digits as one reads.

    >>> [number(value) for value in (0.51234, 12.345, 31234.0, 7.0)]
    ['0.512', '12.3', '31,234', '7']
    """
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return (
        f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"
    )


def _link(rows: Iterable[Row]) -> str:
    return csv_link(CSV_COLUMNS, ([getattr(row, name) for name in CSV_COLUMNS] for row in rows))
