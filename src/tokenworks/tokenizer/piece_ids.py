"""The same tokenizer with fewer pieces and other ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.tokenizer.definition import Bpe, Definition, Origin, Step, Unigram
from tokenworks.tokenizer.merge_trace import MergeTrace

# What only the file of the old tokenizer said: of its pieces one by one, or of the file itself.
_OF_THE_FILE = ("scores", "types", "token_type", "entries", "sha256", "source", "embedded")


def ids_in_steps(steps: Iterable[Step]) -> set[int]:
    """The ids that a template around the text names."""
    found: set[int] = set()
    for step in steps:
        for token in step.get("special_tokens", {}).values():
            found |= set(token["ids"])
        found |= {step[role][1] for role in ("sep", "cls") if role in step}
    return found


def trace_of(model: Bpe) -> MergeTrace:
    """The merges of a model, followed as its encoder does: pieces that no text can spell are apart."""
    if not model.outside_map:
        return MergeTrace(model)
    pieces = [
        b"\xff" * 8 + str(number).encode() if number in model.outside_map else piece
        for piece, number in zip(model.pieces, model.ids.tolist(), strict=True)
    ]
    return MergeTrace(replace(model, pieces=tuple(pieces)))


def id_map(definition: Definition, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """New ids by old ones, -1 for none: the ids that stay, in their order, without gaps.

    Args:
        definition: its model is a `Bpe` or `Unigram`.
        kept: the pieces that stay, bool [n]; added tokens always do.

    Returns:
        int64 [highest old id + 1].
    """
    model = definition.model
    stay = {*model.ids[kept].tolist(), *(token.id for token in definition.added)}
    highest = max([*model.ids.tolist(), *(token.id for token in definition.added)])
    new = np.full(highest + 1, -1, np.int64)
    new[sorted(stay)] = np.arange(len(stay))
    return new


def renumbered(
    definition: Definition, kept: NDArray[np.bool_], new: NDArray[np.int64]
) -> Definition:
    """The definition with the pieces that stay, and all merges among them in their order.

    Args:
        definition: its model is a `Bpe` or `Unigram`.
        kept: the pieces that stay, bool [n].
        new: from `id_map`.
    """
    model = definition.model
    assert isinstance(model, Bpe | Unigram)

    def one(number: int | None) -> int | None:
        if number is None or number >= len(new) or new[number] < 0:
            return None
        return int(new[number])

    def several(numbers: Iterable[int]) -> frozenset[int]:
        return frozenset(n for n in map(one, numbers) if n is not None)

    fewer: Bpe | Unigram = replace(
        model,
        pieces=tuple(p for p, stays in zip(model.pieces, kept, strict=True) if stays),
        ids=new[model.ids[kept]].astype(np.uint32),
        unk_id=one(model.unk_id),
        user_defined=several(model.user_defined),
        unused=several(model.unused),
    )
    phases = definition.two_phase
    if isinstance(model, Bpe) and isinstance(fewer, Bpe):
        alive = _merges_among(model, kept)
        if phases is not None:
            words = int(alive[: phases.word_merges].sum())
            phases = replace(phases, word_merges=words, single_pass=None)
        place = np.cumsum(kept) - 1
        fewer = replace(
            fewer,
            merges=place[model.merges[alive]].astype(np.uint32).reshape(-1, 2),
            merge_ranks=None if model.merge_ranks is None else model.merge_ranks[alive],
            outside_map=several(model.outside_map),
        )
    elif isinstance(model, Unigram) and isinstance(fewer, Unigram):
        fewer = replace(fewer, scores=model.scores[kept])
    return replace(
        definition,
        name=f"{definition.name}-pruned",
        model=fewer,
        added=tuple(replace(token, id=int(new[token.id])) for token in definition.added),
        postprocessor=tuple(_step(step, new) for step in definition.postprocessor),
        bos_id=one(definition.bos_id),
        eos_id=one(definition.eos_id),
        pad_id=one(definition.pad_id),
        origin=_origin(definition),
        two_phase=phases,
    )


def inherited(origin: Origin) -> Origin:
    """The origin of a tokenizer with other pieces: the format's ways without the old file's data."""
    extra = {key: value for key, value in origin.extra.items() if key not in _OF_THE_FILE}
    format = "trained" if origin.format == "gguf" else origin.format
    return Origin(format, None, extra)


def _merges_among(model: Bpe, kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    trace = trace_of(model)
    alive = np.ones(len(model.merges), bool)
    for rank, (left, right) in enumerate(model.merges.tolist()):
        result = trace.index_of.get(trace.spelled(left, right))
        alive[rank] = kept[left] and kept[right] and result is not None and kept[result]
    return alive


def _origin(definition: Definition) -> Any:
    origin = inherited(definition.origin)
    # The document as it was read names old ids; a fresh one is written.
    extra = {key: value for key, value in origin.extra.items() if key != "document"}
    return replace(origin, extra=extra)


def _step(step: Step, new: NDArray[np.int64]) -> Step:
    changed: dict[str, Any] = dict(step)
    tokens: Mapping[str, Any] = step.get("special_tokens", {})
    if tokens:
        changed["special_tokens"] = {
            name: {**token, "ids": [int(new[number]) for number in token["ids"]]}
            for name, token in tokens.items()
        }
    for role in ("sep", "cls"):
        if role in step:
            content, number = step[role]
            changed[role] = [content, int(new[number])]
    return changed
