"""A mixture as a figure: one stacked bar, and below it each category with its interval. SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from tokenworks.workflows.mixture.result import MixtureResult, Share

COLOURS = (
    *("#2f5fb3", "#1f8a70", "#c2571a", "#8d6bc4", "#b0327a", "#7a8b1e", "#2b8cbe", "#a8662b"),
    *("#5b6577", "#d08a1d"),
)
_REST = "#b9b5ab"
_WIDTH, _LEFT, _RIGHT, _ROW = 860, 190, 120, 24
_BAR, _TOP = 34, 62


def colours(shares: Sequence[Share]) -> list[str]:
    """A colour for each category; all past the tenth are grey."""
    return [COLOURS[i] if i < len(COLOURS) else _REST for i in range(len(shares))]


def figure(result: MixtureResult, most: int = 40) -> str:
    """The figure as SVG text; `most` categories have a row of their own."""
    shares = result.shares[:most]
    height = _TOP + _BAR + 34 + _ROW * len(shares) + 16
    top = max(one.high for one in shares) or 1.0
    span = _WIDTH - _LEFT - _RIGHT
    title = escape(f"{result.tokenizer}: shares of the tokenizer's training text, by bytes")
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(title, {chr(34): "&quot;"})}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="30" font-size="16" font-weight="600" fill="#1d2026">{title}</text>',
    ]
    out += _stack(result.shares)
    y = _TOP + _BAR + 34
    for one, colour in zip(shares, colours(result.shares), strict=False):
        x, low, high = (_LEFT + span * v / top for v in (one.share, one.low, one.high))
        name = escape(one.category if len(one.category) <= 24 else one.category[:23] + "…")
        middle = y + _ROW / 2 - 4
        out += [
            f'<text x="{_LEFT - 10}" y="{middle + 5}" text-anchor="end" fill="#1d2026">{name}</text>',
            f'<rect x="{_LEFT}" y="{middle - 7}" width="{max(x - _LEFT, 0.5):.1f}" height="14" '
            f'fill="{colour}" rx="2"/>',
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 5}v10M{high:.1f} '
            f'{middle - 5}v10" stroke="#15181e" stroke-width="1.5"/>',
            f'<text x="{_WIDTH - 12}" y="{middle + 5}" text-anchor="end" fill="#5d636e">'
            f"{one.share:.2%} ±{100 * (one.high - one.low) / 2:.2f}</text>",
        ]
        y += _ROW
    out.append("</svg>")
    return "\n".join(out) + "\n"


def _stack(shares: Sequence[Share]) -> list[str]:
    out, x, width = [], 16.0, _WIDTH - 32
    for one, colour in zip(shares, colours(shares), strict=True):
        wide = width * one.share
        label = escape(f"{one.category} {one.share:.1%}")
        out.append(
            f'<rect x="{x:.2f}" y="{_TOP - 12}" width="{wide:.2f}" height="{_BAR}" fill="{colour}" '
            f'stroke="#ffffff" stroke-width="{1 if wide > 3 else 0}"><title>{label}</title></rect>'
        )
        if wide > 8 * len(f"{one.category} {one.share:.0%}"):
            out.append(
                f'<text x="{x + wide / 2:.1f}" y="{_TOP + 10}" text-anchor="middle" fill="#ffffff">'
                f"{escape(one.category)} {one.share:.0%}</text>"
            )
        x += wide
    return out
