"""The files of a comparison: the page, and beside it the JSON, the tidy table and the manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks import files
from tokenworks.report.compare_html import render
from tokenworks.workflows.corpus_hashes import corpus_hashes

if TYPE_CHECKING:
    from tokenworks.workflows.compare import Comparison


def write(comparison: Comparison, path: Path, command: list[str] | None = None) -> Path:
    """Write `NAME.html`, `NAME.json`, `NAME.arrow` and `manifest.json`, each whole or not at all.

    Args:
        comparison: what to show.
        path: of the page; a name without an ending gets `.html`.
        command: for the manifest; the arguments of this process where left out.

    Returns:
        The path of the page.

    Raises:
        WriteError: one of them cannot be written.
    """
    import pyarrow as pa

    page = path if path.suffix else path.with_suffix(".html")
    text = render(comparison)
    files.write_json(page.with_suffix(".json"), comparison.to_json())
    table = comparison.to_arrow()
    arrow = page.with_suffix(".arrow")
    with files.atomic_file(arrow) as stream, pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    hashes = {one.name: one.sha256 for one in comparison.tokenizers}
    files.write_manifest(
        page.parent,
        inputs=corpus_hashes(comparison.inputs),
        seed=comparison.seed,
        command=command,
        extra={"corpus": comparison.title, "tokenizers_sha256": hashes},
    )
    files.write_text(page, text)  # last: where the page is, the rest is too
    return page
