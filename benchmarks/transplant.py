"""Every initializer on a small real model: bits per byte at once and after healing, tokens, time, memory.

    python benchmarks/transplant.py MODEL --onto NAME=TOKENIZER=TEXT[=DONOR] ... [--parallel A B]
        [--heal 200 --healed fvt omp ...] [--methods fvt omp ...] [--scored 20000] [--json FILE]

Each target is a tokenizer (of another text, with superwords, of another language), a text in its language,
and a small model that has it, for `omp`. A twentieth of the text is held out, `--scored` characters of it
are scored, 700 at a time; the rest is what the methods are given and what healing trains on. `--parallel`
are translated lines, for targets whose name ends in *. Each run is a process of its own, forked when the
model has been scored, so that its peak memory is its own on top of what scoring took.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tokenworks.lm.loading import load
from tokenworks.workflows.transplant import transplant
from tokenworks.workflows.transplant.healing import heal
from tokenworks.workflows.transplant.material import Texts, read_texts
from tokenworks.workflows.transplant.subject import subject

METHODS = (
    *("zero", "random", "covariance", "mean", "byte-match", "prefix-match", "fvt", "retok"),
    *("k-tokeniser", "token-adapt", "focus", "wechsel", "ramen", "trans-tokenizer", "omp"),
)
VARIANTS = {"fvt": ("sum", "weighted", "last")}
CHUNK = 700  # characters scored together: within the length that small models were trained at
NEEDS_TRANSLATIONS = ("ramen", "trans-tokenizer")
HEAD = (
    "| onto | method | bits per byte | healed | tokens saved | shared | time | memory |\n"
    "|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--onto", nargs="+", required=True, metavar="NAME=TOKENIZER=TEXT[=DONOR]")
    parser.add_argument("--parallel", nargs=2, help="for targets whose name ends in *")
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--heal", type=int, default=0)
    parser.add_argument("--healed", nargs="*", help="methods to heal; all where left out")
    parser.add_argument("--scored", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    before = load(arguments.model)
    rows: list[dict[str, Any]] = []
    print(HEAD, flush=True)
    for target in arguments.onto:
        name, tokenizer, text, *donor = target.split("=")
        texts = read_texts([text])
        whole = " ".join(texts.scored)[: arguments.scored]
        chosen = [whole[at : at + CHUNK] for at in range(0, len(whole), CHUNK)]
        old = before.score(chosen)
        first = {"onto": name, "method": "(the model before)", "after": old.bits_per_byte}
        report(rows, first, arguments.json)
        for method in arguments.methods:
            translated = name.endswith("*") and arguments.parallel is not None
            if (method in NEEDS_TRANSLATIONS and not translated) or (method == "omp" and not donor):
                continue
            for variant in ("", *VARIANTS.get(method, ())):
                options: dict[str, Any] = {"method": method, "on": [text]}
                if variant:
                    options["options"] = {"variant": variant}
                if method == "omp":
                    options["donor"] = donor[0]
                if translated and method in ("wechsel", *NEEDS_TRANSLATIONS):
                    options["parallel"] = tuple(arguments.parallel)
                if translated and method == "wechsel":
                    options["old_on"] = [arguments.parallel[0]]
                healing = arguments.heal
                if arguments.healed is not None and (method not in arguments.healed or variant):
                    healing = 0
                made = apart(arguments.model, tokenizer, options, chosen, texts, healing)
                label = f"{method} ({variant})" if variant else method
                saved = 1 - made.pop("tokens") / len(old.ids)
                row = {"onto": name, "method": label, "tokens_saved": saved, **made}
                report(rows, row, arguments.json)


def apart(
    model: str,
    tokenizer: str,
    options: dict[str, Any],
    chosen: list[str],
    texts: Texts,
    healing: int,
) -> dict[str, Any]:
    """One run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.json"
        child = os.fork()
        if child == 0:
            code = 1
            try:
                held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                found = run(model, tokenizer, options, chosen, texts, healing, Path(folder), held)
                said.write_text(json.dumps(found))
                code = 0
            except BaseException as error:
                print(f"{options['method']}: {type(error).__name__}: {error}", file=sys.stderr)
            finally:
                os._exit(code)
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit(f"{options['method']} failed")
        made: dict[str, Any] = json.loads(said.read_text())
        return made


def run(
    model: str,
    tokenizer: str,
    options: dict[str, Any],
    chosen: list[str],
    texts: Texts,
    healing: int,
    folder: Path,
    held: int,
) -> dict[str, Any]:
    out = folder / "out"
    found = transplant(model, tokenizer, out=out, score=False, **options)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
    scored = load(out).score(chosen)
    healed = None
    if healing:
        names = subject(out).names
        heal(out, texts.given, healing, folder, names={**names})
        healed = load(out).score(chosen).bits_per_byte
    return {
        "after": scored.bits_per_byte,
        "healed": healed,
        "tokens": len(scored.ids),
        "bytes": int(scored.bytes.sum()),
        "shared": found.origins["shared"],
        "rows": found.rows_after,
        "seconds": found.seconds["rows"] + found.seconds["writing"],
        "memory_mb": max(0, memory) / 1024,
    }


def report(rows: list[dict[str, Any]], row: dict[str, Any], path: Path | None) -> None:
    rows.append(row)
    if path is not None:
        path.write_text(json.dumps({"at": time.time(), "rows": rows}, indent=1))
    cells = [row["onto"].rstrip("*"), row["method"], f"{row['after']:.3f}"]
    if "rows" in row:
        cells += [
            "" if row["healed"] is None else f"{row['healed']:.3f}",
            f"{100 * row['tokens_saved']:.1f} %",
            f"{row['shared']:,} of {row['rows']:,}",
            f"{row['seconds']:.1f} s",
            f"{row['memory_mb']:.0f} MB",
        ]
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
