"""Every initializer on a small real model: bits per byte at once and after healing, tokens, time.

    python benchmarks/transplant.py MODEL --onto NAME=TOKENIZER=TEXT[=DONOR] ... [--parallel A B]
        [--heal 200] [--methods fvt omp ...] [--json FILE]

Each target is a tokenizer (of another text, with superwords, of another language), a text in its language,
and a small model that has it, for `omp`. A twentieth of the text is held out and scored; the rest is what
the methods are given and what healing trains on. `--parallel` are translated lines, for targets in another
language. Each run is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

METHODS = (
    *("zero", "random", "covariance", "mean", "byte-match", "prefix-match", "fvt", "retok"),
    *("k-tokeniser", "token-adapt", "focus", "wechsel", "ramen", "trans-tokenizer", "omp"),
)
VARIANTS = {"fvt": ("sum", "weighted", "last")}
NEEDS_TRANSLATIONS = ("ramen", "trans-tokenizer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--onto", nargs="+", required=True, metavar="NAME=TOKENIZER=TEXT[=DONOR]")
    parser.add_argument("--old-text", help="in the language of the model, for wechsel and ramen")
    parser.add_argument("--parallel", nargs=2, help="for targets whose name ends in *")
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--heal", type=int, default=0)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    rows = []
    for target in arguments.onto:
        name, tokenizer, text, *donor = target.split("=")
        for method in arguments.methods:
            for variant in ("", *VARIANTS.get(method, ())):
                row = one(arguments, name, tokenizer, text, donor, method, variant)
                if row is not None:
                    rows.append(row)
                    print(shown(row), flush=True)
                    if arguments.json:
                        Path(arguments.json).write_text(json.dumps(rows, indent=1))


def one(
    arguments: argparse.Namespace,
    name: str,
    tokenizer: str,
    text: str,
    donor: list[str],
    method: str,
    variant: str,
) -> dict[str, Any] | None:
    translated = name.endswith("*") and arguments.parallel
    if (method in NEEDS_TRANSLATIONS and not translated) or (method == "omp" and not donor):
        return None
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tokenworks", "transplant", arguments.model, tokenizer]
        command += ["--method", method, "--on", text, "-o", f"{folder}/out", "--json", "--quiet"]
        if variant:
            command += ["--option", f"variant={variant}"]
        if method == "omp":
            command += ["--donor", donor[0]]
        if translated and method in ("wechsel", *NEEDS_TRANSLATIONS):
            command += ["--parallel", *arguments.parallel]
            if method == "wechsel":
                command += ["--old-on", arguments.parallel[0]]
        if arguments.heal:
            command += ["--heal", str(arguments.heal)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{method}: {done.stderr or done.stdout[:2000]}")
    found = json.loads(done.stdout)
    scored = found["scored"]
    return {
        "onto": name.rstrip("*"),
        "method": f"{method} ({variant})" if variant else method,
        "before": scored["bits_per_byte_before"],
        "after": scored["bits_per_byte_after"],
        "healed": scored["bits_per_byte_healed"],
        "tokens_saved": scored["tokens_saved"],
        "bytes": scored["bytes"],
        "shared": found["origins"]["shared"],
        "rows": found["rows_after"],
        "seconds": found["seconds"]["rows"] + found["seconds"]["writing"],
        "memory_mb": found["peak_memory_mb"],
    }


def shown(row: dict[str, Any]) -> str:
    healed = "" if row["healed"] is None else f"{row['healed']:.3f}"
    return (
        f"| {row['onto']} | {row['method']} | {row['before']:.3f} | {row['after']:.3f} | {healed} | "
        f"{100 * row['tokens_saved']:.1f} % | {row['seconds']:.1f} s | {row['memory_mb']:.0f} MB |"
    )


if __name__ == "__main__":
    main()
