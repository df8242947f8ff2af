"""A large dynamic vocabulary: the softmax of one step over the tokens that an index finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.registry import method
from tokenworks.transplant.embeddings import BLOCK, Floats, Ids, Rows

LEAVES = 2000  # figures of the paper's index
SEARCHED = 250
NEIGHBOURS = 200
_POINTS = 64  # rows of each leaf that the centres are learned from
_ROUNDS = 10
_SMALL = 40  # rows of a leaf at least: below that the index would be slower than no index


class RetrievedSoftmax:
    """Distributions over the tokens with the highest logits, and some that always belong to them.

    Rows lie in leaves by their direction, so that their lengths do not decide where; inside of the leaves
    that are searched the products with the true rows count. tokens: how many it holds.
    """

    def __init__(
        self,
        rows: Rows,
        bias: Rows | None,
        tokens: Ids,
        *,
        always: Ids,
        raised: float,
        leaves: int,
        searched: int,
        neighbours: int,
        seed: int,
    ) -> None:
        self._always = always
        self._raised = raised
        self._neighbours = neighbours
        self._bias = bias
        self._own = _with_bias(rows, bias, always)
        self._index = _index(rows, bias, tokens, min(leaves, max(1, len(tokens) // _SMALL)), seed)
        self._index.nprobe = min(searched, self._index.nlist)
        self.tokens = len(tokens)

    def log_probs(self, hidden: Floats) -> tuple[Ids, NDArray[np.float64]]:
        """Tokens and their log-probabilities among themselves after each state.

        Args:
            hidden: what the output layer is given, float32 [n, width].

        Returns:
            Ids, int64 [n, k], by falling logit, and natural logarithms, float64 [n, k]; -1 and minus
            infinity where fewer were found. Tokens that always belong stand last, once.
        """
        asked = np.ascontiguousarray(hidden, np.float32)
        if self._bias is not None:
            asked = np.concatenate([asked, np.ones((len(asked), 1), np.float32)], axis=1)
        logits, ids = self._index.search(asked, min(self._neighbours, self.tokens))
        logits = np.where((ids < 0) | np.isin(ids, self._always), -np.inf, logits)
        ids = np.where(np.isneginf(logits), -1, ids)
        own = asked @ self._own.T + self._raised
        ids = np.concatenate([ids, np.tile(self._always, (len(asked), 1))], axis=1)
        logits = np.concatenate([logits, own], axis=1).astype(np.float64)
        most = logits.max(axis=1, keepdims=True)
        total = np.log(np.exp(logits - most).sum(axis=1, keepdims=True)) + most
        found: Ids = ids.astype(np.int64)
        return found, logits - total


@method(
    "transplant",
    "dynamic-vocabulary",
    paper="arXiv:2411.18553",
    year=2024,
    needs=("faiss",),
    fidelity="adapted",
    declares=("head",),
)
def dynamic_vocabulary(
    rows: Rows,
    *,
    bias: Rows | None = None,
    tokens: Ids | None = None,
    always: Sequence[int] = (),
    raised: float = 0.0,
    leaves: int = LEAVES,
    searched: int = SEARCHED,
    neighbours: int = NEIGHBOURS,
    seed: int = 0,
) -> RetrievedSoftmax:
    """Index the output rows of a large vocabulary, to look only at tokens that may come next.

    Inputs/outputs: rows [n, width] and their bias [n, 1], made by any initializer for a tokenizer that was
    extended; an object with `log_probs`. `tokens`: the rows that have a token, int64; all where left out.
    `always`: tokens that are always among those found (the end of a text), with `raised` added to their
    logits. `leaves`: parts that the rows are sorted into, at most one for 40 rows; `searched`: how many
    of them are looked through; `neighbours`: tokens kept. With as many searched as there are, and
    all kept, it is the softmax itself. Cost: leaves x rows x width to build; a step (leaves + rows x
    searched / leaves) x width. Deviations: the inverted file of faiss instead of ScaNN, without
    quantization, so that no second ranking is needed. Raises: OptionError for figures below 1 or a
    token without a row.
    """
    for name, value in (("leaves", leaves), ("searched", searched), ("neighbours", neighbours)):
        if value < 1:
            raise OptionError(f"{name} is {value}; it must be 1 or more")
    tokens = np.arange(rows.rows, dtype=np.int64) if tokens is None else tokens
    wrong = [number for number in (*tokens, *always) if not 0 <= number < rows.rows]
    if wrong:
        raise OptionError(f"token {wrong[0]} has no row; there are {rows.rows:,}")
    return RetrievedSoftmax(
        rows,
        bias,
        tokens,
        always=np.array(sorted(set(always)), np.int64),
        raised=raised,
        leaves=leaves,
        searched=searched,
        neighbours=neighbours,
        seed=seed,
    )


def _index(rows: Rows, bias: Rows | None, tokens: Ids, leaves: int, seed: int) -> Any:
    import faiss

    width = rows.width + (bias is not None)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, leaves, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter = seed + 1, _ROUNDS
    index.cp.spherical, index.cp.max_points_per_centroid = True, _POINTS
    index.cp.min_points_per_centroid = 1
    draw = np.random.default_rng(seed)
    some = draw.choice(tokens, min(len(tokens), _POINTS * leaves), replace=False)
    sample = _with_bias(rows, bias, np.sort(some))
    index.train(sample / np.maximum(np.linalg.norm(sample, axis=1, keepdims=True), 1e-12))
    many = max(1, BLOCK // width)
    for start in range(0, len(tokens), many):
        ids = tokens[start : start + many]
        index.add_with_ids(_with_bias(rows, bias, ids), ids)
    return index


def _with_bias(rows: Rows, bias: Rows | None, ids: Ids) -> Floats:
    """Rows with their bias as one more number, which a state with a 1 there adds."""
    taken = rows.take(ids)
    return taken if bias is None else np.concatenate([taken, bias.take(ids)], axis=1)
