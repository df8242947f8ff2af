"""The linear program of data mixture inference, grown row by row and solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, field

import highspy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]

_IDLE = 2  # solutions in a row to which a row adds nothing, before it is dropped
_PATIENCE = 25  # solutions without a higher objective, after which rows are kept for good


@dataclass(slots=True)
class MixtureProgram:
    """Minimise the slacks under: in the mixture, a merged pair is as frequent as any rival.

    Variables are the shares (in [0, 1], summing to 1), a slack for each step that has a rival, and one
    for each rival. Every row is `sum of share * lead + slack of step + slack of rival >= 0`: large
    enough slacks satisfy all rows for any shares, and the objective is a sum of values >= 0, so that
    the program is never infeasible nor unbounded.

    Rows that have become idle are dropped, and may come back when they are found violated. That leaves
    the objective as it is, so that the optimum over all rows is approached from below.
    """

    n: int
    objective: float = 0.0
    steps: Indices = field(default_factory=lambda: np.empty(0, dtype=np.uint32))
    pairs: Indices = field(default_factory=lambda: np.empty(0, dtype=np.uint32))
    solver: highspy.Highs = field(default_factory=highspy.Highs)
    _step_column: dict[int, int] = field(default_factory=dict)
    _pair_column: dict[int, int] = field(default_factory=dict)
    _idle: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _since_better: int = 0
    _solution: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        for option, value in (("output_flag", False), ("threads", 1), ("solver", "simplex")):
            self.solver.setOptionValue(option, value)
        empty, nothing = np.empty(0, dtype=np.int32), np.empty(0)
        zeros, ones = np.zeros(self.n), np.ones(self.n)
        self.solver.addCols(self.n, zeros, zeros, ones, 0, empty, empty, nothing)
        self.solver.addRow(1.0, 1.0, self.n, np.arange(self.n, dtype=np.int32), ones)

    def add(self, steps: Indices, pairs: Indices, leads: Floats) -> None:
        """One row for each step and rival pair; leads: float64 [rows, n]."""
        slacks = self._slack_columns(steps, pairs)
        count, width = len(steps), self.n + 2
        index = np.empty((count, width), dtype=np.int32)
        index[:, : self.n] = np.arange(self.n)
        index[:, self.n :] = slacks
        values = np.ones((count, width))
        values[:, : self.n] = leads
        kept = values != 0
        begins = np.zeros(count, dtype=np.int32)
        begins[1:] = np.cumsum(kept.sum(axis=1))[:-1]
        self.solver.addRows(
            count,
            np.zeros(count),
            np.full(count, highspy.kHighsInf),
            int(kept.sum()),
            begins,
            index[kept],
            values[kept],
        )
        self.steps = np.concatenate([self.steps, steps])
        self.pairs = np.concatenate([self.pairs, pairs])
        self._idle = np.concatenate([self._idle, np.zeros(count, dtype=np.int64)])

    def _slack_columns(self, steps: Indices, pairs: Indices) -> NDArray[np.int32]:
        known = self.n + len(self._step_column) + len(self._pair_column)
        fresh = 0
        columns = np.empty((len(steps), 2), dtype=np.int32)
        for row, (step, pair) in enumerate(zip(steps.tolist(), pairs.tolist(), strict=True)):
            if step not in self._step_column:
                self._step_column[step] = known + fresh
                fresh += 1
            if pair not in self._pair_column:
                self._pair_column[pair] = known + fresh
                fresh += 1
            columns[row] = self._step_column[step], self._pair_column[pair]
        free = np.full(fresh, highspy.kHighsInf)
        empty, nothing = np.empty(0, dtype=np.int32), np.empty(0)
        self.solver.addCols(fresh, np.ones(fresh), np.zeros(fresh), free, 0, empty, empty, nothing)
        return columns

    def solve(self) -> Floats:
        """The shares at the optimum, float64 [n]; steps and pairs then have their slacks."""
        self.solver.run()
        status = self.solver.getModelStatus()
        assert status == highspy.HighsModelStatus.kOptimal, (
            f"the program is feasible and bounded by construction, yet HiGHS says {status}"
        )
        solution = self.solver.getSolution()
        self._solution = np.array(solution.col_value)
        objective = float(self.solver.getInfo().objective_function_value)
        better = objective > self.objective * (1 + 1e-9) + 1e-9
        self._since_better = 0 if better else self._since_better + 1
        self.objective = objective
        duals = np.abs(np.array(solution.row_dual)[1:])
        self._idle = np.where(duals > 1e-12, 0, self._idle + 1)
        shares = np.maximum(self._solution[: self.n], 0.0)
        return np.asarray(shares / shares.sum())

    def drop_idle(self) -> bool:
        """Drop the rows that have been idle for a while; whether any was dropped."""
        idle = self._idle >= _IDLE
        if idle.sum() <= len(idle) // 5 or self._since_better >= _PATIENCE:
            return False
        basis = self.solver.getBasis()
        states = list(basis.row_status)
        basic = highspy.HighsBasisStatus.kBasic
        # only a basic row can go while what is left stays a basis
        gone = idle & np.array([state == basic for state in states[1:]], dtype=bool)
        if not gone.any():
            return False
        left = highspy.HighsBasis()
        left.col_status = list(basis.col_status)
        left.row_status = states[:1] + [s for s, g in zip(states[1:], gone, strict=True) if not g]
        left.valid = True
        rows = (np.flatnonzero(gone) + 1).astype(np.int32)
        self.solver.deleteRows(len(rows), rows)
        self.solver.setBasis(left)
        self.steps, self.pairs = self.steps[~gone], self.pairs[~gone]
        self._idle = self._idle[~gone]
        return True

    def slack_of_steps(self, steps: int) -> Floats:
        """The slack of every step, float64 [steps]."""
        return self._scattered(self._step_column, steps)

    def slack_of_pairs(self, pairs: int) -> Floats:
        """The slack of every pair, float64 [pairs]."""
        return self._scattered(self._pair_column, pairs)

    def _scattered(self, columns: dict[int, int], size: int) -> Floats:
        found = np.zeros(size)
        if columns and len(self._solution):
            where = np.fromiter(columns, dtype=np.int64, count=len(columns))
            which = np.fromiter(columns.values(), dtype=np.int64, count=len(columns))
            found[where] = np.maximum(self._solution[which], 0.0)
        return found
