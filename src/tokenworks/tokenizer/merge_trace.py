"""A slow, readable byte pair encoder that tells what it did: why a token can or cannot be reached.

The native encoder answers *what* a text becomes; `verify` and `audit` also need *why*. This one
walks the merges of a `Bpe` model over one short spelling, without pretokenizer or `ignore_merges`,
and returns every merge it applied.

Two facts make a single spelling enough. Merges inside a span are applied in the same order whatever
stands around the span, as long as nothing merges across its border. So a piece can be made by
merging in some text if and only if merging its own spelling ends in it; and the merge (a, b) can
fire in some text if and only if it is the last one applied to the spelling of a followed by b.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tokenworks.tokenizer.definition import Bpe


class Merged(NamedTuple):
    """One applied merge: its rank, the piece indices of the two parts, and where (symbols skipped)."""

    rank: int
    left: int
    right: int
    start: int  # symbols of the spelling before the left part
    middle: int  # ... before the right part
    end: int  # ... up to the end of the right part


@dataclass(frozen=True)
class MergeTrace:
    """The merges of one BPE model, indexed for walking."""

    model: Bpe

    @cached_property
    def index_of(self) -> dict[bytes, int]:
        """Piece bytes to piece index; the first of duplicates."""
        table: dict[bytes, int] = {}
        for i, piece in enumerate(self.model.pieces):
            table.setdefault(piece, i)
        return table

    @cached_property
    def ranks(self) -> dict[tuple[int, int], int]:
        """(left, right) piece indices to merge rank."""
        pairs = self.model.merges.tolist()
        equal = self.model.merge_ranks
        order = range(len(pairs)) if equal is None else equal.tolist()
        table: dict[tuple[int, int], int] = {}
        for rank, (left, right) in zip(order, pairs, strict=True):
            table.setdefault((left, right), rank)
        return table

    @cached_property
    def making(self) -> dict[int, list[tuple[int, int]]]:
        """Piece index to the pairs that merge to it, best rank first."""
        table: dict[int, list[tuple[int, int]]] = {}
        for left, right in self.model.merges.tolist():
            result = self.index_of.get(self.spelled(left, right))
            if result is not None:
                table.setdefault(result, []).append((left, right))
        return table

    def spelled(self, left: int, right: int) -> bytes:
        """The bytes of the piece that merging these two makes."""
        prefix = self.model.continuing_subword_prefix.encode()
        tail = self.model.pieces[right]
        if prefix and tail.startswith(prefix):
            tail = tail[len(prefix) :]
        return self.model.pieces[left] + tail

    def symbols(self, spelling: bytes) -> list[int] | None:
        """The pieces that merging starts from, or None if one is missing from the vocabulary."""
        if self.model.byte_level:
            parts = [spelling[i : i + 1] for i in range(len(spelling))]
        else:
            try:
                parts = [c.encode() for c in spelling.decode()]
            except UnicodeDecodeError:
                return None
            prefix = self.model.continuing_subword_prefix.encode()
            suffix = self.model.end_of_word_suffix.encode()
            parts[1:] = [prefix + p for p in parts[1:]]
            if parts and suffix:
                parts[-1] += suffix
        found = [self.index_of.get(part) for part in parts]
        return None if None in found else [f for f in found if f is not None]

    def run(self, symbols: list[int]) -> tuple[list[int], list[Merged]]:
        """Merge until nothing applies: always the best rank, the leftmost first.

        Args:
            symbols: piece indices to start from.

        Returns:
            The final piece indices, and the merges in the order of their application.
        """
        done: list[Merged] = []
        current = list(symbols)
        starts = list(range(len(symbols) + 1))
        while len(current) > 1:
            ranked = [
                (rank, at)
                for at in range(len(current) - 1)
                if (rank := self.ranks.get((current[at], current[at + 1]))) is not None
            ]
            if not ranked:
                break
            rank, at = min(ranked)
            result = self.index_of.get(self.spelled(current[at], current[at + 1]))
            if result is None:
                break
            done.append(Merged(rank, current[at], current[at + 1], *starts[at : at + 3]))
            current[at : at + 2] = [result]
            del starts[at + 1]
        return current, done

    def reachable(self, piece: int) -> bool:
        """Whether merging the piece's own spelling ends in the piece."""
        symbols = self.symbols(self.model.pieces[piece])
        return symbols is not None and self.run(symbols)[0] == [piece]

    def can_fire(self, left: int, right: int) -> bool:
        """Whether any text makes the merge (left, right) happen."""
        first = self.symbols(self.model.pieces[left])
        second = self.symbols(self.model.pieces[right])
        if first is None or second is None:
            return False
        _, done = self.run(first + second)
        return bool(done) and (done[-1].left, done[-1].right) == (left, right)
