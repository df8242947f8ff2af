"""Texts to ids through the native core, and what is done about texts that the core refuses.

Ordinary text pays for no checks: the core refuses what needs a word about it. Then the text is mended
and encoded again, or the error says why it cannot be.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.text_policy import (
    Specials,
    Surrogates,
    character_spans,
    check_errors,
    mended,
)

Ids = NDArray[np.uint32]


class Core(Protocol):
    """What encodes: the native encoder, or that of two phases."""

    def encode(self, text: str, specials: str) -> Ids: ...
    def encode_list(self, text: str, specials: str) -> list[int]: ...
    def encode_lists(self, texts: list[str], specials: str, threads: int) -> list[list[int]]: ...
    def encode_batch(
        self, texts: list[str], specials: str, threads: int
    ) -> tuple[Ids, NDArray[np.uint64]]: ...
    def encode_spans(self, text: str, specials: str) -> tuple[Ids, NDArray[np.uint32]]: ...


def encode_text(core: Core, text: str, specials: Specials, errors: Surrogates) -> Ids:
    """The ids of a text, uint32 [n]; see `Tokenizer.encode`."""
    check_errors(errors)
    try:
        ids: Ids = core.encode(text, specials)
    except (TypeError, ValueError) as error:
        ids = encode_text(core, mended([text], specials, errors, error)[0], specials, errors)
    return ids


def encode_list(core: Core, text: str, specials: Specials, errors: Surrogates) -> list[int]:
    """The ids of a text as a list; see `Tokenizer.encode_list`."""
    check_errors(errors)
    try:
        return core.encode_list(text, specials)
    except (TypeError, ValueError) as error:
        text = mended([text], specials, errors, error)[0]
    return encode_list(core, text, specials, errors)


def encode_lists(
    core: Core, texts: list[str], specials: Specials, errors: Surrogates, threads: int
) -> list[list[int]]:
    """The ids of many texts, a list for each; see `Tokenizer.encode_lists`."""
    check_errors(errors)
    check_threads(threads)
    try:
        return core.encode_lists(texts, specials, threads)
    except (TypeError, ValueError) as error:
        texts = mended(texts, specials, errors, error)
    return encode_lists(core, texts, specials, errors, threads)


def encode_batch(
    core: Core, texts: list[str], specials: Specials, errors: Surrogates, threads: int
) -> tuple[Ids, NDArray[np.uint64]]:
    """The ids of many texts and where each begins; see `Tokenizer.encode_batch`."""
    check_errors(errors)
    check_threads(threads)
    try:
        ids, starts = core.encode_batch(texts, specials, threads)
    except (TypeError, ValueError) as error:
        texts = mended(texts, specials, errors, error)
        ids, starts = encode_batch(core, texts, specials, errors, threads)
    return ids, starts


def encode_spans(
    core: Core,
    text: str,
    specials: Specials,
    errors: Surrogates,
    unit: Literal["bytes", "characters"],
) -> tuple[Ids, NDArray[np.uint32]]:
    """The ids of a text and what each covers; see `Tokenizer.encode_spans`."""
    check_errors(errors)
    if unit not in ("bytes", "characters"):
        raise OptionError(f"unit is {unit!r}; expected 'bytes' or 'characters'")
    try:
        ids, spans = core.encode_spans(text, specials)
    except (TypeError, ValueError) as error:
        return encode_spans(
            core, mended([text], specials, errors, error)[0], specials, errors, unit
        )
    return ids, (character_spans(text, spans) if unit == "characters" else spans)


def check_threads(threads: int) -> None:
    """Refuse a number of threads that is none."""
    if threads < 0:
        raise OptionError(f"threads is {threads}; expected 0 (one per core) or more")


def surround(ids: Ids, before: Ids, after: Ids) -> Ids:
    """The ids of a text with those that belong before and after it."""
    return np.concatenate([before, ids, after]) if before.size or after.size else ids


def surround_each(
    ids: Ids, starts: NDArray[np.uint64], before: Ids, after: Ids
) -> tuple[Ids, NDArray[np.uint64]]:
    """A ragged batch with the same ids put before and after each of its texts."""
    around = before.size + after.size
    if not around:
        return ids, starts
    parts = []
    for begin, end in pairwise(starts.tolist()):
        parts += [before, ids[begin:end], after]
    starts = starts + np.arange(len(starts), dtype=np.uint64) * np.uint64(around)
    return np.concatenate([*parts, np.empty(0, np.uint32)]), starts


def as_lists(ids: Ids, starts: NDArray[np.uint64]) -> list[list[int]]:
    """A ragged batch as lists, one a text."""
    return [ids[begin:end].tolist() for begin, end in pairwise(starts.tolist())]
