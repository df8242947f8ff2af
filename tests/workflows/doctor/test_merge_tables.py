"""The quick decision whether a merge can fire equals plain BPE on the merge's own text."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tokenworks.workflows.doctor.merge_tables import (
    Merge,
    Simulation,
    late_merges,
    made_later,
    never_firing,
)


def merges_of(picks: list[tuple[int, int]]) -> tuple[list[Merge], int]:
    """Merges over the letters a, b, c, each of two pieces that exist already."""
    pieces = {"a": 0, "b": 1, "c": 2}
    names = ["a", "b", "c"]
    merges: list[Merge] = []
    for x, y in picks:
        left, right = x % len(names), y % len(names)
        text = names[left] + names[right]
        if (left, right) in {m[:2] for m in merges} or len(text) > 12:
            continue
        if text not in pieces:
            pieces[text] = len(names)
            names.append(text)
        merges.append((left, right, pieces[text]))
    return merges, len(names)


@settings(max_examples=1000)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=25))
def test_walking_the_splits_equals_merging_the_text(picks: list[tuple[int, int]]) -> None:
    merges, pieces = merges_of(picks)
    assert late_merges(merges) == []
    dead, table = never_firing(pieces, merges, ())
    simulation = Simulation(merges)
    # Where a merge of a piece that is only made further down does fire, the list is out of order
    # and that is what is reported.
    assume(not any(simulation.fires(*merges[i][:2]) for i in made_later(merges, dead, table)))
    assert dead == [i for i, (a, b, _) in enumerate(merges) if not simulation.fires(a, b)]
    reachable = {m[2] for i, m in enumerate(merges) if i not in dead}
    assert {p for p in range(pieces) if table.made[p] >= 0} == reachable


def test_a_merge_across_the_border_comes_first() -> None:
    # a b c: (b, c) is better than (ab, c), so "abc" is made as a + bc and (ab, c) never fires.
    merges = [(1, 2, 3), (0, 1, 4), (4, 2, 5), (0, 3, 5)]
    dead, _ = never_firing(6, merges, ())
    assert dead == [2]


def test_equal_letters_merge_from_the_left() -> None:
    # aaa becomes aa + a, so (a, aa) never fires.
    dead, _ = never_firing(3, [(0, 0, 1), (0, 1, 2)], ())
    assert dead == [1]
    dead, _ = never_firing(3, [(0, 0, 1), (1, 0, 2)], ())
    assert dead == []
