"""What data mixture inference must do on planted mixtures, and its program against a dense one."""

from __future__ import annotations

import highspy
import numpy as np
import pytest

from tokenworks.data.udhr import declaration
from tokenworks.provenance.bootstrap import spread
from tokenworks.provenance.data_mixture_inference import SCALE, data_mixture_inference
from tokenworks.provenance.encoding_efficiency import own_tokens
from tokenworks.provenance.evidence import Evidence, gather
from tokenworks.provenance.merge_list import MergeList, plain_merge_list
from tokenworks.provenance.planted import plant
from tokenworks.provenance.samples import Sample

PLANTED = np.array([0.5, 0.3, 0.2])


def sample(name: str, lines: list[str]) -> Sample:
    blocks = tuple(tuple(lines[first::4]) for first in range(4))
    return Sample(name, blocks, sum(len(line.encode()) for line in lines), 0)


def lines(language: str) -> list[str]:
    return [line + "\n" for line in declaration(language).articles]


SAMPLES = [sample(name, lines(name)) for name in ("en", "fi", "el")]
LISTED = plain_merge_list(plant(SAMPLES, PLANTED, 500))


def shares(samples: list[Sample], listed: MergeList = LISTED, last: int = 300) -> np.ndarray:
    return data_mixture_inference(gather(listed, samples, last=last)).weights


def dense(evidence: Evidence) -> float:
    """The optimum of the whole program at once: every pair at every step has a row."""
    n, pairs = evidence.n, evidence.replay.n_pairs
    factors = SCALE * evidence.times / evidence.merged_of[evidence.category_of]
    merged = evidence.replay.merged()
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    columns = n + evidence.steps + pairs
    empty = np.empty(0, np.int32)
    cost = np.concatenate([np.zeros(n), np.ones(columns - n)])
    upper = np.concatenate([np.ones(n), np.full(columns - n, highspy.kHighsInf)])
    solver.addCols(columns, cost, np.zeros(columns), upper, 0, empty, empty, np.empty(0))
    solver.addRow(1.0, 1.0, n, np.arange(n, dtype=np.int32), np.ones(n))
    which = np.arange(pairs, dtype=np.uint32)
    for step in np.flatnonzero(evidence.asked).tolist():
        same = np.full(pairs, step, np.uint32)
        leads = evidence.replay.leads(same, which, factors, evidence.category_of, n)
        for pair in np.flatnonzero((leads < 0).any(axis=1)).tolist():
            if pair != merged[step]:
                index = np.array([*range(n), n + step, n + evidence.steps + pair], np.int32)
                values = np.concatenate([leads[pair], [1.0, 1.0]])
                solver.addRow(0.0, highspy.kHighsInf, n + 2, index, values)
    solver.run()
    return float(solver.getInfo().objective_function_value)


def test_lazy_rows_reach_the_optimum_of_all_rows() -> None:
    strange = [sample(name, lines(name)) for name in ("de", "sv", "el")]  # nothing fits exactly
    evidence = gather(LISTED, strange, last=25)
    found = data_mixture_inference(evidence)
    assert found.objective is not None and found.objective > 100
    assert found.objective == pytest.approx(dense(evidence), rel=1e-4)


def test_a_start_changes_the_time_and_not_the_result() -> None:
    evidence = gather(LISTED, [sample(name, lines(name)) for name in ("de", "sv", "el")], last=120)
    first = data_mixture_inference(evidence)
    again = data_mixture_inference(evidence, first)
    assert again.rounds < first.rounds
    assert again.objective == pytest.approx(first.objective, rel=1e-6)


def test_the_true_mixture_needs_no_slack() -> None:
    found = data_mixture_inference(gather(LISTED, SAMPLES))
    assert found.objective is not None and found.objective < 0.5
    assert np.abs(found.weights - PLANTED).max() < 1e-3


def test_doubled_text_changes_nothing() -> None:
    double = Sample("en", tuple(block * 2 for block in SAMPLES[0].blocks), SAMPLES[0].bytes * 2, 0)
    assert np.allclose(shares([double, *SAMPLES[1:]]), shares(SAMPLES), atol=2e-4)


def test_equal_halves_of_a_category_share_what_it_had() -> None:
    found = shares([*SAMPLES, Sample("en again", SAMPLES[0].blocks, SAMPLES[0].bytes, 0)])
    assert found[0] + found[3] == pytest.approx(PLANTED[0], abs=1e-3)


def test_a_few_lost_merges_change_little() -> None:
    chance = np.random.default_rng(0)
    definition = plant(SAMPLES, PLANTED, 500)
    results = {int(r) for r in LISTED.merges[:, 2]}
    parts = {int(p) for p in LISTED.merges[:, :2].reshape(-1)}
    leaves = sorted(results - parts)  # nothing else stands on these
    lost = set(chance.choice(leaves, 5, replace=False).tolist())
    asked = np.array([int(r) not in lost for r in LISTED.merges[:, 2]])
    fewer = MergeList(
        definition, LISTED.alphabet, LISTED.merges[asked], LISTED.learned[asked], 495, 0, ()
    )
    assert np.abs(shares(SAMPLES, fewer) - shares(SAMPLES)).max() < 0.01


def test_intervals_hold_the_answer_and_widen_with_the_noise() -> None:
    evidence = gather(LISTED, SAMPLES, last=150)
    found = data_mixture_inference(evidence)
    around = spread(evidence, found, 6, seed=1)
    assert ((around.low <= found.weights) & (found.weights <= around.high)).all()
    assert around.draws.shape == (6, 3)
    assert (around.deviations > 0).all()
    assert np.allclose(around.draws, spread(evidence, found, 6, seed=1).draws)


def test_own_tokens_are_those_of_a_tokenizer_trained_on_the_category() -> None:
    evidence = gather(LISTED, SAMPLES, last=50)
    for category, tokens in enumerate(own_tokens(evidence)):
        one = SAMPLES[category]
        own = plain_merge_list(plant([one], np.ones(1), len(LISTED), total=one.bytes))
        pair = [one, SAMPLES[category - 1]]  # two are needed; the first is counted
        counts = gather(own, pair, last=10).token_counts[:, 0].sum()
        assert tokens == pytest.approx(counts, rel=1e-3)
