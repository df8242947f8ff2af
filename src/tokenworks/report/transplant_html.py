"""A transplant as one self-contained page in the folder of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks import __version__, files
from tokenworks.report import page
from tokenworks.report.audit_html import seen

if TYPE_CHECKING:
    from tokenworks.workflows.transplant import TransplantResult

_ORIGINS = {
    "shared": "tokens of both vocabularies, copied",
    "role": "special tokens, copied from the one of the same role",
    "mixed": "sums of old rows",
    "filled": "made or drawn by the method",
    "mean": "the mean of the old rows",
    "padding": "rows without a token, copied from such rows",
}


def render(result: TransplantResult) -> str:
    """The page: verdict, key figures, checks, rows by origin, lengths, and made rows one by one."""
    total = max(1, sum(result.origins.values()))
    origins = [
        {"name": name, "count": count, "width": 100 * count / total, "what": _ORIGINS[name]}
        for name, count in result.origins.items()
        if count
    ]
    return page.render(
        "transplant.html.j2",
        result=result,
        name=Path(result.model).name,
        origins=origins,
        seen=seen,
        version=__version__,
    )


def write(result: TransplantResult, folder: str | Path) -> Path:
    """Write report.html and report.json into a folder; returns the path of the page.

    Raises:
        WriteError: one of them cannot be written.
    """
    target = Path(folder) / "report.html"
    files.write_json(target.with_suffix(".json"), result.to_json())
    files.write_text(target, render(result))
    return target
