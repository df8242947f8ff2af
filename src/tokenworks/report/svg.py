"""A drawing of lines, bars, dots and text as one SVG file that stands alone."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

WIDTH = 760
FONT = "Helvetica, Arial, 'DejaVu Sans', 'Noto Sans', sans-serif"
INK, SOFT, GRID = "#1d2026", "#5d636e", "#e2e0d9"
SERIES = (
    *("#c2410c", "#2563c9", "#1f8a70", "#8d4fc4", "#b58105", "#c02674"),
    *("#0e8ba3", "#5b7512", "#7a5230", "#5d636e", "#d1495b", "#3a3f9e"),
)
PARTS = (
    *("#4c78c8", "#e2a33d", "#4fa58a", "#cc6677", "#9b7fd1", "#b3a369"),
    *("#6bb7d6", "#d98bb5", "#86a544", "#b9bcc3", "#8c6d5a", "#5f6b7a"),
)


class Drawing:
    """Marks in pixels on white, with a title and what it says for those who cannot see it."""

    def __init__(self, title: str, description: str, height: float) -> None:
        self.title, self.description, self.height = title, description, height
        self._marks: list[str] = []

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1
    ) -> None:
        """A straight line."""
        self._marks.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width:g}"/>'
        )

    def bar(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        self._marks.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" '
            f'fill="{colour}"/>'
        )

    def dot(self, x: float, y: float, colour: str, radius: float = 4, hollow: bool = False) -> None:
        """A dot, or a ring."""
        look = f'fill="white" stroke="{colour}"' if hollow else f'fill="{colour}" stroke="white"'
        self._marks.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" {look} stroke-width="0.9"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        anchor: str = "start",
        colour: str = INK,
        size: int = 12,
    ) -> None:
        """Words on one line, shortened where they are far too long."""
        shown = words if len(words) <= 60 else words[:59] + "…"
        self._marks.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
            f'font-size="{size}">{escape(_printable(shown))}</text>'
        )

    def legend(self, names: list[tuple[str, str]], y: float) -> float:
        """Names with their colours on as many lines as they need; the height below them."""
        x = 12.0
        for name, colour in names:
            width = 26 + 7 * min(len(name), 60)
            if x + width > WIDTH - 8 and x > 12:
                x, y = 12.0, y + 18
            self.dot(x + 4, y, colour, 5)
            self.text(x + 14, y + 4, name)
            x += width
        return y + 18

    def svg(self) -> str:
        """The file's text."""
        marks = "\n".join(self._marks)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height:.0f}" '
            f'viewBox="0 0 {WIDTH} {self.height:.0f}" role="img" '
            f"aria-label={quoteattr(_printable(self.title))} font-family={quoteattr(FONT)}>\n"
            f"<title>{escape(_printable(self.title))}</title>\n"
            f"<desc>{escape(_printable(self.description))}</desc>\n"
            f'<rect width="100%" height="100%" fill="white"/>\n{marks}\n</svg>\n'
        )


def _printable(text: str) -> str:
    """XML knows no control characters, and hostile names hold some."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
