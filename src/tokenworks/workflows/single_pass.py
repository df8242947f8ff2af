"""How far the single pass of tokenizer.json is from the two phases in which superwords are encoded."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tokenworks.tokenizer import Tokenizer

_SAMPLE = 512 << 10  # characters of documents on which two ways of encoding are compared
_PART = 64 << 10


def part_of(documents: Iterable[str]) -> Iterator[str]:
    """Documents, long ones in parts, up to a bound."""
    held = 0
    for document in documents:
        for begin in islice(range(0, len(document), _PART), 1 + _SAMPLE // _PART):
            if held >= _SAMPLE:
                return
            text = document[begin : begin + _PART]
            held += len(text)
            yield text


def encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> list[NDArray[np.uint32]]:
    """The ids of each text, special tokens in it read as text, without a warning of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [tokenizer.encode(text, specials="text") for text in texts]


def with_single_pass(tokenizer: Tokenizer, texts: Sequence[str], where: str) -> Tokenizer:
    """The tokenizer with what was measured of the difference; itself where one pass is all there is.

    Args:
        tokenizer: any.
        texts: that both ways encode.
        where: what the texts are, in words.
    """
    phases = tokenizer.definition.two_phase
    if phases is None:
        return tokenizer
    ours = encoded(tokenizer, texts)
    theirs = encoded(Tokenizer(replace(tokenizer.definition, two_phase=None)), texts)
    said = {
        "documents": len(texts),
        "differing": sum(a.tolist() != b.tolist() for a, b in zip(ours, theirs, strict=True)),
        "tokens_two_phase": sum(map(len, ours)),
        "tokens_single_pass": sum(map(len, theirs)),
        "measured_on": where,
    }
    told = replace(tokenizer.definition, two_phase=replace(phases, single_pass=said))
    return Tokenizer(told)
