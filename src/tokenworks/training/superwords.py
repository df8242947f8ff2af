"""Superwords learned from runs of whole words: the part that SuperBPE and BoundlessBPE share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.definition import Bpe, Definition, TwoPhase
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.base import unreachable
from tokenworks.training.merges import Merges, learn_merges
from tokenworks.training.passes import RunPass
from tokenworks.training.pretokens import Pretokens, pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.vocabulary import Layout, definition_of, require_size, spelled

# Words that may stand in a superword: letters with their marks, spaces, underscores, apostrophes.
ELIGIBLE = r"^(?=.+\p{L})(?:\p{L}\p{M}*|[ _'’])+$"
# The nearest single pass: what SuperBPE's second stage keeps apart.
SINGLE_PASS = "superbpe"


def learn_runs(
    source: TextSource,
    split: Pretokens,
    layout: Layout,
    words: Merges,
    *,
    most: int,
    against: NDArray[np.uint64] | None = None,
    eligible: str = ELIGIBLE,
    max_words: int = 0,
    veto_colon_space: bool = False,
) -> Merges:
    """Merges between the words of runs; ids begin after those of `words`.

    most: how many to learn. against: counts of the word merges that give way to them; learning ends
    where the next one would not be more frequent than the word merge whose place it takes.
    """
    pieces = spelled(layout, words)
    try:
        matches = regex.compile(eligible).match
    except regex.error as error:
        raise OptionError(f"eligible {eligible!r} is no regular expression: {error}") from None
    no_words = layout.special | unreachable(layout.template)
    chosen: dict[bytes, int] = {}
    for token, piece in enumerate(pieces):
        if token in no_words:
            continue
        try:
            text = piece.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if matches(text):
            chosen[piece] = token
    enough = None
    if against is not None:
        race = against

        def enough(counts: NDArray[np.uint64]) -> bool:
            return len(counts) >= len(race) or counts[-1] <= race[len(race) - len(counts)]

    with source.words(RunPass(split, chosen)) as counted:
        return learn_merges(
            counted,
            pieces,
            np.arange(len(pieces), dtype=np.int64),
            len(pieces) + most,
            max_words=max_words,
            veto_colon_space=veto_colon_space,
            reuse=False,
            enough=enough,
            progress=source.stages("merging words", most),
        )


def joined(words: Merges, runs: Merges, kept_words: int, kept_runs: int, base: int) -> Merges:
    """The first so many merges of each as one list; ids follow one another from `base` on."""
    taken = Merges(words.pairs[:kept_words], words.tokens[:kept_words], words.counts[:kept_words])
    fresh = int(np.count_nonzero(taken.tokens >= base))  # the others spell special tokens
    old_end = max(base, int(words.tokens.max(initial=0)) + 1)
    shift = old_end - (base + fresh)
    pairs = runs.pairs[:kept_runs].astype(np.int64)
    pairs[pairs >= old_end] -= shift
    tokens = runs.tokens[:kept_runs].astype(np.int64) - shift
    return Merges(
        np.concatenate([taken.pairs, pairs.astype(np.uint32)]),
        np.concatenate([taken.tokens, tokens.astype(np.uint32)]),
        np.concatenate([taken.counts, runs.counts[:kept_runs]]),
    )


def compete(
    name: str,
    source: TextSource,
    split: Pretokens,
    layout: Layout,
    words: Merges,
    *,
    kept: int | None,
    **options: Any,
) -> Tokenizer:
    """The first `kept` merges of words and superwords on top, in the places that are left.

    kept: None lets superwords replace the word merges that are rarer. options: of `learn_runs`.

    Raises:
        OptionError: the corpus is too small for the vocabulary.
    """
    places = layout.learned_size - len(layout.strings)
    if kept is None:
        runs = learn_runs(
            source, split, layout, words, most=places, against=words.counts, **options
        )
        kept = race(words.counts, runs.counts, places)
    else:
        words = words.first(kept)
        runs = learn_runs(source, split, layout, words, most=places - kept, **options)
    return Tokenizer(_two_phase_definition(name, layout, split, words, runs, kept))


def _two_phase_definition(
    name: str, layout: Layout, split: Pretokens, words: Merges, runs: Merges, kept_words: int
) -> Definition:
    """Words up to `kept_words` merges, then as many superwords as there is room for.

    Raises:
        OptionError: the corpus is too small for the vocabulary.
    """
    base = len(layout.strings)
    kept_runs = layout.learned_size - base - kept_words
    merges = joined(words, runs, kept_words, kept_runs, base)
    few = f"give more text, or let words end later (transition), not at {base + kept_words}"
    require_size(layout, merges, "give more text" if len(words) < kept_words else few)
    definition = definition_of(
        name,
        layout,
        merges,
        pretokens(SINGLE_PASS, split.digits).steps,
        split.normalizer,
        phases=(merges.counts[:kept_words], merges.counts[kept_words:]),
    )
    if not isinstance(definition.model, Bpe):
        raise TypeError("superwords need a BPE model")
    return replace(definition, two_phase=TwoPhase(split.regex, len(layout.merges) + kept_words))


def race(words: NDArray[np.uint64], runs: NDArray[np.uint64], places: int) -> int:
    """How many word merges stay when superwords compete with them for `places` by count.

    Both counts fall; ties go to the word merge.
    """
    i = j = 0
    while i + j < places and (i < len(words) or j < len(runs)):
        if j < len(runs) and (i >= len(words) or runs[j] > words[i]):
            j += 1
        else:
            i += 1
    return i
