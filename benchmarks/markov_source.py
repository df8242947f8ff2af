"""The Markov-source experiment of "Toward a Theory of Tokenization" (arXiv:2404.08335).

Bits per symbol of a unigram model of tokens, by the order of the source and the size of the
dictionary: `python benchmarks/markov_source.py [--symbols N] [--seeds N]`. One line per seed: for
k > 1 all pairs of symbols are equally frequent and the sample's noise decides the first merge, so that
there are two outcomes for small dictionaries.
"""

from __future__ import annotations

import argparse

from tokenworks.evaluation.markov_source import (
    ORDERS,
    apply_pairs,
    entropy,
    learn_pairs,
    source,
    unigram_bits,
)

SIZES = (2, 4, 8, 16, 32, 64, 128)


def row(order: int, symbols: int, seed: int) -> tuple[tuple[int, int], list[float]]:
    """The first merge, and bits per symbol for each size."""
    train, fresh = (source(order, symbols, seed=seed + n) for n in (0, 1000))
    merges = learn_pairs(train, max(SIZES))
    found = []
    for size in SIZES:
        own = merges[: size - 2]
        tokens = apply_pairs(train, own), apply_pairs(fresh, own)
        found.append(unigram_bits(*tokens, symbols, 2 + len(own)))
    return merges[0], found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=120_000)
    parser.add_argument("--seeds", type=int, default=4)
    options = parser.parse_args()
    print(f"entropy of the source: {entropy():.4f} bits per symbol")
    print("| k | seed | first merge | " + " | ".join(f"d={size}" for size in SIZES) + " |")
    print("|" + "---|" * (len(SIZES) + 3))
    for order in ORDERS:
        for seed in range(options.seeds):
            first, found = row(order, options.symbols, seed)
            figures = " | ".join(f"{bits:.3f}" for bits in found)
            print(f"| {order} | {seed} | {first[0]}{first[1]} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
