"""The same texts cut by every tokenizer: paragraphs, numbers and code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tokenworks.workflows.compare.result import Cut, LabelFigures
from tokenworks.workflows.pieces import Piece, pieces

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

PARAGRAPHS = 10
NUMBERS = ("1234567", "1,234,567", "3.14159265", "2024-02-29 09:30", "0xDEADBEEF", "٣٤٥٦٧", "½ + ¾")
CODE = (
    (
        "Python",
        "def mean(values: list[float]) -> float:\n"
        '    """The arithmetic mean."""\n'
        "    return sum(values) / len(values)\n",
    ),
    ("JSON", '{"user_id": 184467, "tags": ["a", "b"], "active": true}'),
    ("HTML", '<a class="btn btn-primary" href="#top">Back&nbsp;up</a>'),
    ("UUID", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
)


def paragraph_labels(labels: Sequence[LabelFigures], wanted: Sequence[str]) -> list[str]:
    """The labels whose paragraphs are shown: those wanted, else the largest of many scripts."""
    known = {row.name for row in labels}
    if wanted:
        return [name for name in wanted if name in known]
    by_size = sorted(labels, key=lambda row: -row.bytes)
    first: dict[str, LabelFigures] = {}
    for row in by_size:
        first.setdefault(row.script, row)
    order = [*first.values(), *(row for row in by_size if row not in first.values())]
    return [row.name for row in order[:PARAGRAPHS]]


def cut_all(
    tokenizers: Sequence[Tokenizer],
    paragraphs: dict[str, str],
    labels: Sequence[LabelFigures],
    wanted: Sequence[str],
) -> Iterator[Cut]:
    """Cut the paragraphs, numbers and code samples; a tokenizer that fails on one gives None."""
    figures = {row.name: row for row in labels}
    for name in paragraph_labels(labels, wanted):
        row = figures[name]
        cut = tuple(_cut(one, paragraphs[name]) for one in tokenizers)
        yield Cut(name, "paragraph", row.direction, row.lang, cut)
    for text in NUMBERS:
        yield Cut(text, "numbers", "ltr", "", tuple(_cut(one, text) for one in tokenizers))
    for title, text in CODE:
        yield Cut(title, "code", "ltr", "", tuple(_cut(one, text) for one in tokenizers))


def digit_groups(tokenizer: Tokenizer) -> str:
    """How 1234567 is cut, such as `123 456 7`."""
    cut = _cut(tokenizer, "1234567")
    return " ".join(piece.text.strip() for piece in cut if piece.text.strip()) if cut else "fails"


def _cut(tokenizer: Tokenizer, text: str) -> tuple[Piece, ...] | None:
    try:
        return tuple(pieces(tokenizer, text))
    except Exception:  # counted and reported where the corpus is encoded
        return None
