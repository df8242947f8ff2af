"""The audit of a tokenizer as one self-contained page, with its data beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks import __version__, files
from tokenworks.report import page

if TYPE_CHECKING:
    from tokenworks.workflows.audit import AuditResult

SHADES = 6  # background colours that neighbouring tokens take in turn
SCRIPTS_SHOWN = 24


def render(result: AuditResult, *, listed: int = 100) -> str:
    """The page: verdict, key figures, findings with their tokens, drift, shares, and cuts.

    Args:
        result: of the audit.
        listed: tokens shown of each finding.
    """
    groups: dict[str, list[dict[str, object]]] = {}
    for sample in result.splits:
        cut = [
            {"text": seen(token), "shade": index % SHADES}
            for index, token in enumerate(sample.tokens)
        ]
        groups.setdefault(sample.group, []).append({"text": seen(sample.text), "cut": cut})
    return page.render(
        "audit.html.j2",
        result=result,
        wrong=[found for found in result.findings if found.level == "finding"],
        notes=[found for found in result.findings if found.level == "note"],
        listed=listed,
        groups=groups,
        categories=_bars(result.categories, len(result.categories)),
        scripts=_bars(result.scripts, SCRIPTS_SHOWN),
        seen=seen,
        version=__version__,
    )


def write(result: AuditResult, path: str | Path, *, inputs: tuple[str, ...] = ()) -> Path:
    """Write `NAME.html`, `NAME.json` and `manifest.json`, each whole or not at all.

    Args:
        result: of the audit.
        path: of the page; a name without an ending gets `.html`.
        inputs: files and folders read, whose hashes the manifest keeps.

    Returns:
        The path of the page.

    Raises:
        WriteError: one of them cannot be written.
    """
    target = Path(path)
    target = target if target.suffix else target.with_suffix(".html")
    text = render(result)
    files.write_json(target.with_suffix(".json"), result.to_json())
    files.write_manifest(target.parent, inputs=[name for name in inputs if Path(name).exists()])
    files.write_text(target, text)  # last: where the page is, the rest is too
    return target


def seen(text: str) -> str:
    """Text in which spaces are marked and characters that cannot be seen are spelled out."""
    return "".join(
        "\u2423" if c == " " else c if c.isprintable() else c.encode("unicode_escape").decode()
        for c in text
    )


def _bars(shares: Mapping[str, int], shown: int) -> list[dict[str, object]]:
    most = max(shares.values(), default=1) or 1
    ordered = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    bars: list[dict[str, object]] = [
        {"name": name, "count": count, "width": round(100 * count / most, 2)}
        for name, count in ordered[:shown]
    ]
    if rest := ordered[shown:]:
        count = sum(n for _, n in rest)
        bars.append(
            {
                "name": f"{len(rest)} others",
                "count": count,
                "width": round(100 * min(count / most, 1), 2),
            }
        )
    return bars
