"""SuperBPE's published second stage: byte pair encoding goes on over wider pretokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.merges import Merges, learn_merges
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.vocabulary import Layout, byte_level_definition, spelled

STAGE_TWO = "superbpe"


def learn_chunks(
    source: TextSource,
    layout: Layout,
    words: Merges,
    *,
    max_words: int,
    veto_colon_space: bool,
) -> Merges:
    """The merges of the first stage and those that follow them.

    Chunks are encoded with the first stage's merges, across its pretokens, before they are counted:
    what is merged next is what would be merged after a replay of those merges.
    """
    split = pretokens(STAGE_TWO)
    first_stage = Tokenizer(byte_level_definition("first stage", layout, words, split.steps))
    pieces = spelled(layout, words)

    def encode(document: bytes) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        text = document.decode("utf-8")
        edges = split.spans(text).tolist()
        chunks = [
            document[begin:end].decode("utf-8")
            for begin, end in zip(edges[::2], edges[1::2], strict=True)
        ]
        return first_stage.encode_batch(chunks, specials="text")

    more = learn_merges(
        source.sequences(encode),
        pieces,
        np.arange(len(pieces), dtype=np.int64),
        layout.learned_size,
        max_words=max_words,
        veto_colon_space=veto_colon_space,
        reuse=False,
    )
    return Merges(
        np.concatenate([words.pairs, more.pairs]),
        np.concatenate([words.tokens, more.tokens]),
        np.concatenate([words.counts, more.counts]),
    )
