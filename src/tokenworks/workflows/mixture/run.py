"""Read the categories, replay the merges, solve, draw anew, and say what the answer rests on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from tokenworks.errors import FormatError, OptionError
from tokenworks.provenance.bootstrap import spread as bootstrap
from tokenworks.provenance.data_mixture_inference import TOLERANCE, data_mixture_inference
from tokenworks.provenance.evidence import Evidence, gather
from tokenworks.provenance.merge_list import plain_merge_list
from tokenworks.provenance.samples import read_samples
from tokenworks.provenance.shares import Shares
from tokenworks.text import Problems, Source, documents
from tokenworks.text.labels import Labels
from tokenworks.text.reading import resolve
from tokenworks.tokenizer import Tokenizer
from tokenworks.workflows.mixture.cautions import cautions
from tokenworks.workflows.mixture.result import (
    MixtureResult,
    Share,
    UnexplainedMerge,
    UnexplainedPair,
)

MOST_MERGES = 3000
LEAST_SEEN = 200  # times that a merged pair occurs in all samples; rarer ones are mostly chance
_LOOK = 100  # merges over which that is judged
LEAST_MERGES = 20  # that occur in the samples; fewer say nothing
_SHOWN = 20

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Advance = Callable[[str, float], None]


def mixture(
    tokenizer: Tokenizer | str | os.PathLike[str],
    categories: Paths,
    *,
    labels: str = "folder",
    field: str = "text",
    first: int = 0,
    last: int | None = None,
    merges: int | None = None,
    sample_bytes: int = 4_000_000,
    replicates: int = 20,
    seed: int = 0,
    offline: bool = False,
    advance: Advance = lambda *_: None,
) -> MixtureResult:
    """Infer the mixture of categories that a tokenizer was trained on, in shares of the bytes.

    Args:
        tokenizer: a BPE tokenizer of any format.
        categories: a folder with a folder for each category, or labelled documents.
        labels: "folder", "file", "column:NAME" or "name:PATTERN".
        field: of records that holds the text.
        first, last: only these merges are looked at, as in a slice: those that were added on top of
            another tokenizer, say. All before them are replayed.
        merges: how many are looked at; by default as many as the samples can speak of, at most 3,000.
        sample_bytes: of each category that are used, chosen at random.
        replicates: of the bootstrap; 0 leaves out the intervals.
        seed: of both.
        offline: forbid the network for `hf://` names.
        advance: called with what is done ("counting", "solving", "intervals") and by how much.

    Raises:
        UnsupportedError: the tokenizer is no BPE, or has no merges.
        FormatError: a category is too small or empty, or there is only one.
        OptionError: a range without merges, or a number out of range.
    """
    began = time.perf_counter()
    _check(first, last, merges, replicates)
    if not isinstance(tokenizer, Tokenizer):
        tokenizer = Tokenizer.load(tokenizer, offline=offline)
    listed = plain_merge_list(tokenizer.definition)
    problems = Problems()
    if not isinstance(categories, str | os.PathLike):
        categories = list(categories)
    sources = resolve(categories, offline=offline)
    labelled = {Labels(labels).of(source) for source in sources}
    _refuse_empty(sources, categories, labels, {name for name in labelled if name is not None})
    text = documents(sources, field=field, labels=labels, on_problem=problems)
    samples = read_samples(text, limit=sample_bytes, seed=seed)
    _refuse_empty(sources, categories, labels, {one.name for one in samples})
    end = len(listed) if last is None else min(last, len(listed))
    end = min(end, first + (MOST_MERGES if merges is None else merges))
    evidence = gather(
        listed, samples, first=first, last=end, advance=lambda by: advance("counting", by)
    )
    if merges is None:
        evidence = evidence.until(first + telling(evidence))
    if evidence.asked.sum() < LEAST_MERGES:
        raise FormatError(
            f"only {evidence.asked.sum()} of the merges {first:,} to {evidence.last:,} of "
            f"{tokenizer.name} occur in the samples, which says nothing; give text of the kinds that "
            "it was trained on"
        )
    found = data_mixture_inference(evidence, advance=lambda by: advance("solving", by))
    spread = None
    if replicates:
        spread = bootstrap(
            evidence, found, replicates, seed=seed, advance=lambda by: advance("intervals", by)
        )
    low, high = (found.weights,) * 2 if spread is None else (spread.low, spread.high)
    shares = [
        Share(one.name, float(w), float(a), float(b), one.bytes, one.seen)
        for one, w, a, b in zip(samples, found.weights, low, high, strict=True)
    ]
    explained, worst_merges, worst_pairs = _residual(evidence, found)
    warnings = cautions(evidence, samples, found.weights, spread, explained)
    if problems:
        warnings.append("; ".join(line.strip() for line in problems.summary().splitlines()[:2]))
    return MixtureResult(
        tokenizer=tokenizer.name,
        sha256=tokenizer.sha256,
        shares=tuple(sorted(shares, key=lambda one: -one.share)),
        merges=len(listed),
        first=first,
        last=evidence.last,
        learned=int(evidence.asked.sum()),
        explained=explained,
        unexplained=found.objective or 0.0,
        worst_merges=worst_merges,
        worst_pairs=worst_pairs,
        warnings=tuple(warnings),
        replicates=replicates,
        seed=seed,
        seconds=time.perf_counter() - began,
    )


def _check(first: int, last: int | None, merges: int | None, replicates: int) -> None:
    if first < 0 or (last is not None and last <= first):
        raise OptionError(f"merges {first} to {last} are none; give a range such as 100000..128000")
    if merges is not None and merges < 1:
        raise OptionError(f"merges is {merges}; it must be 1 or more")
    if replicates < 0 or replicates == 1:
        raise OptionError(f"replicates is {replicates}; it must be 0, or 2 or more")


def _refuse_empty(sources: list[Source], categories: Paths, labels: str, found: set[str]) -> None:
    """A category without text is a mistake: its share would silently go to the others."""
    expected = {Labels(labels).of(source) for source in sources}
    named = [categories] if isinstance(categories, str | os.PathLike) else list(categories)
    if labels == "folder":
        folders = [folder for one in named if (folder := Path(one)).is_dir()]
        for folder in folders:
            inside = (child for child in folder.iterdir() if child.is_dir())
            expected |= {child.name for child in inside if not child.name.startswith(".")}
    empty = sorted(name for name in expected if name is not None and name not in found)
    if empty:
        raise FormatError(f"no text in these categories: {', '.join(empty)}; fill or remove them")


def telling(evidence: Evidence) -> int:
    """The merges up to which pairs are seen often enough in the samples."""
    seen = evidence.counts_of_merged(evidence.times).sum(axis=1)
    for begin in range(0, len(seen), _LOOK):
        if np.median(seen[begin : begin + _LOOK]) < LEAST_SEEN:
            return max(begin, min(_LOOK, len(seen)))
    return len(seen)


def _residual(
    evidence: Evidence, found: Shares
) -> tuple[float, tuple[UnexplainedMerge, ...], tuple[UnexplainedPair, ...]]:
    assert found.step_slack is not None and found.pair_slack is not None
    pieces, merges = evidence.merges.pieces, evidence.merges.merges
    asked = evidence.asked.astype(bool)
    explained = float((found.step_slack[asked] <= 10 * TOLERANCE).mean()) if asked.any() else 0.0
    by_step = np.argsort(-found.step_slack, kind="stable")[:_SHOWN]
    worst = tuple(
        UnexplainedMerge(
            evidence.first + int(step),
            pieces[merges[evidence.first + step, 0]],
            pieces[merges[evidence.first + step, 1]],
            float(found.step_slack[step]),
        )
        for step in by_step
        if found.step_slack[step] > 0
    )
    pairs = evidence.replay.pairs()
    by_pair = np.argsort(-found.pair_slack, kind="stable")[:_SHOWN]
    over = tuple(
        UnexplainedPair(pieces[pairs[p, 0]], pieces[pairs[p, 1]], float(found.pair_slack[p]))
        for p in by_pair
        if found.pair_slack[p] > 0
    )
    return explained, worst, over
