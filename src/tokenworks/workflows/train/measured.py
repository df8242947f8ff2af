"""What a trained tokenizer takes to encode held-out text, and what a single pass makes different."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from tokenworks.tokenizer import Tokenizer
from tokenworks.training.source import TextSource

_SAMPLE = 512 << 10  # characters of documents on which two ways of encoding are compared
_PART = 64 << 10


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Documents, bytes and tokens of text that was not learned from."""

    documents: int
    bytes: int
    tokens: int
    bytes_per_token: float


def measured(
    tokenizer: Tokenizer, corpus: TextSource, held_out: TextSource | None
) -> tuple[Tokenizer, HeldOut | None]:
    """Measure encoding; a tokenizer of two phases then says how far tokenizer.json alone is from it.

    Args:
        tokenizer: the trained one.
        corpus: measured where there is no held-out text.
        held_out: text that was not learned from.

    Returns:
        The tokenizer, and the figures of held-out text where there is some.
    """
    phases = tokenizer.definition.two_phase
    if phases is None and held_out is None:
        return tokenizer, None
    parts = list(_sample(corpus if held_out is None else held_out))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = [tokenizer.encode(text, specials="text") for text in parts]
    figures = None
    if held_out is not None:
        size = sum(len(text.encode("utf-8")) for text in parts)
        tokens = sum(map(len, ours))
        figures = HeldOut(len(parts), size, tokens, round(size / max(tokens, 1), 4))
    if phases is None:
        return tokenizer, figures
    single = Tokenizer(replace(tokenizer.definition, two_phase=None))
    theirs = [single.encode(text, specials="text") for text in parts]
    said = {
        "documents": len(parts),
        "differing": sum(a.tolist() != b.tolist() for a, b in zip(ours, theirs, strict=True)),
        "tokens_two_phase": sum(map(len, ours)),
        "tokens_single_pass": sum(map(len, theirs)),
        "measured_on": "the corpus" if held_out is None else "held-out text",
    }
    told = replace(tokenizer.definition, two_phase=replace(phases, single_pass=said))
    return Tokenizer(told), figures


def _sample(source: TextSource) -> Iterator[str]:
    """Documents, long ones in parts, up to a bound."""
    held = 0
    for document in source.documents():
        for begin in islice(range(0, len(document), _PART), 1 + _SAMPLE // _PART):
            if held >= _SAMPLE:
                return
            text = document[begin : begin + _PART]
            held += len(text)
            yield text
