"""Whether the merges of a BPE model stand in the order of training, and which of them never fire."""

from __future__ import annotations

from itertools import islice

from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.merge_tables import (
    Merge,
    MergeTable,
    Simulation,
    late_merges,
    made_later,
    never_firing,
)
from tokenworks.workflows.doctor.report import SHOWN_PER_FAULT, Findings

MOST_SIMULATED = 200_000


def show_pair(pair: tuple[str, str]) -> str:
    """A merge as reports print it."""
    return f"{pair[0][:30]!r} + {pair[1][:30]!r}"


def check_order(
    document: Document,
    findings: Findings,
    merges: list[Merge],
    origin: list[int],
    pieces: list[str],
) -> None:
    """Report merges that fire before their pieces' own merges, and count those that never fire."""
    if not merges:
        return
    late = late_merges(merges)
    dead, table = never_firing(len(pieces), merges, late)
    # A piece may have a merge that never fires and one that does, further down.
    doubtful = {*late, *made_later(merges, dead, table)}
    firing: set[int] = set()
    if doubtful:
        simulation = Simulation(merges)
        # A list far out of order is no order of training at all: some places are enough to say so.
        asked = dead if len(dead) <= MOST_SIMULATED else sorted(doubtful)
        fires = (i for i in asked if simulation.fires(*merges[i][:2]))
        firing = set(fires if asked is dead else islice(fires, SHOWN_PER_FAULT))
    if not firing or len(dead) <= MOST_SIMULATED:
        _never_firing(document, findings, merges, origin, pieces, dead, table, firing)
    shown = sorted(firing & doubtful)[:SHOWN_PER_FAULT]
    # Where whole words are taken first, tokens that training never made are usual and do no harm.
    whole = document.value["model"].get("ignore_merges") is True
    for i in shown:
        left, right, _ = merges[i]
        findings.add(
            document.finding(
                "note" if whole else "warning",
                "merge-order",
                ("model", "merges", origin[i]),
                f"the merge {show_pair((pieces[left], pieces[right]))} stands before the merges "
                "that make its pieces",
                "merges in the order of training; a sorted or shuffled list gives other ids",
            )
        )


def _never_firing(
    document: Document,
    findings: Findings,
    merges: list[Merge],
    origin: list[int],
    pieces: list[str],
    dead: list[int],
    table: MergeTable,
    firing: set[int],
) -> None:
    made = {merges[i][2] for i in firing}
    dead = [i for i in dead if i not in firing]
    if not dead:
        return
    lost = [p for p in {merges[i][2] for i in dead} if table.made[p] < 0 and p not in made]
    whole = document.value["model"].get("ignore_merges") is True
    left, right, result = merges[dead[0]]
    findings.facts["merges_never_firing"] = len(dead)
    findings.facts["pieces_never_merged"] = len(lost)
    ending = "; their pieces are made by other merges"
    if lost:
        ending = f"; {len(lost):,} pieces are made by no other merge" + (
            ", only taken as a whole word (ignore_merges)" if whole else ""
        )
    findings.add(
        document.finding(
            "note",
            "merge-never-fires",
            ("model", "merges", origin[dead[0]]),
            f"{len(dead):,} of {len(merges):,} merges can never fire, because better-ranked merges "
            f"join parts of their sides first (here {show_pair((pieces[left], pieces[right]))} for "
            f"{pieces[result][:30]!r}){ending}",
            "`tokenworks audit` lists the pieces" if lost else "nothing: no id depends on them",
            writer="converters from ranks list every split of a token" if len(dead) > 1000 else "",
        )
    )
