"""Indicators of under-trained tokens from the weights of a model ("Fishing for Magikarp").

A token that training never met keeps the embedding it was given, or is driven where all unused
tokens are driven: its input row is short, or its row is near to the mean of rows known to be unused.
These are indicators; the paper confirms them by asking the model to repeat the token.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.evaluation.embedding_files import read_embeddings
from tokenworks.evaluation.encoded import Encoded, distinct_names
from tokenworks.evaluation.row import Direction, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHORT = 0.01  # quantile of norms
NEAR, NEAR_LEAST = 0.99, 0.5  # quantile of similarities, and the least that counts


@dataclass(frozen=True, slots=True, eq=False)
class Indicators:
    """Per token of a model's input and output matrices, over the tokens that may be tested.

    ids: int64 [n], those of the vocabulary that are neither special nor known to be unused.
    norm: of the input row, float64 [n]. similarity: cosine of the output row (the input row where
    they are tied) to the mean of the unused rows, after the first principal direction of the unused
    rows is taken out, float64 [n]; zeros without unused rows. unused: int64 [m].
    """

    ids: Ints
    norm: Floats
    similarity: Floats
    unused: Ints

    @property
    def short(self) -> NDArray[np.bool_]:
        """Input rows below the 1 % quantile of norms."""
        if not len(self.norm):
            return np.zeros(0, dtype=bool)
        found: NDArray[np.bool_] = self.norm < np.quantile(self.norm, SHORT)
        return found

    @property
    def near(self) -> NDArray[np.bool_]:
        """Rows nearer to the unused ones than 99 % of all, and than a cosine of 0.5."""
        if not len(self.similarity) or not len(self.unused):
            return np.zeros(len(self.ids), dtype=bool)
        least = max(float(np.quantile(self.similarity, NEAR)), NEAR_LEAST)
        found: NDArray[np.bool_] = self.similarity >= least
        return found

    def ranked(self) -> Ints:
        """Ids, most suspicious first: by similarity to unused rows, then by shortness."""
        found: Ints = self.ids[np.lexsort((self.ids, self.norm, -self.similarity))]
        return found


@method(
    "evaluation",
    "under-trained",
    paper="arXiv:2405.05417",
    year=2024,
    summary="Tokens whose embedding rows look untrained, from a model's weights alone.",
    fidelity="adapted",
    declares=("on-request",),
)
def under_trained(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded = (),
    model: str | os.PathLike[str] | None = None,
) -> list[Row]:
    """Count suspicious rows of the model that the first tokenizer belongs to.

    Inputs/outputs: `model`, a folder or file of safetensors; without it no rows; `samples` are not
    used. Rows: `unused_rows` (of the matrix, known before: no token, a special one, or a byte that
    no UTF-8 has), `near_unused` and `short_or_near` (percent of tokens that may be tested).
    Cost: one pass over two matrices. Deviations: thresholds by quantile and 0.5 instead of a
    confirmation by prompts. Raises: FormatError for damaged or foreign weights.
    """
    if model is None or not tokenizers:
        return []
    names = samples.names if isinstance(samples, Encoded) else distinct_names(tokenizers)
    found = indicators(tokenizers[0], model)
    n = len(found.ids)
    if not n:
        return []
    either = int((found.near | found.short).sum())
    figures: tuple[tuple[str, float, str, Direction], ...] = (
        ("unused_rows", float(len(found.unused)), "rows", "none"),
        ("near_unused", 100 * int(found.near.sum()) / n, "%", "lower"),
        ("short_or_near", 100 * either / n, "%", "none"),
    )
    return [
        Row(names[0], metric, "all", "", value, None, None, unit, direction, n)
        for metric, value, unit, direction in figures
    ]


def indicators(tokenizer: Tokenizer, model: str | os.PathLike[str]) -> Indicators:
    """Read a model's matrices and compare their rows.

    Raises:
        FormatError: no embedding matrix is found, or it has fewer rows than the tokenizer has ids.
    """
    given, output = read_embeddings(model, tokenizer.max_id_plus_one)
    unused = known_unused(tokenizer, len(given))
    tested = np.setdiff1d(
        np.array(sorted(tokenizer.definition.model.ids.tolist()), dtype=np.int64),
        np.concatenate([unused, np.array(sorted(tokenizer.specials.values()), dtype=np.int64)]),
    )
    norm = np.sqrt(np.einsum("ij,ij->i", given, given))[tested].astype(np.float64)
    return Indicators(tested, norm, _similarity(output, tested, unused), unused)


def known_unused(tokenizer: Tokenizer, rows: int) -> Ints:
    """Rows without a token, and tokens of single bytes that no UTF-8 text has: int64 [m]."""
    known = {*tokenizer.definition.model.ids.tolist(), *(t.id for t in tokenizer.definition.added)}
    never = {bytes((value,)) for value in (0xC0, 0xC1, *range(0xF5, 0x100))}
    of_bytes = {number for number in known if tokenizer.token_bytes(number) in never}
    return np.array(sorted({*range(rows)} - known | of_bytes), dtype=np.int64)


def _similarity(matrix: NDArray[np.float32], tested: Ints, unused: Ints) -> Floats:
    if not len(unused):
        return np.zeros(len(tested))
    of_unused = matrix[unused].astype(np.float64)
    rows = matrix[tested].astype(np.float64)
    if len(unused) > 2:  # the direction that all rows share says nothing about training
        _, _, directions = np.linalg.svd(of_unused - of_unused.mean(axis=0), full_matrices=False)
        first = directions[0]
        of_unused = of_unused - np.outer(of_unused @ first, first)
        rows = rows - np.outer(rows @ first, first)
    mean = of_unused.mean(axis=0)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(mean)
    products = rows @ mean
    found: Floats = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return found
