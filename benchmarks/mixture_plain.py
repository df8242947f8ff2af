"""The published procedure of data mixture inference, written plainly in Python, to be measured against.

Words are lists of symbols; every merge rewrites the words that hold its pair and keeps the changes of
pair counts as a list for each step. Every round walks through the steps with a heap of priorities,
takes up to ten rivals of a step until a hundred new rows are found, and solves the program again with
all rows so far (HiGHS, warm).
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from itertools import pairwise

import highspy
import numpy as np
import regex
from numpy.typing import NDArray

from tokenworks.provenance.merge_list import MergeList
from tokenworks.provenance.samples import Sample

SCALE, TOLERANCE = 1e6, 1e-3  # as in tokenworks, so that the optimum is the same
PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
Floats = NDArray[np.float64]
Pair = tuple[int, int]


def plain_procedure(samples: list[Sample], listed: MergeList, steps: int) -> tuple[Floats, float]:
    """Shares of the bytes and the objective."""
    n = len(samples)
    first, changes, merged = replay(samples, listed, steps)
    unit = merged_counts(first, changes, merged)
    first = {pair: SCALE * counts / unit for pair, counts in first.items()}
    changes = [{p: SCALE * c / unit for p, c in step.items()} for step in changes]
    shares, slack_of_step, slack_of_pair = np.full(n, 1 / n), {}, {}
    program = Program(n)
    while True:
        rows = rivals(first, changes, merged, shares, slack_of_step, slack_of_pair, program.known)
        if not rows:
            break
        program.add(rows)
        shares, slack_of_step, slack_of_pair = program.solve()
    in_bytes = shares * np.array([one.bytes for one in samples]) / unit
    return in_bytes / in_bytes.sum(), program.objective


def replay(
    samples: list[Sample], listed: MergeList, steps: int
) -> tuple[dict[Pair, Floats], list[dict[Pair, Floats]], list[Pair]]:
    """Counts by category before any merge, their changes at every step, and the pairs merged."""
    n = len(samples)
    counts: dict[str, Floats] = defaultdict(lambda: np.zeros(n))
    for category, one in enumerate(samples):
        found: Counter[str] = Counter()
        for block in one.blocks:
            for text in block:
                found.update(regex.findall(PATTERN, text))
        for word, count in found.items():
            counts[word][category] = count
    of_byte = listed.alphabet.index_of
    words = [[of_byte[bytes((b,))] for b in word.encode()] for word in counts]
    weights = list(counts.values())
    totals: dict[Pair, Floats] = defaultdict(lambda: np.zeros(n))
    where: dict[Pair, set[int]] = defaultdict(set)
    for number, word in enumerate(words):
        for pair in pairwise(word):
            totals[pair] += weights[number]
            where[pair].add(number)
    first = {pair: counts.copy() for pair, counts in totals.items()}
    changes, merged = [], []
    for left, right, result in listed.merges[:steps].tolist():
        change: dict[Pair, Floats] = defaultdict(lambda: np.zeros(n))
        for number in list(where.get((left, right), ())):
            before = words[number]
            after = join(before, left, right, result)
            for pair in pairwise(before):
                change[pair] -= weights[number]
                where[pair].discard(number)
            for pair in pairwise(after):
                change[pair] += weights[number]
                where[pair].add(number)
            words[number] = after
        changes.append({pair: c for pair, c in change.items() if c.any()})
        merged.append((left, right))
    return first, changes, merged


def merged_counts(
    first: dict[Pair, Floats], changes: list[dict[Pair, Floats]], merged: list[Pair]
) -> Floats:
    """Occurrences of the merged pairs by category, by which counts are divided."""
    counts = {pair: c.copy() for pair, c in first.items()}
    total = sum(first.values()) * 0.0
    for pair, change in zip(merged, changes, strict=True):
        total = total + counts.get(pair, 0.0)
        for other, c in change.items():
            counts[other] = counts[other] + c if other in counts else c.copy()
    return total


def join(word: list[int], left: int, right: int, result: int) -> list[int]:
    out, at = [], 0
    while at < len(word):
        if at + 1 < len(word) and word[at] == left and word[at + 1] == right:
            out.append(result)
            at += 2
        else:
            out.append(word[at])
            at += 1
    return out


def rivals(
    first: dict[Pair, Floats],
    changes: list[dict[Pair, Floats]],
    merged: list[Pair],
    shares: Floats,
    slack_of_step: dict[int, float],
    slack_of_pair: dict[Pair, float],
    known: set[tuple[int, Pair]],
) -> list[tuple[int, Pair, Floats]]:
    """Rows that the mixture breaks: step, pair, and by how much the merged pair leads it."""
    counts = {pair: c.copy() for pair, c in first.items()}
    priority = {p: float(shares @ c) - slack_of_pair.get(p, 0.0) for p, c in counts.items()}
    heap = [(-value, pair) for pair, value in priority.items()]
    heapq.heapify(heap)
    found: list[tuple[int, Pair, Floats]] = []
    for step, pair in enumerate(merged):
        if pair in counts and counts[pair].any():
            bound = float(shares @ counts[pair]) + slack_of_step.get(step, 0.0) + TOLERANCE
            aside, seen, here = [], set(), 0
            while heap and here < 10 and -heap[0][0] > bound:
                value, other = heapq.heappop(heap)
                if -value != priority[other] or other in seen:
                    continue  # stale
                seen.add(other)
                aside.append((value, other))
                if other != pair and (step, other) not in known:
                    found.append((step, other, counts[pair] - counts[other]))
                    here += 1
            for entry in aside:
                heapq.heappush(heap, entry)
            if len(found) >= 100:
                break
        for other, change in changes[step].items():
            counts[other] = counts[other] + change if other in counts else change.copy()
            value = float(shares @ counts[other]) - slack_of_pair.get(other, 0.0)
            priority[other] = value
            heapq.heappush(heap, (-value, other))
    return found


class Program:
    """All rows so far."""

    def __init__(self, n: int) -> None:
        self.n, self.objective = n, 0.0
        self.known: set[tuple[int, Pair]] = set()
        self.column_of_step: dict[int, int] = {}
        self.column_of_pair: dict[Pair, int] = {}
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("threads", 1)
        for _ in range(n):
            self.solver.addVar(0.0, 1.0)
        self.solver.addRow(1.0, 1.0, n, np.arange(n, dtype=np.int32), np.ones(n))

    def add(self, rows: list[tuple[int, Pair, Floats]]) -> None:
        for step, pair, lead in rows:
            self.known.add((step, pair))
            columns = []
            for table, key in ((self.column_of_step, step), (self.column_of_pair, pair)):
                if key not in table:
                    table[key] = self.solver.getNumCol()
                    self.solver.addVar(0.0, highspy.kHighsInf)
                    self.solver.changeColCost(table[key], 1.0)
                columns.append(table[key])
            index = np.array([*range(self.n), *columns], dtype=np.int32)
            values = np.concatenate([lead, [1.0, 1.0]])
            self.solver.addRow(0.0, highspy.kHighsInf, self.n + 2, index, values)

    def solve(self) -> tuple[Floats, dict[int, float], dict[Pair, float]]:
        self.solver.run()
        values = np.array(self.solver.getSolution().col_value)
        self.objective = float(self.solver.getInfo().objective_function_value)
        shares = np.maximum(values[: self.n], 0.0)
        steps = {step: max(values[c], 0.0) for step, c in self.column_of_step.items()}
        pairs = {pair: max(values[c], 0.0) for pair, c in self.column_of_pair.items()}
        return shares / shares.sum(), steps, pairs
