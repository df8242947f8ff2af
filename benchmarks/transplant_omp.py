"""Orthogonal matching pursuit in blocks beside the published procedure, one token at a time.

    python benchmarks/transplant_omp.py [--anchors 4000] [--width 512] [--targets 2048] [--sparsity 64]
        [--model MODEL --donor DONOR] [--loops 24]

Without models the rows are random, of lengths that differ as in trained models. The published procedure is
timed on `--loops` targets; the time of all is in proportion. Coefficients of both are compared for these.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.transplant.embeddings import Held, whole
from tokenworks.transplant.matching import match
from tokenworks.transplant.omp import pursue
from tokenworks.workflows.transplant.subject import subject

Floats = NDArray[np.float32]


def published(anchors: Floats, target: Floats, k: int) -> tuple[list[int], NDArray[np.float32]]:
    """The procedure as published: one target, one anchor at a time, Gram-Schmidt, R c = Q^T y."""
    used = np.zeros(len(anchors), bool)
    residual = target.copy()
    basis: list[Floats] = []
    triangle = np.zeros((k, k), np.float32)
    chosen: list[int] = []
    for step in range(k):
        best, value = -1, np.float32(-1)
        products = np.empty(len(anchors), np.float32)
        for number in range(len(anchors)):
            products[number] = residual @ anchors[number]
        for number in range(len(anchors)):
            if not used[number] and abs(products[number]) > value:
                best, value = number, abs(products[number])
        used[best] = True
        chosen.append(best)
        vector = anchors[best].copy()
        for place, q in enumerate(basis):
            share = q @ vector
            triangle[place, step] += share
            vector -= share * q
        for place, q in enumerate(basis):  # again, as float32 needs
            share = q @ vector
            triangle[place, step] += share
            vector -= share * q
        length = max(np.linalg.norm(vector), np.float32(1e-8))
        triangle[step, step] = length
        basis.append(vector / length)
        whole_basis = np.stack(basis)
        residual = target - whole_basis.T @ (whole_basis @ target)
    products = np.stack(basis) @ target
    coefficients = np.zeros(k, np.float32)
    for step in range(k - 1, -1, -1):
        known = triangle[step, step + 1 :] @ coefficients[step + 1 :]
        coefficients[step] = (products[step] - known) / triangle[step, step]
    return chosen, coefficients


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("anchors", 4000), ("width", 512), ("targets", 2048), ("sparsity", 64)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--loops", type=int, default=24)
    parser.add_argument("--model")
    parser.add_argument("--donor")
    arguments = parser.parse_args()
    anchors, targets = rows(arguments)
    k = min(arguments.sparsity, *anchors.shape)
    began = time.perf_counter()
    parts = [pursue(Held(anchors), targets[at : at + 512], k) for at in range(0, len(targets), 512)]
    blocked = time.perf_counter() - began
    atoms = np.concatenate([part[0] for part in parts])
    weights = np.concatenate([part[1] for part in parts])
    few = min(arguments.loops, len(targets))
    began = time.perf_counter()
    slow = [published(anchors, target, k) for target in targets[:few]]
    each = (time.perf_counter() - began) / few
    same = [atoms[place].tolist() == chosen for place, (chosen, _) in enumerate(slow)]
    worst = max(
        (float(np.abs(weights[at] - slow[at][1]).max()) for at in range(few) if same[at]),
        default=0.0,
    )
    print(
        f"{len(targets):,} targets, {len(anchors):,} anchors of width {anchors.shape[1]}, sparsity {k}"
    )
    print(f"in blocks: {blocked:.2f} s, {1000 * blocked / len(targets):.2f} ms per target")
    print(f"published: {1000 * each:.1f} ms per target, {each * len(targets):.0f} s for all")
    print(f"{each * len(targets) / blocked:.0f} times as fast")
    print(f"same anchors in the same order: {sum(same)} of {few} targets")
    print(f"largest difference of a coefficient: {worst:.2e}")


def rows(arguments: Any) -> tuple[Floats, Floats]:
    if arguments.model:
        one, other = subject(arguments.model), subject(arguments.donor)
        found = match(one.tokenizer, other.tokenizer, one.rows)
        donor = whole(other.embeddings().input)
        return donor[found.shared], donor[found.targets][: arguments.targets]
    draw = np.random.default_rng(0)
    n = arguments.anchors + arguments.targets
    made = draw.normal(size=(n, arguments.width)) * draw.lognormal(0, 0.3, size=(n, 1))
    made = made.astype(np.float32)
    return made[: arguments.anchors], made[arguments.anchors :]


if __name__ == "__main__":
    main()
