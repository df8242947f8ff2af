"""What an answer cannot say: categories too alike, scripts without text, lists that are no plain BPE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations

import numpy as np
import regex
from numpy.typing import NDArray

from tokenworks.evaluation.scripts import SCRIPTS
from tokenworks.provenance.bootstrap import Spread
from tokenworks.provenance.evidence import Evidence
from tokenworks.provenance.merge_list import MergeList
from tokenworks.provenance.samples import Sample

_SMALL = 100_000  # bytes
_ALIKE = 0.985  # of the likeness that two halves of one category have
# Shares that move by this much and against each other; fewer replicates find such pairs by chance.
_MOVES, _TRADE, _REPLICATES = 0.003, 0.85, 16
_TOUCHED = 0.02  # of the pairs of a category that the merges looked at join
_FEW_TOKENS = 200  # of a script, in all samples
_FEW_PIECES = 20
_EXPLAINED = 0.3


def cautions(
    evidence: Evidence,
    samples: Sequence[Sample],
    weights: NDArray[np.float64],
    spread: Spread | None,
    explained: float,
) -> list[str]:
    """Every warning, the most severe first."""
    found = list(_not_plain(evidence.merges))
    found += _unexplained(explained)
    found += _alike(evidence, weights, spread)
    found += _without_text(evidence)
    found += _untouched(evidence)
    small = [f"{one.name} ({one.bytes / 1e3:.0f} kB)" for one in samples if one.bytes < _SMALL]
    if small:
        found.append(f"small samples, so that rare merges say little of them: {', '.join(small)}")
    return found


def _not_plain(merges: MergeList) -> Iterable[str]:
    if merges.phases:
        yield "a two-phase vocabulary: only the merges inside words are looked at, not superwords"
    runs = [i for i in merges.unreachable if _is_run(merges.pieces[i])]
    by_hand = merges.by_hand + (len(runs) if merges.by_hand else 0)
    if by_hand:
        yield f"{by_hand} runs of one character stand in a block, put in by hand; they are left out"
    others = [i for i in merges.unreachable if not merges.by_hand or i not in runs]
    lost = len(others)
    if lost:
        shown = ", ".join(_text(merges.pieces[i]) for i in others[:4])
        yield (
            f"not plain BPE: {lost:,} of {lost + len(merges):,} merged pieces cannot be made by the "
            f"merges before them, such as {shown}; they are left out"
        )


def _is_run(piece: bytes) -> bool:
    return len(set(piece.decode("utf-8", "replace"))) == 1


def _unexplained(explained: float) -> Iterable[str]:
    if explained < _EXPLAINED:
        yield (
            f"the mixture explains {explained:.0%} of the merges: the training text holds kinds of "
            "text that no category has, or was split in another way"
        )


def _alike(
    evidence: Evidence, weights: NDArray[np.float64], spread: Spread | None
) -> Iterable[str]:
    n = evidence.n
    half = (np.arange(len(evidence.category_of)) % 2).astype(np.uint32)
    columns = evidence.category_of * 2 + half
    counts = evidence.replay.token_counts(evidence.times, columns, 2 * n)
    root = np.sqrt(counts / np.maximum(counts.sum(axis=0), 1.0))
    overlap = root.T @ root
    within = np.array([overlap[2 * i, 2 * i + 1] for i in range(n)])
    trades = np.zeros((n, n))
    if spread is not None and len(spread.draws) >= _REPLICATES:
        sure = spread.deviations > _MOVES
        if sure.sum() > 1:
            trades[np.ix_(sure, sure)] = np.corrcoef(spread.draws[:, sure].T)
    for i, j in combinations(range(n), 2):
        across = (overlap[2 * i, 2 * j + 1] + overlap[2 * i + 1, 2 * j]) / 2
        same = across >= _ALIKE * np.sqrt(within[i] * within[j])
        if same or trades[i, j] < -_TRADE:
            yield (
                f"{evidence.names[i]} and {evidence.names[j]} cannot be told apart: "
                + ("their tokens are alike" if same else "one share grows as the other falls")
                + f"; together they have {weights[i] + weights[j]:.1%}"
            )


def _without_text(evidence: Evidence) -> Iterable[str]:
    made = evidence.merges.merges[:, 2]
    used = evidence.token_counts.sum(axis=1)
    pieces: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for index in made.tolist():
        script = _script(evidence.merges.pieces[index])
        if script:
            pieces[script] += 1
            tokens[script] += int(used[index])
    missing = [
        f"{script} ({count:,} merges)"
        for script, count in pieces.most_common()
        if count >= _FEW_PIECES and tokens[script] < _FEW_TOKENS
    ]
    if missing:
        yield f"no category is written in {', '.join(missing)}; their share is given to others"


def _untouched(evidence: Evidence) -> Iterable[str]:
    pairs = np.maximum(evidence.by_category(evidence.pairs), 1.0)
    rare = evidence.merged_of < _TOUCHED * pairs
    names = [name for name, one in zip(evidence.names, rare.tolist(), strict=True) if one]
    if names:
        yield (
            f"the merges looked at hardly occur in {', '.join(names)}: a share of theirs is small, but "
            "its interval says little; look at more merges"
        )


def _script(piece: bytes) -> str:
    text = piece.decode("utf-8", "ignore")
    for character in text:
        name = _script_of(character)
        if name:
            return name
    return ""


@cache
def _script_of(character: str) -> str:
    if character.isascii():
        return "Latin" if character.isalpha() else ""
    if not regex.match(r"\p{L}", character):
        return ""
    for name in SCRIPTS:
        if regex.match(rf"\p{{Script={name}}}", character):
            return name
    return ""


def _text(piece: bytes) -> str:
    return repr(piece.decode("utf-8", "backslashreplace"))
