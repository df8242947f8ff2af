"""Tokens against a Markov source ("Toward a Theory of Tokenization", Rajaraman et al. 2024).

Symbol n of a switching source of order k is symbol n - k, flipped with a fixed probability. Single
symbols are uniform, so that the best unigram model of characters needs 1 bit for each; the source has
fewer. A unigram model of the tokens of a good dictionary comes near to the source's entropy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log2
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.evaluation.encoded import Encoded, distinct_names
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

Symbols = NDArray[np.int64]

FLIP = 0.2
ORDERS = (1, 2, 4)


@method(
    "evaluation",
    "markov-source",
    paper="arXiv:2404.08335",
    year=2024,
    summary="Bits per symbol that a unigram model of tokens needs for a Markov source.",
    fidelity="adapted",
)
def markov_source(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded = (),
    model: object = None,
    *,
    orders: Sequence[int] = ORDERS,
    symbols: int = 20_000,
    seed: int = 0,
) -> list[Row]:
    """Tokenize binary texts of switching sources and score them with the tokens' frequencies.

    Inputs/outputs: `samples` are not used; texts of "a" and "b" of each order k. Rows `unigram_bits`
    by category "k=1" and so on: bits per symbol on fresh text, with frequencies of the training text
    plus 1/2; and `unigram_excess`, in bits above the entropy of the source (0.7219).
    Cost: two encodings of `symbols` characters per order. Deviations: the paper trains dictionaries
    on the source (see `learn_pairs` and `unigram_bits`, which reproduce that); here tokenizers come
    as they are, and those trained on language need more than 1 bit. Raises: OptionError for an order
    below 1 or fewer than 100 symbols.
    """
    if symbols < 100:
        raise OptionError(f"symbols is {symbols}; expected 100 or more")
    names = samples.names if isinstance(samples, Encoded) else distinct_names(tokenizers)
    rows: list[Row] = []
    for order in orders:
        train, fresh = (_text(source(order, symbols, seed=seed + n)) for n in (0, 1))
        for name, tokenizer in zip(names, tokenizers, strict=True):
            seen = tokenizer.encode(train, specials="text").astype(np.int64)
            new = tokenizer.encode(fresh, specials="text").astype(np.int64)
            kinds = len(np.union1d(seen, new))
            bits = unigram_bits(seen, new, symbols, kinds)
            for metric, value in (("unigram_bits", bits), ("unigram_excess", bits - entropy())):
                rows.append(
                    Row(
                        tokenizer=name,
                        metric=metric,
                        kind="category",
                        group=f"k={order}",
                        value=value,
                        low=None,
                        high=None,
                        unit="bits/symbol",
                        direction="lower",
                        n=symbols,
                    )
                )
    return rows


def entropy(flip: float = FLIP) -> float:
    """The entropy of the source, bits per symbol."""
    return -flip * log2(flip) - (1 - flip) * log2(1 - flip)


def source(order: int, n: int, flip: float = FLIP, seed: int = 0) -> Symbols:
    """Symbols 0 and 1 of the switching source: int64 [n].

    Raises:
        OptionError: order is below 1, or flip is not between 0 and 1.
    """
    if order < 1:
        raise OptionError(f"order is {order}; expected 1 or more")
    if not 0 < flip < 1:
        raise OptionError(f"flip is {flip}; expected a probability between 0 and 1")
    rng = np.random.default_rng(seed)
    flips = (rng.random(n) < flip).astype(np.int64)
    flips[:order] = rng.integers(0, 2, min(order, n))
    found = np.empty(n, dtype=np.int64)
    for phase in range(order):  # each phase is a chain of its own
        found[phase::order] = np.cumsum(flips[phase::order]) % 2
    return found


def learn_pairs(symbols: Symbols, size: int) -> list[tuple[int, int]]:
    """Byte pair encoding of one sequence of 0 and 1: the merges for a dictionary of `size`."""
    merges: list[tuple[int, int]] = []
    for new in range(2, size):
        keys = symbols[:-1] * size + symbols[1:]
        counts = np.bincount(keys)
        best = int(counts.argmax())  # the first of the most frequent
        if counts[best] < 2:
            break
        pair = divmod(best, size)
        merges.append(pair)
        symbols = merge_pair(symbols, pair, new)
    return merges


def apply_pairs(symbols: Symbols, merges: Sequence[tuple[int, int]]) -> Symbols:
    """A sequence of 0 and 1 after merges, in their order."""
    for new, pair in enumerate(merges, 2):
        symbols = merge_pair(symbols, pair, new)
    return symbols


def merge_pair(symbols: Symbols, pair: tuple[int, int], new: int) -> Symbols:
    """Replace every occurrence of a pair by one symbol, leftmost first."""
    at = np.flatnonzero((symbols[:-1] == pair[0]) & (symbols[1:] == pair[1]))
    if pair[0] == pair[1] and len(at):  # in "aaa" the second pair is gone with the first
        runs = np.flatnonzero(np.diff(at, prepend=-2) > 1)
        since = np.arange(len(at)) - np.repeat(runs, np.diff(runs, append=len(at)))
        at = at[since % 2 == 0]
    kept = np.ones(len(symbols), dtype=bool)
    kept[at + 1] = False
    replaced = symbols.copy()
    replaced[at] = new
    merged: Symbols = replaced[kept]
    return merged


def unigram_bits(train: Symbols, fresh: Symbols, symbols: int, kinds: int) -> float:
    """Bits per symbol of fresh tokens under the frequencies of training tokens, 1/2 added to each.

    Args:
        train, fresh: tokens, int64.
        symbols: how many symbols the fresh tokens stand for.
        kinds: different tokens of the dictionary.
    """
    size = int(max(train.max(initial=0), fresh.max(initial=0))) + 1
    counts = np.bincount(train, minlength=size) + 0.5
    bits = np.log2(len(train) + 0.5 * kinds) - np.log2(counts)
    return float(bits[fresh].sum() / symbols)


def _text(symbols: Symbols) -> str:
    return (symbols + ord("a")).astype(np.uint8).tobytes().decode()
