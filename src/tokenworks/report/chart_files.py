"""The charts of a comparison as files for papers: SVG, or PNG made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks import files
from tokenworks.errors import MissingExtraError, UnsupportedError
from tokenworks.report.charts import LogAxis, Stacks, scatter, stacks
from tokenworks.report.compare_html import KINDS
from tokenworks.report.svg import GRID, INK, PARTS, SERIES, SOFT, WIDTH, Drawing
from tokenworks.report.vocabulary_law import needs

if TYPE_CHECKING:
    from tokenworks.workflows.compare import Comparison

LEFT, RIGHT = 190, 24  # of the plots, in pixels
ROW = 18
ZOOM = 3.0  # pixels of a PNG for one of the SVG: 288 to the inch


def drawings(comparison: Comparison) -> dict[str, Drawing]:
    """The charts by the name of their file, those for which there are figures."""
    found: dict[str, Drawing | None] = {
        "ranking": _ranking(comparison),
        "labels": _labels(comparison),
        "scripts": _scripts(comparison),
        "size": _size(comparison),
        "vocabularies": _stacks(
            comparison,
            "Tokens of the vocabularies by script",
            stacks([one.scripts for one in comparison.tokenizers], 9, "further scripts"),
        ),
        "tokens": _stacks(
            comparison,
            "Tokens of the text by kind",
            stacks(
                [one.categories for one in comparison.tokenizers],
                order=KINDS,
                grey="partial UTF-8",
            ),
        ),
        "changes": _changes(comparison),
        "law": _law(comparison),
    }
    return {name: drawing for name, drawing in found.items() if drawing is not None}


def write_svg(comparison: Comparison, folder: Path) -> list[Path]:
    """Write every chart as `NAME.svg` into a folder.

    Raises:
        WriteError: a file cannot be written.
    """
    return _write(comparison, folder, ".svg", lambda drawing: drawing.svg().encode())


def write_png(comparison: Comparison, folder: Path) -> list[Path]:
    """Write every chart as `NAME.png`, 2,280 pixels wide.

    Raises:
        MissingExtraError: resvg-py is not installed.
        UnsupportedError: the system has no font.
        WriteError: a file cannot be written.
    """
    return _write(comparison, folder, ".png", lambda drawing: png(drawing.svg()))


def png(svg: str) -> bytes:
    """A PNG of an SVG, with the fonts of the system.

    Raises:
        MissingExtraError: resvg-py is not installed.
        UnsupportedError: the system has no font.
    """
    try:
        import resvg_py
    except ImportError:
        raise MissingExtraError("PNG needs resvg-py: pip install 'tokenworks[images]'") from None
    if not _has_fonts():
        raise UnsupportedError(
            "PNG needs a font, and the system has none: install one (such as fonts-dejavu), or "
            "write SVG"
        )
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM))


@cache
def _has_fonts() -> bool:
    """Whether letters leave a mark; without any font they are silently left out."""
    import resvg_py

    blank = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">{}</svg>'
    letters = '<text y="15" font-family="sans-serif">Hx</text>'
    marked, unmarked = (
        resvg_py.svg_to_bytes(svg_string=blank.format(inside)) for inside in (letters, "")
    )
    return bool(marked != unmarked)


def _write(
    comparison: Comparison, folder: Path, ending: str, render: Callable[[Drawing], bytes]
) -> list[Path]:
    rendered = {name: render(drawing) for name, drawing in drawings(comparison).items()}
    written = []
    for name, data in rendered.items():
        path = folder / f"{name}{ending}"
        with files.atomic_file(path) as stream:
            stream.write(data)
        written.append(path)
    return written


def _colour(index: int) -> str:
    return SERIES[index % len(SERIES)]


def _names(comparison: Comparison) -> list[tuple[str, str]]:
    return [(one.name, _colour(index)) for index, one in enumerate(comparison.tokenizers)]


def _ranking(comparison: Comparison) -> Drawing:
    tokenizers = comparison.tokenizers
    title = f"Tokens for the same text, {comparison.reference} = 100 %"
    said = "; ".join(f"{one.name} {100 * one.relative.value:.1f} %" for one in tokenizers)
    drawing = Drawing(title, said, 44 + 26 * len(tokenizers))
    drawing.text(12, 20, title, size=14)
    widest = max(one.relative.high or one.relative.value for one in tokenizers) or 1.0
    scale = (WIDTH - LEFT - 90) / widest
    for index, one in enumerate(tokenizers):
        y = 36.0 + 26 * index
        drawing.text(LEFT - 8, y + 14, one.name, "end")
        drawing.bar(LEFT, y + 2, scale * one.relative.value, 15, _colour(index))
        end = one.relative.value
        if one.relative.low is not None and one.relative.high is not None:
            end = one.relative.high
            drawing.line(
                LEFT + scale * one.relative.low, y + 9.5, LEFT + scale * end, y + 9.5, INK, 1.6
            )
        drawing.text(LEFT + scale * end + 8, y + 14, f"{100 * one.relative.value:.1f} %")
    return drawing


def _dots(
    comparison: Comparison,
    title: str,
    rows: Sequence[tuple[str, Sequence[float | None]]],
    unit: str,
    always: float | None,
) -> Drawing:
    """A line of dots per label, one dot per tokenizer, on a logarithmic axis."""
    values = [value for _, row in rows for value in row if value is not None]
    axis = LogAxis(values, unit, always)
    said = "; ".join(
        f"{name}: {', '.join('-' if v is None else f'{v:.2f}' for v in row)}" for name, row in rows
    )
    drawing = Drawing(title, said, 0)
    drawing.text(12, 20, title, size=14)
    top = drawing.legend(_names(comparison), 40) + 16
    bottom = top + ROW * len(rows)
    drawing.height = bottom + 12

    def across(percent: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * percent / 100

    for label, percent, minor in axis.ticks:
        drawing.text(across(percent), top - 6, label, "middle", SOFT, 10 if minor else 12)
        drawing.line(across(percent), top, across(percent), bottom, GRID, 0.5 if minor else 1)
    for number, (name, row) in enumerate(rows):
        y = top + ROW * (number + 0.5)
        drawing.text(LEFT - 10, y + 4, name, "end")
        places = [None if value is None else across(axis(value)) for value in row]
        known = [place for place in places if place is not None]
        if known:
            drawing.line(min(known), y, max(known), y, SOFT, 0.8)
        for index, place in reversed(list(enumerate(places))):
            if place is not None:
                drawing.dot(place, y, _colour(index))
    return drawing


def _labels(comparison: Comparison) -> Drawing | None:
    if len(comparison.labels) < 2:
        return None
    rows = [
        (label.name, [one.value for one in (label.premiums or label.bytes_per_token)])
        for label in comparison.labels
    ]
    if comparison.parallel:
        title = f"Tokens over those of {comparison.reference_label} for the same text"
        return _dots(comparison, title, rows, "×", 1.0)
    return _dots(comparison, "Bytes per token", rows, "", None)


def _scripts(comparison: Comparison) -> Drawing | None:
    if len(comparison.scripts) < 2:
        return None
    what = "premium" if comparison.parallel else "bytes per token"
    rows = [(f"{one.script} ({one.labels})", list(one.values)) for one in comparison.scripts]
    unit, always = ("×", 1.0) if comparison.parallel else ("", None)
    return _dots(comparison, f"Median {what} by script", rows, unit, always)


def _size(comparison: Comparison) -> Drawing:
    tokenizers = comparison.tokenizers
    plot = scatter(
        [
            (one.name, one.n_tokens, one.bytes_per_token.value, one.bytes_per_token.low,
             one.bytes_per_token.high)
            for one in tokenizers
        ]
    )  # fmt: skip
    title = "Bytes per token against the size of the vocabulary"
    said = "; ".join(
        f"{one.name} {one.n_tokens:,} tokens, {one.bytes_per_token.value:.2f}" for one in tokenizers
    )
    drawing = Drawing(title, said, plot.height + 34)
    drawing.text(12, 20, title, size=14)
    down = 28.0

    def across(percent: float) -> float:
        return WIDTH * percent / 100

    for label, y in plot.y_ticks:
        drawing.line(across(7), down + y, across(97), down + y)
        drawing.text(across(6), down + y + 4, label, "end", SOFT)
    for label, x in plot.x_ticks:
        drawing.line(across(x), down + 12, across(x), down + plot.height - 40)
        drawing.text(across(x), down + plot.height - 23, label, "middle", SOFT)
    drawing.text(across(97), down + plot.height - 3, "tokens in the vocabulary", "end", SOFT)
    for point in plot.points:
        x, y = across(point.x), down + point.y
        if point.low is not None and point.high is not None:
            drawing.line(x, down + point.low, x, down + point.high, INK, 1.4)
        drawing.dot(x, y, _colour(point.index), 6)
        shift = -11 if point.anchor == "end" else 11
        drawing.text(x + shift, down + point.label_y, point.name, point.anchor)
    return drawing


def _stacks(comparison: Comparison, title: str, found: Stacks) -> Drawing:
    said = "; ".join(
        f"{one.name}: {', '.join(f'{part.name} {100 * part.share:.1f} %' for part in bar)}"
        for one, bar in zip(comparison.tokenizers, found.bars, strict=True)
    )
    drawing = Drawing(title, said, 0)
    drawing.text(12, 20, title, size=14)
    y = drawing.legend([(name, PARTS[colour % 12]) for name, colour in found.names], 40) - 2
    for one, bar in zip(comparison.tokenizers, found.bars, strict=True):
        drawing.text(LEFT - 8, y + 15, one.name, "end")
        for part in bar:
            scale = (WIDTH - LEFT - RIGHT) / 100
            drawing.bar(LEFT + scale * part.x, y, scale * part.width, 20, PARTS[part.colour % 12])
        y += 25
    drawing.height = y + 8
    return drawing


def _changes(comparison: Comparison) -> Drawing | None:
    growth: dict[str, dict[str, float]] = {}
    for row in comparison.rows:
        if row.metric == "token_growth":
            growth.setdefault(row.group, {})[row.tokenizer] = row.value
    if not growth:
        return None
    names = [one.name for one in comparison.tokenizers]
    rows = [(way, [values.get(name) for name in names]) for way, values in growth.items()]
    return _dots(comparison, "Tokens of changed text over those of the original", rows, "×", 1.0)


def _law(comparison: Comparison) -> Drawing | None:
    found = needs(comparison)
    if found is None:
        return None
    title = "The vocabulary that each would need to take as many tokens"
    said = "; ".join(f"{row.name} {row.size:,}" for row in found.rows)
    top = 52.0
    drawing = Drawing(title, said, top + ROW * len(found.rows) + 12)
    drawing.text(12, 20, title, size=14)

    def across(percent: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * percent / 100

    for label, x in found.ticks:
        drawing.text(across(x), top - 6, label, "middle", SOFT)
        drawing.line(across(x), top, across(x), drawing.height - 12)
    for number, row in enumerate(found.rows):
        y = top + ROW * (number + 0.5)
        drawing.text(LEFT - 10, y + 4, row.name, "end")
        drawing.dot(across(row.x), y, SERIES[1], hollow=not row.inside)
    return drawing
