"""`make demo`: compare the embedded tokenizers on the same text in 126 languages, and show it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tokenworks import files
from tokenworks.workflows.languages import compare_languages

TOKENIZERS = ("gpt2", "cl100k_base", "mistral-v1", "qwen2.5", "tekken", "o200k_base")
FOLDER = Path("report")


def main(folder: Path = FOLDER) -> int:
    """Run the comparison, print its table and write `report.html`, `report.json` and the manifest.

    Raises:
        WriteError: the folder cannot be written.
    """
    from rich.console import Console

    from tokenworks.report import languages_html, languages_table
    from tokenworks.tokenizer import Tokenizer

    began = time.perf_counter()
    tokenizers = [Tokenizer.load(name, offline=True) for name in TOKENIZERS]
    loaded = time.perf_counter() - began
    comparison = compare_languages(tokenizers)
    console = Console() if sys.stdout.isatty() else Console(width=110, color_system=None)
    languages_table.show(comparison, console)
    files.write_text(folder / "report.html", languages_html.render(comparison))
    files.write_json(folder / "report.json", comparison.to_json())
    hashes = {tokenizer.name: tokenizer.sha256 for tokenizer in tokenizers}
    files.write_manifest(folder, command=["make", "demo"], extra={"tokenizers_sha256": hashes})
    console.print(
        f"\n{len(tokenizers)} tokenizers loaded in {loaded:.2f} s, "
        f"{len(comparison.languages)} languages compared in {comparison.seconds:.2f} s."
        f"\nThe full report is in {folder / 'report.html'}",
        highlight=False,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
