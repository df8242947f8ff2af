"""A comparison as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tokenworks import __version__
from tokenworks.report import page
from tokenworks.report.charts import LogAxis, heat, scatter, stacks
from tokenworks.report.csv_links import csv_link
from tokenworks.report.method_tables import sections
from tokenworks.report.vocabulary_law import METRICS, needs

if TYPE_CHECKING:
    from tokenworks.evaluation.row import Row
    from tokenworks.workflows.compare import Comparison
    from tokenworks.workflows.compare.result import Cut

COLOURS = 12  # of tokenizers; further ones begin anew
SHOWN_CUTS = 14  # tokenizers whose cuts are shown
COLUMNS_FROM = 40  # labels from which the dot plot takes two columns

KINDS = (
    *("word start", "letters", "mixed", "digits", "punctuation and symbols", "white space"),
    *("control characters", "partial UTF-8"),
)
FURTHER = ("aligned", "digits_per_token", "token_growth", "kept_boundaries")
LABEL_COLUMNS = (
    *("label", "script", "tokenizer", "tokens", "bytes", "characters"),
    *("bytes_per_token", "premium", "low", "high"),
)


def render(comparison: Comparison) -> str:
    """The page: verdict, ranking, premiums, vocabulary, cuts, warnings, method and data."""
    tokenizers = comparison.tokenizers
    rows, axis = _dots(comparison)
    middle = (len(rows) + 1) // 2 if len(rows) >= COLUMNS_FROM else len(rows)
    widest = max(one.relative.high or one.relative.value for one in tokenizers)
    paragraphs = [cut for cut in comparison.cuts if cut.group == "paragraph"]
    needed = needs(comparison)
    needing = needed.rows if needed else ()
    half = (len(needing) + 1) // 2 if len(needing) >= COLUMNS_FROM else len(needing)
    return page.render(
        "compare.html.j2",
        comparison=comparison,
        tokenizers=tokenizers,
        best=tokenizers[0],
        priced=any(one.cost is not None for one in tokenizers),
        headline=_headline(comparison),
        size=_size(comparison.bytes),
        unit="premium" if comparison.parallel else "bytes per token",
        widest=widest * 1.02,
        columns=[part for part in (rows[:middle], rows[middle:]) if part],
        axis=axis,
        heat=heat,
        scatter=scatter(
            [(one.name, one.n_tokens, *_interval(one.bytes_per_token)) for one in tokenizers]
        ),
        scripts=stacks([one.scripts for one in tokenizers], 9, "further scripts"),
        categories=stacks(
            [one.categories for one in tokenizers], order=KINDS, grey="partial UTF-8"
        ),
        paragraphs=[_shown(comparison, cut) for cut in paragraphs],
        sums=_by_name(comparison, "aligned", "all"),
        longer=_by_name(comparison, "aligned", "category", "longer result"),
        ways=_ways(comparison),
        numbers=[_shown(comparison, cut) for cut in comparison.cuts if cut.group == "numbers"],
        code=[_shown(comparison, cut) for cut in comparison.cuts if cut.group == "code"],
        sections=sections(comparison),
        needs=needed,
        need_columns=[part for part in (needing[:half], needing[half:]) if part],
        links=_links(comparison),
        colours=COLOURS,
        version=__version__,
    )


def _headline(comparison: Comparison) -> str:
    best, *others = comparison.tokenizers
    if not others:
        return f"{best.name}: {best.bytes_per_token.value:.2f} bytes per token"
    if "cannot be told apart" in comparison.verdict[0] or "same number" in comparison.verdict[0]:
        return f"{best.name} and {others[0].name} take the fewest tokens"
    return f"{best.name} takes the fewest tokens"


def _by_name(comparison: Comparison, metric: str, kind: str, group: str = "") -> dict[str, Row]:
    return {
        row.tokenizer: row
        for row in comparison.rows
        if (row.metric, row.kind, row.group) == (metric, kind, group)
    }


def _ways(comparison: Comparison) -> list[tuple[str, dict[str, Row]]]:
    """The growth in tokens under each kind of change, by tokenizer."""
    names = dict.fromkeys(row.group for row in comparison.rows if row.metric == "token_growth")
    return [(way, _by_name(comparison, "token_growth", "category", way)) for way in names]


def _size(number: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number} bytes"


def _interval(estimate: Any) -> tuple[float, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high


def _dots(comparison: Comparison) -> tuple[list[dict[str, Any]], LogAxis]:
    """The rows of the dot plot: premiums on parallel text, else bytes per token."""
    values = [
        [one.value for one in (label.premiums or label.bytes_per_token)]
        for label in comparison.labels
    ]
    flat = [value for row in values for value in row]
    axis = LogAxis(flat, "×", 1.0) if comparison.parallel else LogAxis(flat)
    rows = []
    for label, row in zip(comparison.labels, values, strict=True):
        rows.append(
            {
                "label": label,
                "values": row,
                "marks": [axis(value) for value in row],
                "low": axis(min(row)),
                "high": axis(max(row)),
            }
        )
    return rows, axis


def _shown(comparison: Comparison, cut: Cut) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []
    for index, pieces in enumerate(cut.pieces[:SHOWN_CUTS]):
        lines.append(
            {
                "name": comparison.tokenizers[index].name,
                "index": index,
                "total": None if pieces is None else sum(len(piece.ids) for piece in pieces),
                "pieces": pieces or (),
            }
        )
    most = max((int(line["total"] or 0) for line in lines), default=0)
    return {"cut": cut, "lines": lines, "most": most}


def _links(comparison: Comparison) -> dict[str, str]:
    """Every figure as CSV."""
    names = [one.name for one in comparison.tokenizers]
    return {
        "ranking": csv_link(*_ranking(comparison)),
        "labels": csv_link(
            LABEL_COLUMNS,
            _label_rows(comparison, names),
        ),
        "scripts": csv_link(
            ["script", "labels", *names],
            ((row.script, row.labels, *row.values) for row in comparison.scripts),
        ),
        "size": csv_link(
            ["tokenizer", "vocabulary", "bytes_per_token", "low", "high"],
            (
                (one.name, one.n_tokens, *_interval(one.bytes_per_token))
                for one in comparison.tokenizers
            ),
        ),
        "vocabulary": csv_link(
            ["tokenizer", "script", "tokens"],
            ((one.name, *item) for one in comparison.tokenizers for item in one.scripts.items()),
        ),
        "categories": csv_link(
            ["tokenizer", "category", "tokens"],
            ((one.name, *item) for one in comparison.tokenizers for item in one.categories.items()),
        ),
        "further": csv_link(
            ["tokenizer", "metric", "group", "value", "low", "high", "unit", "n"],
            (
                (r.tokenizer, r.metric, r.group, r.value, r.low, r.high, r.unit, r.n)
                for r in comparison.rows
                if r.metric in FURTHER
            ),
        ),
        "law": csv_link(
            ["label", "metric", "value", "unit"],
            ((r.group, r.metric, r.value, r.unit) for r in comparison.rows if r.metric in METRICS),
        ),
        "cuts": csv_link(
            ["text", "kind", "tokenizer", "tokens"],
            (
                (cut.title, cut.group, name, sum(len(piece.ids) for piece in pieces))
                for cut in comparison.cuts
                for name, pieces in zip(names, cut.pieces, strict=True)
                if pieces is not None
            ),
        ),
    }


def _ranking(comparison: Comparison) -> tuple[list[str], list[tuple[object, ...]]]:
    header = ["tokenizer", "vocabulary", "tokens", "relative", "relative_low", "relative_high"]
    header += ["bytes_per_token", "bytes_per_token_low", "bytes_per_token_high"]
    header += ["characters_per_token", "median_premium", "gini", "worst", "renyi_efficiency"]
    header += ["used_vocabulary", "unknown", "round_trip_failures", "round_trips_checked"]
    header += [
        "unreachable",
        "cost",
        "cost_per_million_characters",
        "characters_at_limit",
        "sha256",
    ]
    rows: list[tuple[object, ...]] = []
    for one in comparison.tokenizers:
        rows.append(
            (
                one.name,
                one.n_tokens,
                one.tokens,
                *_interval(one.relative),
                *_interval(one.bytes_per_token),
                one.characters_per_token,
                one.median_premium.value if one.median_premium else None,
                one.gini.value if one.gini else None,
                one.worst_label,
                one.renyi,
                one.used,
                one.unknown,
                one.changed,
                one.checked,
                one.unreachable.count if one.unreachable else None,
                one.cost,
                one.cost_per_million_characters,
                one.characters_at_limit,
                one.sha256,
            )
        )
    return header, rows


def _label_rows(comparison: Comparison, names: list[str]) -> Iterator[tuple[object, ...]]:
    for label in comparison.labels:
        for index, name in enumerate(names):
            dense = label.bytes_per_token[index]
            premium = label.premiums[index] if label.premiums else None
            shown = premium or dense
            yield (
                label.name,
                label.script,
                name,
                label.tokens[index],
                label.bytes,
                label.characters,
                dense.value,
                premium.value if premium else None,
                shown.low,
                shown.high,
            )
