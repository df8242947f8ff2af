"""Data mixture inference: the shares under which every merge was the most frequent pair of its time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tokenworks.provenance.evidence import Evidence
from tokenworks.provenance.mixture_program import Indices, MixtureProgram
from tokenworks.provenance.shares import Shares
from tokenworks.registry import method

SCALE = 1e6  # counts are in parts per million of the merged pairs of a category
TOLERANCE = 1e-3  # parts per million by which a rival may be ahead
_PER_STEP = 3  # rivals of one step that are taken up in one round
_ENOUGH = 1 << 30  # rivals after which the program is solved again: all that there are


@method(
    "provenance",
    "data-mixture-inference",
    paper="arXiv:2407.16607",
    year=2024,
    fidelity="faithful",
    declares=("mixture", "recovers"),
)
def data_mixture_inference(
    evidence: Evidence,
    start: Shares | None = None,
    *,
    rounds: int = 0,
    advance: Callable[[float], None] = lambda _: None,
) -> Shares:
    """Solve for the mixture in which every merged pair was at least as frequent as its rivals.

    Inputs/outputs: evidence of n categories; shares of the bytes, float64 [n]. `start` is an answer
    for other counts of the same merges, whose rows are taken up at once; it changes the time and not
    the result. `rounds` ends the search for rivals early, for a bootstrap; 0 does not.
    Cost: a pass over the history of counts and a solution of the program for each round.
    Deviations: HiGHS in place of Gurobi; a tolerance of 1e-9 in place of 1e-6; more rows a round, and
    idle rows are dropped: none changes the optimum beyond the tolerance. Counts are divided by those
    of the merged pairs in the category in place of all its pairs. Where every step can be explained
    that changes nothing; where not, slack gets no smaller by giving weight to a category that has no
    frequent pairs, such as Chinese by characters.
    """
    replay, n = evidence.replay, evidence.n
    unit = np.maximum(evidence.merged_of, 1.0)
    factors = SCALE * evidence.times / unit[evidence.category_of]
    program = MixtureProgram(n)
    shares = np.full(n, 1.0 / n)
    replay.forget()

    def take(steps: Indices, pairs: Indices) -> None:
        program.add(steps, pairs, replay.leads(steps, pairs, factors, evidence.category_of, n))

    if start is not None and start.rivals is not None and len(start.rivals[0]):
        replay.know(*start.rivals)
        take(*start.rivals)
        shares = program.solve()
    done = 0
    while not rounds or done < rounds:
        done += 1
        steps, pairs = replay.rivals(
            shares[evidence.category_of] * factors,
            evidence.asked,
            program.slack_of_steps(len(evidence.asked)),
            program.slack_of_pairs(replay.n_pairs),
            TOLERANCE,
            _PER_STEP,
            _ENOUGH,
        )
        if not len(steps):
            break
        take(steps, pairs)
        shares = program.solve()
        if program.drop_idle():
            replay.forget()
            replay.know(program.steps, program.pairs)
        advance(1)
    in_bytes = shares * evidence.by_category(evidence.bytes) / unit
    return Shares(
        weights=in_bytes / in_bytes.sum(),
        objective=program.objective,
        step_slack=program.slack_of_steps(len(evidence.asked)),
        pair_slack=program.slack_of_pairs(replay.n_pairs),
        rivals=(program.steps, program.pairs),
        rounds=done,
    )
