"""`mixture` on public tokenizers: shares by kind, what is left unexplained, time and memory.

    python benchmarks/mixture_categories.py COLLECTION CATEGORIES
    python benchmarks/mixture_real.py COLLECTION CATEGORIES RESULTS.json [--only NAME ...]

Each tokenizer is asked in a process of its own; finished ones in RESULTS.json are not asked again.
Seconds are of the processor, so that a busy machine does not change them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tokenworks.files import write_json
from tokenworks.workflows.mixture import mixture

REPLICATES = 8
TOKENIZERS: dict[str, tuple[str, int]] = {  # what to load, and the first merge to look at
    "GPT-2": ("gpt2", 0),
    "cl100k": ("cl100k_base", 0),
    "o200k": ("o200k_base", 0),
    "Llama-3, added": ("tokenizers/llama3.hf", 100_000),
    "Mistral": ("mistral-v1", 0),
    "Claude": ("tokenizers/claude-npm.json", 0),
    "GPT-NeoX": ("gpt-neox", 0),
}

# Percent of English, code and all else in the paper (arXiv:2407.16607, with 112 categories).
PUBLISHED = {
    "GPT-2": (99, 1, 0),
    "cl100k": (34, 63, 3),
    "o200k": (28, 33, 39),
    "Mistral": (58, 26, 17),
    "Llama-3, added": (21, 30, 48),
    "Claude": (39, 58, 4),
    "GPT-NeoX": (82, 15, 3),
}


def ask(
    collection: Path, categories: Path, name: str, merges: int | None, megabytes: float
) -> dict[str, Any]:
    """One answer, with its cost."""
    source, first = TOKENIZERS[name]
    path = collection / source
    began = time.perf_counter()
    found = mixture(
        str(path) if path.exists() else source,
        categories,
        first=first,
        merges=merges,
        sample_bytes=int(megabytes * 1e6),
        replicates=REPLICATES,
    ).to_json()
    return found | {
        "wall_seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def table(results: dict[str, Any]) -> str:
    """The answers in Markdown."""
    lines = [
        "| tokenizer | merges | English | code | other languages | largest of these | explained | s | MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in results.items():
        paper = PUBLISHED[name]
        by_name = {one["category"]: one for one in found["shares"]}
        english = sum(o["share"] for c, o in by_name.items() if c.startswith("english"))
        code = sum(o["share"] for c, o in by_name.items() if c.startswith("code"))
        others = [o for c, o in by_name.items() if not c.startswith(("code", "english"))]
        largest = ", ".join(
            f"{o['category'].capitalize()} {100 * o['share']:.1f} ± {50 * (o['high'] - o['low']):.1f}"
            for o in sorted(others, key=lambda o: -o["share"])[:5]
        )
        lines.append(
            f"| {name} | {found['first']:,} to {found['last']:,} | {100 * english:.1f} ({paper[0]}) | "
            f"{100 * code:.1f} ({paper[1]}) | {100 * (1 - english - code):.1f} ({paper[2]}) | {largest} | "
            f"{100 * found['explained']:.0f} % | {found['processor_seconds']:.0f} | "
            f"{found['peak_mb']:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("categories", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--only", nargs="*", default=list(TOKENIZERS))
    parser.add_argument("--merges", type=int)
    parser.add_argument("--megabytes", type=float, default=4, help="of each category")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        found = ask(
            arguments.collection,
            arguments.categories,
            arguments.one,
            arguments.merges,
            arguments.megabytes,
        )
        print(json.dumps(found))
        return
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    for name in arguments.only:
        if name in results:
            continue
        command = [sys.executable, __file__, *sys.argv[1:4], "--one", name]
        command += ["--megabytes", str(arguments.megabytes)]
        if arguments.merges:
            command += ["--merges", str(arguments.merges)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        results[name] = json.loads(done.stdout)
        write_json(arguments.results, results)
        print(f"{name}: {results[name]['wall_seconds']:.0f} s", file=sys.stderr, flush=True)
    print(table(results))


if __name__ == "__main__":
    main()
