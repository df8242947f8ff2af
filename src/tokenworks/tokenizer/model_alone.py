"""The model of a tokenizer without the steps around it, to ask what the model itself can do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Definition

BYTE_LEVEL = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": False,
    "use_regex": False,
}


def model_alone(d: Definition) -> Definition:
    """The model alone: no added tokens, no normalizer, no pretokenizer that cuts."""
    byte_level = isinstance(d.model, Bpe) and d.model.byte_level
    return replace(
        d,
        added=(),
        normalizer=(),
        pretokenizer=(BYTE_LEVEL,) if byte_level else (),
        postprocessor=(),
        chat_template=None,
    )


def unmerged(d: Definition) -> NDArray[np.int64]:
    """Indices of the pieces that are text and that merging their own spelling does not give.

    Args:
        d: a definition whose model is a `Bpe`; `ignore_merges` is not heeded.
    """
    assert isinstance(d.model, Bpe)
    merging = replace(model_alone(d), model=replace(d.model, ignore_merges=False))
    kept, texts = [], []
    for index, piece in enumerate(d.model.pieces):
        try:
            texts.append(piece.decode())
        except UnicodeDecodeError:
            continue
        kept.append(index)
    flat, starts = Tokenizer.from_definition(merging).encode_batch(texts, specials="text")
    begins = starts[:-1].astype(np.int64)
    reached = np.diff(starts.astype(np.int64)) == 1
    indices = np.array(kept, dtype=np.int64)
    reached[reached] = flat[begins[reached]] == d.model.ids[indices[reached]]
    left: NDArray[np.int64] = indices[~reached]
    return left
