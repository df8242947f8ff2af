"""Planted mixtures with more text of each category than parallel news holds: how the error falls.

    python benchmarks/mixture_bytes.py COLLECTION CATEGORIES RESULTS.json [--draws 20] [--only PART ...]

COLLECTION is the unpacked test collection, CATEGORIES what `mixture_categories.py` wrote. As in
`mixture.py`, a tokenizer is trained on one half of the text of each category, weighted to 10 GB, and the
mixture is inferred from so many bytes of the other half. Parts:

six: five of six categories with 4 MB each (novels, Python, C, Russian, Chinese, Thai).
three: English novels, Python, and manuals in thirty languages, tens of megabytes each.
drawn: five languages of NTREX-128; the tokenizer is trained on all lines, and the samples are lines drawn
  anew with replacement, as many as asked for: the error of sampling alone.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from mixture import MERGES, error, sample
from mixture_categories import ntrex
from numpy.typing import NDArray

from tokenworks.files import write_json
from tokenworks.provenance.data_mixture_inference import data_mixture_inference
from tokenworks.provenance.evidence import gather
from tokenworks.provenance.merge_list import plain_merge_list
from tokenworks.provenance.planted import plant
from tokenworks.provenance.samples import Sample
from tokenworks.workflows.mixture.run import telling

SIX = ("english-novels", "code-python", "code-c", "russian", "chinese", "thai")
KB = {
    "six": (8, 32, 128, 512, 1900),
    "three": (100, 400, 1600, 6400, 24_000),
    "drawn": (16, 64, 256, 1024, 4096, 16_384),
}
_PART = 4000  # characters that stay together


def solve(
    training: list[Sample], truth: NDArray[np.float64], samples: list[Sample]
) -> dict[str, float]:
    """Plant, look at the samples, infer."""
    listed = plain_merge_list(plant(training, truth, MERGES))
    whole = gather(listed, samples, last=1500)
    evidence = whole.until(telling(whole))
    found = data_mixture_inference(evidence)
    return {
        "error": error(found.weights, truth),
        "merges": evidence.steps,
        "objective": found.objective or 0.0,
    }


def halves(parts: dict[str, list[str]], seed: int) -> tuple[list[Sample], dict[str, list[str]]]:
    """One half of the parts of each category as samples, and the parts of the other."""
    chance = np.random.default_rng(seed)
    training, other = [], {}
    for name, own in parts.items():
        order = chance.permutation(len(own)).tolist()
        half = len(own) // 2
        training.append(sample(name, [own[i] for i in order[:half]]))
        other[name] = [own[i] for i in order[half:]]
    return training, other


def first_bytes(name: str, parts: list[str], size: int) -> Sample:
    kept, held = [], 0
    for part in parts:
        if held >= size:
            break
        kept.append(part)
        held += len(part.encode())
    return sample(name, kept)


def real(parts: dict[str, list[str]], n: int, sizes: tuple[int, ...], seed: int) -> dict[str, Any]:
    chance = np.random.default_rng([n, seed])
    names = chance.choice(sorted(parts), n, replace=False).tolist()
    truth = chance.dirichlet(np.ones(n))
    training, other = halves({name: parts[name] for name in names}, seed)
    return {
        str(kb): solve(
            training, truth, [first_bytes(name, other[name], kb * 1000) for name in names]
        )
        for kb in sizes
    }


def drawn(news: dict[str, list[str]], seed: int, sizes: tuple[int, ...]) -> dict[str, Any]:
    chance = np.random.default_rng([5, seed])
    names = chance.choice(sorted(news), 5, replace=False).tolist()
    truth = chance.dirichlet(np.ones(5))
    training = [sample(name, news[name]) for name in names]
    out = {}
    for kb in sizes:
        samples = []
        for name in names:
            lines = news[name]
            mean = sum(len(line.encode()) for line in lines) / len(lines)
            many = chance.integers(len(lines), size=round(kb * 1000 / mean))
            samples.append(sample(name, [lines[i] for i in many.tolist()]))
        out[str(kb)] = solve(training, truth, samples)
    return out


def cut(text: str) -> list[str]:
    """Parts at ends of lines."""
    parts, begin = [], 0
    while begin < len(text):
        end = text.find("\n", begin + _PART) + 1 or len(text)
        parts.append(text[begin:end])
        begin = end
    return parts


def folder_parts(folder: Path) -> list[str]:
    return [part for path in sorted(folder.glob("*.txt")) for part in cut(path.read_text("utf-8"))]


def table(name: str, draws: list[dict[str, Any]]) -> str:
    what = {"six": "5 of 6 categories", "three": "3 categories", "drawn": "5 languages, drawn"}
    lines = [
        f"| {what[name]}: kB each | log10 of the squared error, {len(draws)} draws | merges |",
        "|---|---|---|",
    ]
    for key in draws[0]:
        errors = [one[key]["error"] for one in draws]
        merges = np.mean([one[key]["merges"] for one in draws])
        lines.append(
            f"| {int(key):,} | {np.mean(errors):.2f} ± {np.std(errors):.2f} | {merges:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("categories", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--only", nargs="*", choices=list(KB), default=list(KB))
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    for name in arguments.only:
        parts: dict[str, list[str]] = {}
        if name == "six":
            parts = {one: folder_parts(arguments.categories / one) for one in SIX}
        elif name == "three":
            for one, file in (
                ("novels", "bench/en.txt"),
                ("code", "bench/code.txt"),
                ("manuals", "bench/multi.txt"),
            ):
                text = (arguments.collection / file).read_text("utf-8", errors="replace")
                parts[one] = cut(text)
        news = ntrex(arguments.collection) if name == "drawn" else {}
        done = results.setdefault(name, {})
        for seed in range(arguments.draws):
            if str(seed) in done:
                continue
            if name == "drawn":
                done[str(seed)] = drawn(news, seed, KB[name])
            else:
                done[str(seed)] = real(parts, 5 if name == "six" else 3, KB[name], seed)
            write_json(arguments.results, results)
            print(f"{name} {seed}", file=sys.stderr, flush=True)
        if done:
            print(table(name, list(done.values())), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
