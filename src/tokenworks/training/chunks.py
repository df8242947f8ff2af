"""SuperBPE's published second stage: byte pair encoding goes on over wider pretokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.merges import Merges, learn_merges
from tokenworks.training.passes import DocumentPass
from tokenworks.training.pretokens import Pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.vocabulary import Layout, definition_of, spelled


@dataclass(frozen=True, slots=True)
class _Chunks:
    """Cuts a document into chunks and encodes them as tokens of the first stage."""

    split: Pretokens
    first_stage: Tokenizer
    number: NDArray[np.uint32]  # of the piece with this id

    def __call__(self, counter: _native.Counter, document: bytes) -> None:
        edges = self.split.spans(document.decode("utf-8")).tolist()
        chunks = [
            document[begin:end].decode("utf-8")
            for begin, end in zip(edges[::2], edges[1::2], strict=True)
        ]
        ids, starts = self.first_stage.encode_batch(chunks, specials="text")
        counter.add_sequences(self.number[ids], starts)


def learn_chunks(
    source: TextSource,
    split: Pretokens,
    layout: Layout,
    words: Merges,
    *,
    max_words: int,
    veto_colon_space: bool,
) -> Merges:
    """The merges of the first stage and those that follow them.

    split: the wider pretokens. Chunks are encoded with the first stage's merges, across its
    pretokens, before they are counted: what is merged next is what would be merged after a replay
    of those merges.
    """
    first_stage = Tokenizer(definition_of("first stage", layout, words, split.steps))
    pieces = spelled(layout, words)
    ids = first_stage.definition.model.ids
    number = np.zeros(int(ids.max()) + 1, np.uint32)
    number[ids] = np.arange(len(ids), dtype=np.uint32)
    encode = _Chunks(split, first_stage, number)
    what = DocumentPass(split, encode, f"chunks of {first_stage.sha256}", is_text=False)
    with source.words(what) as counted:
        more = learn_merges(
            counted,
            pieces,
            np.arange(len(pieces), dtype=np.int64),
            layout.learned_size,
            max_words=max_words,
            veto_colon_space=veto_colon_space,
            reuse=False,
            progress=source.stages("merging chunks", layout.learned_size),
        )
    return Merges(
        np.concatenate([words.pairs, more.pairs]),
        np.concatenate([words.tokens, more.tokens]),
        np.concatenate([words.counts, more.counts]),
    )
