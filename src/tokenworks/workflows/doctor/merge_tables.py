"""Which merges can ever fire, and which pieces merging can reach.

BPE applies the best-ranked merge first. A merge (a, b) can fire only if no better-ranked merge
would have joined a part of `a` with a part of `b` before `a` and `b` were complete. This is decided
by undoing the merges of both sides in the reverse of the order in which they were made, and looking
at each step for a merge across the border; no text is encoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Merge = tuple[int, int, int]  # left piece, right piece, result
_NEVER = (1 << 62, 0)  # worse than the rank of any merge


class MergeTable:
    """Merges in rank order over integer pieces; `made[p]` is the rank that makes piece p, or -1."""

    def __init__(self, pieces: int) -> None:
        self.rank: dict[tuple[int, int], int] = {}
        self.made = [-1] * pieces
        self._composite = bytearray(pieces)  # results of merges, whether or not these can fire
        self._parts: dict[int, tuple[int, int]] = {}

    def can_fire(self, left: int, right: int, limit: int) -> bool:
        """True if `left` and `right` can stand side by side until a merge of rank `limit` is due."""
        rank, made, parts = self.rank, self.made, self._parts
        if any(self._composite[p] and made[p] < 0 for p in (left, right)):
            return False
        first = True
        while True:
            if not first:
                across = rank.get((left, right))
                if across is not None and across < limit:
                    return False
            first = False
            a, b = made[left], made[right]
            if a > b:  # the left piece was made last: undo it first
                limit = a
                left = parts[a][1]
            elif b >= 0:
                # Equal merges fire from left to right, so one across the border of the same rank wins.
                limit = b + 1
                right = parts[b][0]
            else:
                return True

    def add(self, left: int, right: int, result: int, rank: int) -> bool:
        """Append a merge, in the order of ranks; False if it can never fire."""
        fires = (left, right) not in self.rank and self.can_fire(left, right, rank)
        self.rank.setdefault((left, right), rank)
        self._composite[result] = 1
        if fires and self.made[result] < 0:
            self.made[result] = rank
            self._parts[rank] = (left, right)
        return fires


def late_merges(merges: Sequence[Merge]) -> list[int]:
    """Merges of a piece that only a later merge makes."""
    first_made: dict[int, int] = {}
    for i, (_, _, result) in enumerate(merges):
        first_made.setdefault(result, i)
    return [
        i
        for i, (a, b, _) in enumerate(merges)
        if max(first_made.get(a, -1), first_made.get(b, -1)) > i
    ]


class Simulation:
    """Plain BPE over pieces, for the merges whose order does not allow the quicker decision."""

    def __init__(self, merges: Sequence[Merge]) -> None:
        self._rank: dict[tuple[int, int], tuple[int, int]] = {}
        self._made: dict[int, tuple[int, int]] = {}
        for i, (left, right, result) in enumerate(merges):
            self._rank.setdefault((left, right), (i, result))
            self._made.setdefault(result, (left, right))

    def _letters(self, piece: int) -> list[int]:
        out, stack = [], [piece]
        while stack:
            top = stack.pop()
            parts = self._made.get(top)
            if parts is None:
                out.append(top)
            else:
                stack += [parts[1], parts[0]]
        return out

    def fires(self, left: int, right: int) -> bool:
        """True if merging the letters of both pieces ends with the merge (left, right)."""
        due_of = self._rank.get
        symbols = [*self._letters(left), *self._letters(right)]
        due = [due_of(pair) for pair in pairwise(symbols)]  # (rank, result) of each neighbourhood
        while len(symbols) > 1:
            best, place = _NEVER, -1
            for i, one in enumerate(due):
                if one is not None and one < best:
                    best, place = one, i
            if place < 0:
                return False
            if len(symbols) == 2 and symbols == [left, right]:
                return True
            symbols[place : place + 2] = [best[1]]
            del due[place]
            if place:
                due[place - 1] = due_of((symbols[place - 1], symbols[place]))
            if place < len(due):
                due[place] = due_of((symbols[place], symbols[place + 1]))
        return False


def never_firing(
    pieces: int, merges: Sequence[Merge], late: Sequence[int]
) -> tuple[list[int], MergeTable]:
    """The indices of merges that cannot fire, and the table of those that can.

    `late` are merges already known not to fire; they take part in nothing.
    """
    table, skipped = MergeTable(pieces), set(late)
    dead = [
        i
        for i, (left, right, result) in enumerate(merges)
        if i in skipped or not table.add(left, right, result, i)
    ]
    return dead, table


def made_later(merges: Sequence[Merge], dead: Sequence[int], table: MergeTable) -> list[int]:
    """Dead merges of a piece whose only merge that fires stands further down; they may yet fire."""
    made = table.made
    return [i for i in dead if max(made[merges[i][0]], made[merges[i][1]]) > i]
