"""Pages that are made from the code when the documentation is built: verbs, methods, llms.txt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from tokenworks import cli, registry  # the checkout, not an installed version
from tokenworks.cli import reference
from tokenworks.registry import FAMILIES, MethodInfo


def paper_link(paper: str | None) -> str:
    if not paper:
        return ""
    kind, _, number = paper.partition(":")
    if kind.lower() == "arxiv":
        return f"[arXiv:{number}](https://arxiv.org/abs/{number})"
    if kind.lower() == "doi":
        return f"[doi:{number}](https://doi.org/{number})"
    return paper


def method_page(info: MethodInfo) -> str:
    rows = {
        "Family": f"{info.family}: {FAMILIES[info.family]}",
        "Paper": paper_link(info.paper),
        "Year": str(info.year or ""),
        "Fidelity": info.fidelity,
        "Declares": ", ".join(info.declares),
        "Needs": ", ".join(f"`{need}`" for need in info.needs),
    }
    table = "\n".join(f"| {label} | {value} |" for label, value in rows.items() if value)
    path = info.target.replace(":", ".")
    return (
        f"# {info.name}\n\n{info.summary}\n\n| | |\n|---|---|\n{table}\n\n"
        f"::: {path}\n    options:\n      heading_level: 2\n"
    )


def method_index(methods: tuple[MethodInfo, ...]) -> str:
    parts = ["# Methods\n\nEach is one file of the package, held to the laws of its family.\n"]
    for family, purpose in FAMILIES.items():
        chosen = [info for info in methods if info.family == family]
        if not chosen:
            continue
        parts.append(
            f"\n## {family}\n\n{purpose}\n\n| method | year | paper | |\n|---|---|---|---|"
        )
        parts += [
            f"| [{info.name}]({info.family}/{info.name}.md) | {info.year or ''} "
            f"| {paper_link(info.paper)} | {info.summary} |"
            for info in chosen
        ]
    return "\n".join(parts) + "\n"


def generated_pages() -> dict[str, str]:
    methods = tuple(info for info in registry.methods() if info.target.startswith("tokenworks."))
    pages = {f"methods/{info.key}.md": method_page(info) for info in methods}
    pages["methods/index.md"] = method_index(methods)
    pages["cli.md"] = reference.markdown(cli.VERBS)
    return pages


def on_files(files: Files, config: Any) -> Files:
    for path, text in generated_pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_post_build(config: Any) -> None:
    """Write `llms.txt`: what the project is and where its pages are, for language models."""
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", "", "## Pages", ""]
    for entry in config.nav:
        for title, path in entry.items():
            place = "." if path == "index.md" else f"./{path.removesuffix('.md')}"
            lines.append(f"- [{title}]({place.removesuffix('/index')}/)")
    lines += ["", "## Methods", ""]
    lines += [
        f"- [{info.key}](./methods/{info.key}/): {info.summary}"
        for info in registry.methods()
        if info.target.startswith("tokenworks.")
    ]
    target = Path(config.site_dir) / "llms.txt"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
