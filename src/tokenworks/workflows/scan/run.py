"""Scanning a model for texts that it recites and tokens that it never learned."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, OptionError
from tokenworks.lm.loading import load
from tokenworks.lm.model import LanguageModel
from tokenworks.provenance.greedy import greedy
from tokenworks.provenance.repetition import repetition
from tokenworks.provenance.unconditional_token_forcing import (
    Forced,
    all_starts,
    joined,
    unconditional_token_forcing,
)
from tokenworks.workflows.scan.kept import Kept
from tokenworks.workflows.scan.result import Candidate, ScanResult
from tokenworks.workflows.scan.untrained import untrained

SURE = 0.5  # a token below this probability ends what is recited
FOLLOWED = 512  # starts above the threshold that are followed
_FOLLOWED_AT_ONCE = 32

Told = Callable[[str, int, int], None]


def scan(
    model: str | os.PathLike[str],
    *,
    length: int = 3,
    threshold: float = 0.95,
    follow: int = 64,
    batch: int = 256,
    checkpoint: str | os.PathLike[str] | None = None,
    probe: bool = True,
    device: str | None = None,
    dtype: str | None = None,
    seed: int = 0,
    offline: bool = False,
    told: Told = lambda _what, _done, _of: None,
) -> ScanResult:
    """Try every token as a start, follow the surest, and probe for under-trained tokens.

    Args:
        model: a folder, a name in tokenworks-models, or `hf://org/name`.
        length: tokens that are decoded after every start.
        threshold: between 0 and 1, the score above which a start is followed.
        follow: tokens that are decoded after those.
        batch: starts at once.
        checkpoint: a file that keeps every batch; the same call goes on from it.
        probe: whether to look for under-trained tokens.
        device, dtype: as of `tw.lm.load`.
        seed: of the tokens that the probe draws for comparison.
        told: called with the phase, what is done of it and of how much.

    Returns:
        Candidates, first those with the most different tokens recited, and tokens of them repeated;
        under-trained tokens.

    Raises:
        OptionError: an option out of range, or a checkpoint of another scan.
        UnknownNameError, FormatError, UnsupportedError, MissingExtraError: as `tw.lm.load`.
    """
    begun = time.perf_counter()
    if not 0 < threshold < 1 or min(length, follow, batch) < 1:
        raise OptionError(
            f"threshold is {threshold}, length {length}, follow {follow}, batch {batch}; "
            "expected a threshold between 0 and 1, and at least 1"
        )
    opened = load(model, device=device, dtype=dtype, offline=offline)
    room = None if opened.context is None else opened.context - len(opened.start) - 1
    if room is not None and length > room:
        raise OptionError(f"length is {length}; {opened.name} has room for {room} after a start")
    forced, resumed = _force(opened, length, batch, checkpoint, told)
    order = forced.ranked()
    surest = order[forced.scores[order] > threshold]
    candidates = _candidates(opened, forced, surest[:FOLLOWED], follow, told)
    found, warnings = None, []
    if probe:
        try:
            found = untrained(
                opened, seed=seed, on_tokens=lambda done, of: told("probing tokens", done, of)
            )
        except FormatError as error:  # the candidates stand, whatever its matrices are called
            warnings.append(f"no search for under-trained tokens: {error}")
    if len(surest) > FOLLOWED:
        warnings.append(
            f"{len(surest):,} starts are above {threshold:g}; the surest {FOLLOWED} were followed"
        )
    if found is not None and not found.answered:
        warnings.append(
            f"the model repeats only {found.controls - found.failed} of {found.controls} tokens "
            "drawn at random, so that the probe cannot tell under-trained ones"
        )
    return ScanResult(
        model=opened.name,
        starts=len(forced.starts),
        length=length,
        threshold=threshold,
        above=len(surest),
        candidates=candidates,
        untrained=found,
        warnings=tuple(warnings),
        resumed=resumed,
        seed=seed,
        seconds=time.perf_counter() - begun,
    )


def _force(
    model: LanguageModel,
    length: int,
    batch: int,
    checkpoint: str | os.PathLike[str] | None,
    told: Told,
) -> tuple[Forced, int]:
    """All starts, those of an earlier run among them; and how many those are."""
    starts = all_starts(model)
    kept = None if checkpoint is None else Kept(Path(checkpoint), model, length)
    parts = list(kept.parts) if kept else []
    before = joined(parts, length).starts
    left = np.setdiff1d(starts, before)
    done = len(starts) - len(left)
    resumed = done

    def take(part: Forced) -> None:
        nonlocal done
        done += len(part.starts)
        if kept is not None:
            kept.take(part)
        told("forcing tokens", done, len(starts))

    parts.append(
        unconditional_token_forcing(model, left, length=length, batch=batch, on_batch=take)
    )
    return joined(parts, length), resumed


def _candidates(
    model: LanguageModel, forced: Forced, chosen: NDArray[np.int64], follow: int, told: Told
) -> tuple[Candidate, ...]:
    """The starts at these positions followed on, those that recite and repeat most first."""
    before = np.array(model.start, np.int64)
    found: list[Candidate] = []
    for first in range(0, len(chosen), _FOLLOWED_AT_ONCE):
        part = chosen[first : first + _FOLLOWED_AT_ONCE]
        starts = forced.starts[part]
        whole = np.concatenate([np.tile(before, (len(part), 1)), starts[:, None]], axis=1)
        ids, probabilities = greedy(model, whole, follow)
        found += [
            _candidate(model, int(start), row, sure, float(score))
            for start, row, sure, score in zip(
                starts, ids, probabilities, forced.scores[part], strict=True
            )
        ]
        told("following candidates", len(found), len(chosen))
    return tuple(sorted(found, key=lambda one: (-one.different - one.repeated, -one.score)))


def _candidate(
    model: LanguageModel,
    start: int,
    ids: NDArray[np.int64],
    sure: NDArray[np.float64],
    score: float,
) -> Candidate:
    ends = np.flatnonzero((sure < SURE) | np.isin(ids, _ends(model)))
    recited = int(ends[0]) if len(ends) else len(ids)
    text = ids[:recited].tolist()
    part = repetition(text)
    return Candidate(
        start=start,
        token=_shown(model, [start]),
        text=_shown(model, [start, *text]),
        score=score,
        recited=recited,
        different=len({*text}),
        certainty=float(sure[:recited].mean()) if recited else 0.0,
        unit=_shown(model, part.unit),
        times=part.times,
        repeated=part.repeated,
    )


def _ends(model: LanguageModel) -> list[int]:
    of_config = model.model.config.get_text_config().eos_token_id
    found = [model.tokenizer.definition.eos_id]
    found += of_config if isinstance(of_config, list) else [of_config]
    return [id for id in found if isinstance(id, int)]


def _shown(model: LanguageModel, ids: Iterable[int]) -> str:
    """The text of ids, byte by byte where they are no text; rows without a token are left out."""
    data = b""
    for id in ids:
        try:
            data += model.tokenizer.token_bytes(id)
        except OptionError:
            continue
    return data.decode("utf-8", "backslashreplace")
