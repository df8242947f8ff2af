"""Every initializer onto three vocabularies: bits per byte at once and healed, tokens, time, memory.

    python benchmarks/transplant.py WORK --texts TEXT --pair ENGLISH GERMAN [--model english-6m]
        [--another english-4k-3m] [--hypernetwork DIR] [--heal 200] [--onto NAME ...] [--only METHOD ...]

TEXT is the folder text/ that `models/train.py` makes, ENGLISH and GERMAN are translated lines;
`transplant_targets.py` says which vocabularies they become. Each method runs in a process of its own,
whose peak memory is counted from where it began. Healing trains the token matrices for `--heal` steps of
2 sequences of 128 tokens; methods that make the same matrices are healed once. Every result is a line of
WORK/cells.jsonl: an interrupted run goes on after the last one. The table is printed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from transplant_targets import Target, targets

from tokenworks.lm.loading import load, model_folder
from tokenworks.lm.weights import Weights
from tokenworks.registry import methods
from tokenworks.transplant.embeddings import whole
from tokenworks.workflows.transplant import transplant
from tokenworks.workflows.transplant.healing import heal
from tokenworks.workflows.transplant.material import read_texts
from tokenworks.workflows.transplant.run import HYPERNETWORK
from tokenworks.workflows.transplant.subject import subject

FIRST = ("zero", "random", "covariance", "mean", "byte-match", "prefix-match", "fvt")
VARIANTS = {"fvt": ("sum", "weighted", "last")}
BATCH, LENGTH, RATE = 2, 128, 0.0005
DONOR_STEPS = 250
BEFORE = "(the model before)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--pair", type=Path, nargs=2, required=True)
    parser.add_argument("--model", default="english-6m")
    parser.add_argument("--another", default="english-4k-3m")
    parser.add_argument("--hypernetwork", type=Path, help="for zett; the model's own if left out")
    parser.add_argument("--heal", type=int, default=200)
    parser.add_argument("--onto", nargs="*", help="some of another, superwords, German")
    parser.add_argument("--only", nargs="*", help="methods; all of the register where left out")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    another = str(model_folder(arguments.another))
    onto = targets(arguments.work, arguments.texts, arguments.pair, another, DONOR_STEPS)
    names = [target.name for target in onto]
    onto = [target for target in onto if not arguments.onto or target.name in arguments.onto]
    hypernetwork = arguments.hypernetwork or model_folder(arguments.model) / HYPERNETWORK
    hypernetwork = str(hypernetwork) if hypernetwork.is_dir() else None
    cells = Cells(arguments.work / "cells.jsonl", _digest(arguments.model), arguments.heal)
    for target in onto:
        before(arguments.model, target, cells, arguments.heal)
        for label, options in runs(target, arguments.only, hypernetwork):
            if not cells.has(target.name, label):
                row = apart(run, arguments.model, target, options, cells, arguments.heal)
                cells.add(target.name, label, row)
    print(table(cells, names))


def runs(
    target: Target, only: list[str] | None, hypernetwork: str | None
) -> list[tuple[str, dict[str, Any]]]:
    """Every initializer of the register that this target has all things for, with its variants."""
    infos = [info for info in methods("transplant") if "initializer" in info.declares]
    infos.sort(key=lambda info: (FIRST.index(info.name) if info.name in FIRST else 99, info.name))
    found: list[tuple[str, dict[str, Any]]] = []
    for info in infos:
        name = info.name
        if only and name not in only:
            continue
        if "needs-hypernetwork" in info.declares and not hypernetwork:
            continue
        across = name in ("ramen", "trans-tokenizer", "wechsel")  # they map one language to another
        if across and target.parallel is None:
            continue
        options: dict[str, Any] = {"method": name, "on": [target.text]}
        if "needs-hypernetwork" in info.declares:
            options["hypernetwork"] = hypernetwork
        if "needs-donor" in info.declares:
            options["donor"] = target.donor
        if across and target.parallel is not None:
            options |= {"parallel": target.parallel, "old_on": [target.parallel[0]]}
        found.append((name, options))
        for variant in VARIANTS.get(name, ()):
            found.append((f"{name}, {variant}", {**options, "options": {"variant": variant}}))
    return found


def before(model: str, target: Target, cells: Cells, steps: int) -> None:
    """The model itself: as it is, and after the same training of its own matrix."""
    if cells.has(target.name, BEFORE):
        return

    def score(model: str, target: Target, *_: Any) -> dict[str, Any]:
        opened = load(model)
        found = opened.score(target.scored)
        with tempfile.TemporaryDirectory() as folder:
            out, work = Path(folder) / "out", Path(folder) / "work"
            work.mkdir()
            transplant(model, opened.tokenizer, out=out, method="mean", score=False)
            healed = _healed(out, target, work, steps)
        return {"at_once": found.bits_per_byte, "healed": healed, "tokens": len(found.ids)}

    cells.add(target.name, BEFORE, apart(score, model, target, {}, cells, steps))


def run(
    model: str, target: Target, options: dict[str, Any], cells: Cells, steps: int, held: int
) -> dict[str, Any]:
    """One method onto one vocabulary."""
    with tempfile.TemporaryDirectory() as folder:
        out, work = Path(folder) / "out", Path(folder) / "work"
        work.mkdir()
        found = transplant(model, target.tokenizer, out=out, score=False, **options)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
        scored = load(out).score(target.scored)
        rows = _rows_digest(out)
        healed = cells.healed_before(target.name, rows)
        if healed is None:
            healed = _healed(out, target, work, steps)
    return {
        "at_once": scored.bits_per_byte,
        "healed": healed,
        "tokens": len(scored.ids),
        "shared": found.origins["shared"],
        "rows": found.rows_after,
        "seconds": found.seconds["rows"] + found.seconds["writing"],
        "memory_mb": max(0, memory) / 1024,
        "digest": rows,
    }


def _healed(out: Path, target: Target, work: Path, steps: int) -> float:
    texts = read_texts([target.text]).given
    names = dict(subject(out).names.items())
    heal(out, texts, steps, work, names=names, batch=BATCH, length=LENGTH, rate=RATE)
    return load(out).score(target.scored).bits_per_byte


def _rows_digest(folder: Path) -> str:
    one = subject(folder)
    found = blake2b(digest_size=8)
    for rows in one.embeddings().parts().values():
        found.update(whole(rows).tobytes())
    return found.hexdigest()


def _digest(model: str) -> str:
    found = blake2b(digest_size=8)
    for file in Weights(model_folder(model)).files:
        found.update(file.read_bytes())
    return found.hexdigest()


def apart(work: Any, model: str, target: Target, options: Any, *more: Any) -> dict[str, Any]:
    """One run in a process of its own, which tells its result through a file."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.json"
        child = os.fork()
        if child == 0:
            code = 1
            try:
                held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                said.write_text(json.dumps(work(model, target, options, *more, held)))
                code = 0
            except BaseException as error:
                print(f"{options.get('method')}: {type(error).__name__}: {error}", file=sys.stderr)
            finally:
                os._exit(code)
        if os.waitpid(child, 0)[1] != 0:
            raise SystemExit(f"{options.get('method', BEFORE)} onto {target.name} failed")
        made: dict[str, Any] = json.loads(said.read_text())
        return made


class Cells:
    """Results as lines of a file; those of another model or number of steps are not ours."""

    def __init__(self, path: Path, model: str, steps: int) -> None:
        self._path = path
        self._key = {"model": model, "steps": steps}
        lines = path.read_text().splitlines() if path.exists() else []
        kept = [json.loads(line) for line in lines]
        self.rows = [row for row in kept if self._key.items() <= row.items()]

    def has(self, onto: str, label: str) -> bool:
        return self.row(onto, label) is not None

    def row(self, onto: str, label: str) -> dict[str, Any] | None:
        found = [row for row in self.rows if (row["onto"], row["method"]) == (onto, label)]
        return found[0] if found else None

    def healed_before(self, onto: str, digest: str) -> float | None:
        same = [r for r in self.rows if r["onto"] == onto and r.get("digest") == digest]
        return same[0]["healed"] if same else None

    def add(self, onto: str, label: str, row: dict[str, Any]) -> None:
        line = {**self._key, "onto": onto, "method": label, **row}
        self.rows.append(line)
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        healed = f", healed {row['healed']:.3f}"
        print(f"{onto}: {label} {row['at_once']:.3f}{healed}", flush=True)


def table(cells: Cells, onto: list[str]) -> str:
    """What docs/transplant.md shows: a row for each method, columns for each vocabulary."""
    saved = {name: _saved(cells, name) for name in onto}
    heads = [f"{name} ({100 * saved[name]:+.1f} % tokens)" for name in onto]
    lines = [
        "| method | "
        + " | ".join(f"{head}, at once | healed" for head in heads)
        + " | time | memory |",
        "|---|" + "---|---|" * len(onto) + "---|---|",
    ]
    labels = list(dict.fromkeys(row["method"] for row in cells.rows))
    for label in labels:
        rows = [cells.row(name, label) for name in onto]
        parts = [label if label == BEFORE else f"`{label}`"]
        for row in rows:
            parts += ["", ""] if row is None else [f"{row['at_once']:.3f}", f"{row['healed']:.3f}"]
        told = [row for row in rows if row is not None and "seconds" in row]
        parts.append(f"{max(row['seconds'] for row in told):.1f} s" if told else "")
        parts.append(f"{max(row['memory_mb'] for row in told):.0f} MB" if told else "")
        lines.append(f"| {' | '.join(parts)} |")
    return "\n".join(lines)


def _saved(cells: Cells, name: str) -> float:
    """The change in the number of tokens, as a share."""
    first = cells.row(name, BEFORE)
    others = [row for row in cells.rows if row["onto"] == name and row["method"] != BEFORE]
    return others[0]["tokens"] / first["tokens"] - 1 if first and others else 0.0


if __name__ == "__main__":
    main()
