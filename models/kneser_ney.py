"""Interpolated modified Kneser-Ney n-grams over ids, as a baseline for language models.

Paper: Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language Modeling" (1998),
section 3: three discounts for each order, from the counts of counts, and below them a uniform
distribution over the vocabulary. Everything is sorted arrays; nothing is looped over per token.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
_PART = 1 << 22  # tokens looked up at once


@dataclass(frozen=True, slots=True)
class Order:
    """The n-grams of one length. keys: context * vocabulary + token, sorted; a context is the number
    of a gram of the order below. Arrays by gram and by context."""

    keys: Ids
    counts: NDArray[np.float64]
    total: NDArray[np.float64]
    back: NDArray[np.float64]  # the mass that a context leaves to the order below
    discounts: NDArray[np.float64]  # for counts of 0, 1, 2, 3 and more


class KneserNey:
    """A model of ids."""

    def __init__(self, ids: NDArray[np.integer], vocabulary: int, order: int = 5) -> None:
        """Count a text.

        Args:
            ids: the text, [n], below `vocabulary`. order: tokens of the longest gram.
        """
        self.vocabulary = vocabulary
        self.orders: list[Order] = []
        contexts = np.zeros(len(ids), np.int32)  # the gram that ends before each token
        below: Ids = np.empty(0, np.int64)
        suffixes: Ids = np.zeros(1, np.int64)  # of each gram of the order below: without its first
        many = 1
        pending: tuple[Ids, NDArray[np.float64], int] | None = None
        for length in range(1, order + 1):
            found, counts = _distinct(contexts, ids, vocabulary)
            if length > 1:
                context, token = np.divmod(found, vocabulary)
                suffixes = np.searchsorted(below, suffixes[context] * vocabulary + token)
            else:
                suffixes = np.zeros(len(found), np.int64)
            if pending is not None:
                # A lower order counts the different tokens that stand before its grams; one that only
                # begins the text has nothing before it and counts once.
                varied = np.bincount(suffixes, minlength=len(below)).astype(np.float64)
                self._add(pending[0], np.maximum(varied, 1), pending[2])
            pending = (found, counts.astype(np.float64), many)
            below, many = found, len(found)
            if length < order:
                contexts = _numbers(contexts, ids, found, vocabulary)
        assert pending is not None
        self._add(*pending)

    def _add(self, keys: Ids, counts: NDArray[np.float64], many: int) -> None:
        contexts = keys // self.vocabulary
        discounts = _discounts(counts)
        taken = discounts[np.minimum(counts, 3).astype(np.int64)]
        total = np.bincount(contexts, counts, minlength=many)
        left = np.bincount(contexts, taken, minlength=many)
        with np.errstate(invalid="ignore", divide="ignore"):
            back = np.where(total > 0, left / total, 1.0)
        self.orders.append(Order(keys, counts, total, back, discounts))

    def nats(self, ids: NDArray[np.integer], begin: int = 0) -> NDArray[np.float64]:
        """-log p of every token from `begin` on, float64 [n - begin]; those before are context only."""
        text = ids.astype(np.int64)
        chance = np.full(len(text), 1 / self.vocabulary)
        contexts = np.zeros(len(text) + 1, np.int64)
        for order in self.orders:
            context = contexts[:-1]
            known = (context >= 0) & (order.total[np.maximum(context, 0)] > 0)
            keys = np.where(known, context * self.vocabulary + text, -1)
            at = np.minimum(np.searchsorted(order.keys, keys), len(order.keys) - 1)
            seen = known & (order.keys[at] == keys)
            counts = np.where(seen, order.counts[at], 0)
            kept = np.maximum(counts - order.discounts[np.minimum(counts, 3).astype(np.int64)], 0)
            safe = np.where(known, context, 0)
            mixed = kept / np.maximum(order.total[safe], 1) + order.back[safe] * chance
            chance = np.where(known, mixed, chance)
            contexts = np.concatenate([[-1], np.where(seen, at, -1)])
        return -np.log(chance[begin:])


def _distinct(
    contexts: NDArray[np.int32], ids: NDArray[np.integer], vocabulary: int
) -> tuple[Ids, Ids]:
    """The distinct grams, sorted, and how often each occurs."""
    keys = contexts * np.int64(vocabulary) + ids
    keys = keys[int((contexts[:64] < 0).sum()) :]  # the first places have too short a context
    keys.sort()
    edges = np.concatenate([[0], np.flatnonzero(keys[1:] != keys[:-1]) + 1, [len(keys)]])
    return keys[edges[:-1]], np.diff(edges)


def _numbers(
    contexts: NDArray[np.int32], ids: NDArray[np.integer], grams: Ids, vocabulary: int
) -> NDArray[np.int32]:
    """The gram that ends before each token; -1 where the text has not yet so many tokens."""
    found = np.full(len(ids), -1, np.int32)
    for begin in range(0, len(ids) - 1, _PART):
        part = slice(begin, min(begin + _PART, len(ids) - 1))
        keys = contexts[part] * np.int64(vocabulary) + ids[part]
        numbers = np.searchsorted(grams, keys)
        found[part.start + 1 : part.stop + 1] = np.where(contexts[part] >= 0, numbers, -1)
    return found


def _discounts(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The discounts of Chen and Goodman for counts of 0, 1, 2, 3 and more."""
    n = [float((counts == k).sum()) for k in (1, 2, 3, 4)]
    if min(n) == 0:  # too little text to estimate them
        return np.array([0.0, 0.5, 0.75, 0.9])
    y = n[0] / (n[0] + 2 * n[1])
    found = [k - (k + 1) * y * n[k] / n[k - 1] for k in (1, 2, 3)]
    return np.array([0.0, *np.clip(found, 0.0, [1.0, 2.0, 3.0])])
