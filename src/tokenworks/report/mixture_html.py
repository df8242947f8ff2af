"""A mixture as one self-contained page, with its data and figure beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from tokenworks import __version__, files
from tokenworks.report import page
from tokenworks.report.csv_links import csv_link
from tokenworks.report.mixture_figure import figure

if TYPE_CHECKING:
    from tokenworks.workflows.mixture import MixtureResult


def render(result: MixtureResult) -> str:
    """The page: the figure, shares with intervals, warnings, what is left unexplained, method."""
    rows = [
        (one.category, one.share, one.low, one.high, one.bytes, one.seen) for one in result.shares
    ]
    return page.render(
        "mixture.html.j2",
        result=result,
        figure=Markup(figure(result)),
        csv=csv_link(["category", "share", "low", "high", "sample_bytes", "bytes_in_all"], rows),
        seen=seen,
        version=__version__,
    )


def seen(piece: bytes) -> str:
    """A piece as text in which spaces and control characters show."""
    text = piece.decode("utf-8", "backslashreplace").replace(" ", "␣")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def write(result: MixtureResult, path: Path) -> Path:
    """Write `NAME.html`, `NAME.svg`, `NAME.json` and `manifest.json`, each whole or not at all.

    Returns:
        The path of the page; a name without an ending gets `.html`.

    Raises:
        WriteError: one of them cannot be written.
    """
    target = path if path.suffix else path.with_suffix(".html")
    text = render(result)
    files.write_json(target.with_suffix(".json"), result.to_json())
    files.write_text(target.with_suffix(".svg"), figure(result))
    files.write_manifest(target.parent, seed=result.seed, extra={"tokenizer_sha256": result.sha256})
    files.write_text(target, text)  # last: where the page is, the rest is too
    return target
