"""OMP transplantation: a donor's row as a sparse sum of shared rows, the sum taken in the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.files import atomic_file
from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Held, Ids, Rows
from tokenworks.transplant.initialization import Given, Mixtures, Report, compose, require
from tokenworks.transplant.matching import Match, match

SPARSITY = 64
_LEAST = 1e-8  # of a norm


@method(
    "transplant",
    "omp",
    paper="arXiv:2506.06607",
    year=2025,
    fidelity="exact",
    declares=("initializer", "needs-donor"),
)
def omp(
    old: Tokenizer,
    new: Tokenizer,
    embeddings: Embeddings,
    given: Given,
    *,
    sparsity: int = SPARSITY,
) -> tuple[Embeddings, Report]:
    """Rebuild donor rows from shared tokens by orthogonal matching pursuit, then mix the model's own.

    Inputs/outputs: matrices by old id; matrices by new id, and a report; `given.donor`, the matrices of
    a model that has the new tokenizer. `sparsity`: shared tokens in a sum. Input and output are treated
    apart where both models have two matrices. Cost: targets x sparsity x shared x donor width
    products, in float32, in blocks that stay inside `given.memory`. Deviations: none; the projection is
    orthogonalised twice at each step. Raises: OptionError without a donor, for a donor with too few
    rows, or a sparsity below 1.
    """
    require(given, "donor", "omp", "a donor model that has the new tokenizer (--donor)")
    if sparsity < 1:
        raise OptionError(f"sparsity is {sparsity}; it must be 1 or more")
    donor = given.donor
    assert donor is not None
    if donor.input.rows < new.max_id_plus_one:
        raise OptionError(
            f"the donor has {donor.input.rows:,} rows, the new tokenizer {new.name} needs "
            f"{new.max_id_plus_one:,}; is it the tokenizer of the donor?"
        )
    matched = match(old, new, embeddings.input.rows)
    notes: dict[str, float | int] = {"anchors": len(matched.shared), "sparsity": sparsity}
    mixtures = _pursued(matched, donor.input, sparsity, given, notes, "input")
    output = None
    if embeddings.output is not None and donor.output is not None:
        output = _pursued(matched, donor.output, sparsity, given, notes, "output")
    return compose(matched, embeddings, mixtures, output=output, notes=notes)


def _pursued(
    matched: Match,
    donor: Rows,
    sparsity: int,
    given: Given,
    notes: dict[str, float | int],
    part: str,
) -> Mixtures:
    n, width = len(matched.shared), donor.width
    k = min(sparsity, n, width)
    if k == 0 or not len(matched.targets):
        return Mixtures.none(len(matched.targets))
    # Half of the memory is for anchors: all of them, or as many at a time as fit, read anew at each
    # step. The rest is for targets: the basis, the products with those anchors, and the triangle.
    held = int(max(1, min(n, given.memory // 2 // (4 * width))))
    anchors: Rows = _Anchors(donor, matched.shared)
    if held == n:
        anchors = Held(donor.take(matched.shared))
    each = 4 * (k * width + 2 * held + 3 * width) + 8 * k * k
    at_once = int(max(1, min(512, given.memory // 2 // each)))
    parts: list[tuple[Ids, NDArray[np.float64], NDArray[np.float64]]] = []
    for start in range(0, len(matched.targets), at_once):
        ids = matched.targets[start : start + at_once]
        kept = given.workspace and given.workspace / f"omp-{part}-{start}-{len(ids)}-{k}.npz"
        parts.append(_block(donor, anchors, held, ids, k, kept))
        given.told(f"{part} rows", start + len(ids), len(matched.targets))
    atoms, weights, left = (np.concatenate(column) for column in zip(*parts, strict=True))
    notes[f"{part}_residual"] = float(left.mean())
    starts = np.arange(len(atoms) + 1, dtype=np.int64) * k
    sources = matched.source[matched.shared[atoms.reshape(-1)]]
    return Mixtures(starts, sources, weights.reshape(-1).astype(np.float32))


def _block(
    donor: Rows, anchors: Rows, held: int, ids: Ids, k: int, kept: Path | None
) -> tuple[Ids, NDArray[np.float64], NDArray[np.float64]]:
    """Atoms, coefficients and relative residuals of some targets; kept in a file where one is named."""
    if kept is not None and kept.exists():
        with np.load(kept, allow_pickle=False) as found:
            return found["atoms"], found["weights"], found["left"]
    targets = donor.take(ids)
    atoms, weights, residual = pursue(anchors, targets, k, held)
    size = np.maximum(np.linalg.norm(targets, axis=1), _LEAST)
    left = (np.linalg.norm(residual, axis=1) / size).astype(np.float64)
    if kept is not None:
        with atomic_file(kept) as stream:
            np.savez(stream, atoms=atoms, weights=weights, left=left)
    return atoms, weights, left


@dataclass(frozen=True, slots=True)
class _Anchors:
    """Some rows of a matrix that is not held."""

    matrix: Rows
    ids: Ids

    @property
    def rows(self) -> int:
        return len(self.ids)

    @property
    def width(self) -> int:
        return self.matrix.width

    def take(self, ids: Ids) -> Floats:
        return self.matrix.take(self.ids[ids])


def pursue(
    anchors: Rows, targets: Floats, k: int, held: int | None = None
) -> tuple[Ids, NDArray[np.float64], Floats]:
    """Orthogonal matching pursuit of many targets over the same anchors, which are not normalised.

    Args:
        anchors: n rows.
        targets: float32 [m, width].
        k: anchors of each sum, at most n and width.
        held: anchors compared at a time; all where it is left out.

    Returns:
        The anchors chosen, int64 [m, k], in order; their coefficients, float64 [m, k]; what is left
        of the targets, float32 [m, width].
    """
    m, width = targets.shape
    residual = targets.copy()
    basis = np.zeros((m, k, width), np.float32)
    triangle = np.zeros((m, k, k))
    products = np.zeros((m, k))
    atoms = np.zeros((m, k), np.int64)
    for step in range(k):
        best = _nearest(anchors, residual, atoms[:, :step], held or anchors.rows)
        atoms[:, step] = best
        added = anchors.take(best)
        found = basis[:, :step]
        for _ in range(2):  # once is not enough in float32
            shares = np.matmul(found, added[:, :, None])[:, :, 0]
            added = added - np.matmul(shares[:, None, :], found)[:, 0]
            triangle[:, :step, step] += shares
        length = np.maximum(np.linalg.norm(added, axis=1), _LEAST)
        triangle[:, step, step] = length
        added = added / length[:, None]
        basis[:, step] = added
        products[:, step] = np.einsum("ij,ij->i", added, targets)
        residual = residual - np.einsum("ij,ij->i", added, residual)[:, None] * added
    solved = np.linalg.solve(triangle, products[:, :, None])[:, :, 0]
    return atoms, np.asarray(solved, np.float64), np.asarray(residual, np.float32)


def _nearest(anchors: Rows, residual: Floats, taken: Ids, held: int) -> Ids:
    """The anchor not taken with the largest product with each residual, the first of equal ones."""
    everyone = np.arange(len(residual))
    best = np.zeros(len(residual), np.int64)
    value = np.full(len(residual), -1, np.float32)
    for start in range(0, anchors.rows, held):
        ids = np.arange(start, min(start + held, anchors.rows), dtype=np.int64)
        block = anchors.array if _whole(anchors, ids) else anchors.take(ids)
        likeness = residual @ block.T
        np.abs(likeness, out=likeness)
        here = (taken >= start) & (taken < start + len(ids))
        rows, places = np.nonzero(here)
        likeness[rows, taken[rows, places] - start] = -1
        found = likeness.argmax(axis=1)
        nearer = likeness[everyone, found] > value
        best[nearer] = ids[found[nearer]]
        value[nearer] = likeness[everyone, found][nearer]
    return best


def _whole(anchors: Rows, ids: Ids) -> TypeGuard[Held]:
    return isinstance(anchors, Held) and len(ids) == anchors.rows
