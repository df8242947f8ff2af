"""The tidy table of a comparison."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tokenworks.evaluation.row import Direction, Kind, Row
from tokenworks.workflows.compare.intervals import Estimate
from tokenworks.workflows.compare.result import LabelFigures, TokenizerFigures


def tidy(
    tokenizers: Sequence[TokenizerFigures], labels: Sequence[LabelFigures], languages: bool
) -> tuple[Row, ...]:
    """Every figure as a row; figures that are not finite are left out."""
    kind: Kind = "language" if languages else "domain"
    found = [row for one in tokenizers for row in _of_tokenizer(one)]
    for label in labels:
        found += _of_label(label, [one.name for one in tokenizers], kind)
    return tuple(row for row in found if math.isfinite(row.value))


def merged(own: Sequence[Row], measured: Sequence[Row]) -> tuple[Row, ...]:
    """Figures of the whole corpus, then those of the methods that do not stand there already."""
    taken = {(row.tokenizer, row.metric, row.kind, row.group) for row in own}
    found = list(own)
    for row in measured:
        key = (row.tokenizer, row.metric, row.kind, row.group)
        if key not in taken:
            taken.add(key)
            found.append(row)
    return tuple(found)


def _row(
    name: str, metric: str, value: float | Estimate, unit: str, direction: Direction, n: int,
    kind: Kind = "all", group: str = "",
) -> Row:  # fmt: skip
    if isinstance(value, Estimate):
        return Row(
            name, metric, kind, group, value.value, value.low, value.high, unit, direction, n
        )
    return Row(name, metric, kind, group, float(value), None, None, unit, direction, n)


def _of_tokenizer(one: TokenizerFigures) -> Iterator[Row]:
    n = one.documents
    figures: list[tuple[str, float | Estimate | None, str, Direction]] = [
        ("vocabulary", one.n_tokens, "tokens", "none"),
        ("tokens", one.tokens, "tokens", "lower"),
        ("relative_tokens", one.relative, "ratio", "lower"),
        ("bytes_per_token", one.bytes_per_token, "bytes/token", "higher"),
        ("characters_per_token", one.characters_per_token, "characters/token", "higher"),
        ("fertility", one.tokens / one.words if one.words else None, "tokens/word", "lower"),
        ("median_premium", one.median_premium, "ratio", "lower"),
        ("gini", one.gini, "0 to 1", "lower"),
        ("renyi_efficiency", one.renyi, "0 to 1", "higher"),
        ("used_tokens", one.used, "tokens", "none"),
        ("used_vocabulary", 100 * one.used / one.n_tokens, "%", "none"),
        ("unknown_tokens", 100 * one.unknown / max(one.tokens, 1), "%", "lower"),
        ("round_trips_checked", one.checked, "documents", "none"),
        ("changed_documents", 100 * one.changed / max(one.checked, 1), "%", "lower"),
        ("texts_failed", one.failed, "documents", "lower"),
        ("cost", one.cost, "currency", "lower"),
        (
            "cost_per_million_characters",
            one.cost_per_million_characters,
            "currency/million characters",
            "lower",
        ),
        ("characters_at_limit", one.characters_at_limit, "characters", "higher"),
        ("encoding_seconds", one.seconds, "seconds", "lower"),
    ]
    for metric, value, unit, direction in figures:
        if value is not None:
            yield _row(one.name, metric, value, unit, direction, n)
    if one.unreachable is not None:
        count = one.unreachable.count
        yield _row(one.name, "unreachable_tokens", count, "tokens", "lower", one.n_tokens)
    for script, count in one.scripts.items():
        yield _row(one.name, "vocabulary", count, "tokens", "none", one.n_tokens, "script", script)
    for category, count in one.categories.items():
        yield _row(one.name, "tokens", count, "tokens", "none", n, "category", category)


def _of_label(label: LabelFigures, names: Sequence[str], kind: Kind) -> Iterator[Row]:
    n = label.documents
    for index, name in enumerate(names):
        place = (n, kind, label.name)
        yield _row(name, "tokens", label.tokens[index], "tokens", "lower", *place)
        yield _row(
            name, "bytes_per_token", label.bytes_per_token[index], "bytes/token", "higher", *place
        )
        if label.premiums is not None:
            yield _row(name, "premium", label.premiums[index], "ratio", "lower", *place)
        if label.characters_at_limit is not None:
            yield _row(
                name, "characters_at_limit", label.characters_at_limit[index], "characters",
                "higher", *place,
            )  # fmt: skip
