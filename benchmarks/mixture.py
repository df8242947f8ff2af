"""Planted mixtures: how near `mixture` comes to a known answer, against two baselines.

    python benchmarks/mixture.py COLLECTION RESULTS.json [--draws 20] [--only PART ...]

COLLECTION is the unpacked test collection (`corpora/ntrex128`). For every draw, n languages of
NTREX-128 and weights uniform on the simplex are chosen; the lines of each language are split into two
halves at random; a BPE tokenizer is trained on the first halves, weighted to 10 GB of text; and the
mixture is inferred from the second halves ("other text", about 125 kB a language) or from the first
("same text"). The figure is log10 of the mean squared error of the shares of the bytes.

Parts: n5, n10, n30 (with both baselines), bytes (error against bytes per category), merges (error
against merges), speed (against the published procedure, written plainly). Finished draws in
RESULTS.json are not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from mixture_categories import ntrex
from mixture_plain import plain_procedure
from numpy.typing import NDArray

from tokenworks.files import write_json
from tokenworks.provenance.data_mixture_inference import data_mixture_inference
from tokenworks.provenance.encoding_efficiency import own_tokens
from tokenworks.provenance.evidence import Evidence, gather
from tokenworks.provenance.merge_list import plain_merge_list
from tokenworks.provenance.planted import plant
from tokenworks.provenance.samples import Sample
from tokenworks.workflows.mixture.run import telling

Floats = NDArray[np.float64]
MERGES = 3000  # learned by each planted tokenizer
BLOCKS = 4


def sample(name: str, lines: list[str]) -> Sample:
    """Lines as a category."""
    blocks = tuple(("".join(lines[first::BLOCKS]),) for first in range(BLOCKS))
    return Sample(name, blocks, sum(len(line.encode()) for line in lines), 0)


def draw(
    news: dict[str, list[str]], n: int, seed: int
) -> tuple[list[Sample], list[Sample], Floats]:
    """Languages, each in two halves, and weights."""
    chance = np.random.default_rng([n, seed])
    names = chance.choice(sorted(news), n, replace=False)
    first, second = [], []
    for name in names.tolist():
        order = chance.permutation(len(news[name]))
        lines = [news[name][i] for i in order.tolist()]
        first.append(sample(name, lines[: len(lines) // 2]))
        second.append(sample(name, lines[len(lines) // 2 :]))
    return first, second, chance.dirichlet(np.ones(n))


def less(one: Sample, size: int) -> Sample:
    """The first bytes of a category."""
    lines = [line for block in one.blocks for text in block for line in text.splitlines(True)]
    np.random.default_rng(0).shuffle(lines)
    kept, held = [], 0
    for line in lines:
        if held >= size:
            break
        kept.append(line)
        held += len(line.encode())
    return sample(one.name, kept)


def error(weights: Floats, truth: Floats) -> float:
    """log10 of the mean squared error."""
    return float(np.log10(np.mean((weights - truth) ** 2)))


def solve(evidence: Evidence, truth: Floats) -> dict[str, float]:
    began = time.process_time()
    found = data_mixture_inference(evidence)
    return {
        "error": error(found.weights, truth),
        "seconds": time.process_time() - began,
        "objective": found.objective or 0.0,
        "merges": evidence.steps,
    }


def accuracy(news: dict[str, list[str]], n: int, seed: int) -> dict[str, Any]:
    """One draw: both kinds of text, chance, and what the baselines look at."""
    first, second, truth = draw(news, n, seed)
    listed = plain_merge_list(plant(first, truth, MERGES))
    out: dict[str, Any] = {"truth": truth.tolist(), "kb": np.mean([s.bytes for s in second]) / 1e3}
    out["same"] = solve(gather(listed, first, last=1000), truth)
    whole = gather(listed, second, last=1500)
    out["other"] = solve(whole.until(telling(whole)), truth)
    made = listed.merges[:, 2]
    density = whole.token_counts[made] / whole.by_category(whole.bytes)
    best = density.argmax(axis=1)[density.max(axis=1) > 0]
    out["tokens"] = np.bincount(best, minlength=n).tolist()
    out["efficiency"] = (own_tokens(whole) / whole.token_counts.sum(axis=0)).tolist()
    chance = np.random.default_rng(seed).dirichlet(np.ones(n))
    out["chance"] = error(chance, truth)
    out["uniform"] = error(np.full(n, 1 / n), truth)
    return out


def by_bytes(news: dict[str, list[str]], n: int, seed: int) -> dict[str, Any]:
    first, second, truth = draw(news, n, seed)
    listed = plain_merge_list(plant(first, truth, MERGES))
    out = {}
    for kb in (4, 8, 16, 32, 64, 128):
        whole = gather(listed, [less(one, kb * 1000) for one in second], last=1500)
        out[str(kb)] = solve(whole.until(telling(whole)), truth)
    return out


def by_merges(news: dict[str, list[str]], n: int, seed: int) -> dict[str, Any]:
    first, second, truth = draw(news, n, seed)
    listed = plain_merge_list(plant(first, truth, MERGES))
    return {str(m): solve(gather(listed, second, last=m), truth) for m in (30, 100, 300, 600, 1000)}


def speed(news: dict[str, list[str]], n: int, seed: int) -> dict[str, Any]:
    """Ours and the plain procedure on the same counts: processor seconds and the optimum."""
    first, second, truth = draw(news, n, seed)
    listed = plain_merge_list(plant(first, truth, MERGES))
    began = time.process_time()
    evidence = gather(listed, second, last=300)
    found = data_mixture_inference(evidence)
    ours = time.process_time() - began
    began = time.process_time()
    weights, objective = plain_procedure(second, listed, 300)
    plain = time.process_time() - began
    return {
        "ours_seconds": ours,
        "plain_seconds": plain,
        "times": plain / ours,
        "ours_objective": found.objective,
        "plain_objective": objective,
        "largest_difference": float(np.abs(weights - found.weights).max()),
        "error": error(found.weights, truth),
    }


PARTS: dict[str, tuple[Any, int, int]] = {  # what is done, languages, draws at most
    "n5": (accuracy, 5, 100),
    "n10": (accuracy, 10, 100),
    "n30": (accuracy, 30, 100),
    "bytes": (by_bytes, 5, 20),
    "merges": (by_merges, 5, 20),
    "speed": (speed, 10, 3),
}


def fitted(draws: list[dict[str, Any]], key: str) -> list[float]:
    """Errors of a baseline whose log-linear model is learned from all other draws."""
    errors = []
    logs = [
        np.log(np.maximum(np.array(one[key], float), 0.5 if key == "tokens" else 1e-9))
        for one in draws
    ]
    truths = [np.log(np.maximum(one["truth"], 1e-6)) for one in draws]
    for i, one in enumerate(draws):
        x = np.concatenate([v - v.mean() for j, v in enumerate(logs) if j != i])
        y = np.concatenate([v - v.mean() for j, v in enumerate(truths) if j != i])
        slope = float(x @ y / (x @ x))
        weights = np.exp(slope * (logs[i] - logs[i].max()))
        errors.append(error(weights / weights.sum(), np.array(one["truth"])))
    return errors


def summary(results: dict[str, Any]) -> str:
    """All parts that are there, in Markdown."""
    out = []
    rows = [name for name in ("n5", "n10", "n30") if results.get(name)]
    if rows:
        out += [
            "| languages | draws | same text | other text | kB each | merges | token classification | "
            "encoding efficiency | chance | uniform |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
    for name in rows:
        draws = list(results[name].values())
        cells = [
            [one["same"]["error"] for one in draws],
            [one["other"]["error"] for one in draws],
            fitted(draws, "tokens"),
            fitted(draws, "efficiency"),
            [one["chance"] for one in draws],
            [one["uniform"] for one in draws],
        ]
        texts = [f"{np.mean(c):.2f} ± {np.std(c):.2f}" for c in cells]
        kb = np.mean([one["kb"] for one in draws])
        merges = np.mean([one["other"]["merges"] for one in draws])
        texts[2:2] = [f"{kb:.0f}", f"{merges:.0f}"]
        out.append(f"| {name[1:]} | {len(draws)} | {' | '.join(texts)} |")
    for name, head in (("bytes", "kB of each category"), ("merges", "merges")):
        if results.get(name):
            draws = list(results[name].values())
            out += ["", f"| {head} | log10 of the squared error | objective |", "|---|---|---|"]
            for key in draws[0]:
                errors = [one[key]["error"] for one in draws]
                objective = np.mean([one[key]["objective"] for one in draws])
                out.append(
                    f"| {key} | {np.mean(errors):.2f} ± {np.std(errors):.2f} | {objective:.0f} |"
                )
    for one in results.get("speed", {}).values():
        out.append("")
        out.append(", ".join(f"{key} {value:.4g}" for key, value in one.items()))
    return "\n".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    arguments = parser.parse_args()
    news = ntrex(arguments.collection)
    results = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    for name in arguments.only:
        run, n, most = PARTS[name]
        done = results.setdefault(name, {})
        for seed in range(min(arguments.draws, most)):
            if str(seed) not in done:
                done[str(seed)] = run(news, n, seed)
                write_json(arguments.results, results)
                print(f"{name} {seed}", file=sys.stderr, flush=True)
    print(summary(results))


if __name__ == "__main__":
    main()
