"""Tokenizers of known mixture: counts of the categories are weighted, then merges are learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import OptionError
from tokenworks.provenance.samples import Sample
from tokenworks.tokenizer.definition import Bpe, Definition

_PATTERN = "cl100k"  # how text is split


def plant(
    samples: Sequence[Sample], weights: NDArray[np.float64], merges: int, *, total: float = 1e10
) -> Definition:
    """A byte-level BPE tokenizer trained on `total` bytes of which each category has its share.

    Args:
        samples: of the categories.
        weights: float64 [n], shares of the bytes.
        merges: how many to learn, at most.
        total: bytes; each category is repeated as often as that takes, in fractions too.

    Raises:
        OptionError: as many weights as samples are needed, and they sum to 1.
    """
    if len(weights) != len(samples) or abs(float(np.sum(weights)) - 1) > 1e-6:
        raise OptionError("one weight for each sample is needed, and they sum to 1")
    counter = _native.Counter("")
    for sample, weight in zip(samples, weights.tolist(), strict=True):
        ours = _native.Counter(_PATTERN)
        for block in sample.blocks:
            for text in block:
                data = text.encode("utf-8")
                ours.add(data, np.array([len(data)], dtype=np.uint64))
        ours.finish()
        text_bytes, starts, counts = ours.words(1)
        scaled = np.round(counts * (weight * total / sample.bytes)).astype(np.uint64)
        counter.add_counts(text_bytes, starts, scaled)
    counter.finish()
    text_bytes, starts, counts = counter.words(1)
    learner = _native.learner(
        text_bytes,
        starts,
        counts,
        np.arange(256, dtype=np.int64),
        np.arange(256, dtype=np.uint8),
        np.arange(257, dtype=np.uint64),
        256 + merges,
        1,
    )
    learner.run(merges)
    learned = learner.merges()
    pieces = [bytes((byte,)) for byte in range(256)]
    for left, right, _ in learned.tolist():
        pieces.append(pieces[left] + pieces[right])
    regex = _native.pattern_names()[_PATTERN]
    steps = (
        {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
    )
    return Definition(
        name="planted",
        model=Bpe(
            pieces=tuple(pieces),
            ids=np.arange(len(pieces), dtype=np.uint32),
            merges=np.ascontiguousarray(learned[:, :2]),
            byte_level=True,
        ),
        pretokenizer=steps,
        decoder=(steps[1],),
    )
