"""Tokenizers that were trained alike at several sizes: the vocabulary of one holds that of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


def nested(tokenizers: Sequence[Tokenizer]) -> list[int]:
    """The longest chain of tokenizers, by number and rising size, each holding all tokens before it.

    Special tokens do not count. A chain of one says that none holds another.
    """
    order = sorted(range(len(tokenizers)), key=lambda number: tokenizers[number].n_tokens)
    spelled = {number: _tokens(tokenizers[number]) for number in order}
    chains: list[list[int]] = []
    for number in order:
        longest: list[int] = []
        for chain in chains:
            last = spelled[chain[-1]]
            if len(chain) > len(longest) and last < spelled[number]:
                longest = chain
        chains.append([*longest, number])
    return max(chains, key=len, default=[])


def _tokens(tokenizer: Tokenizer) -> frozenset[bytes]:
    special = set(tokenizer.specials.values())
    ids = tokenizer.definition.model.ids.tolist()
    return frozenset(tokenizer.token_bytes(number) for number in ids if number not in special)
