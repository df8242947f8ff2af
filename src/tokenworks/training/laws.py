"""The laws of training methods: `train(source, vocab_size, ...) -> Tokenizer`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tokenworks.data.udhr import declarations
from tokenworks.testing import law
from tokenworks.text.hostile import hostile_texts
from tokenworks.tokenizer.encoding import as_lists
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.source import TextSource

Train = Callable[[TextSource, int], Tokenizer]

SIZE = 900


def _documents() -> list[str]:
    return [one.text for one in declarations()[:48]]


def _hostile() -> Iterator[str]:
    for sample in hostile_texts(seed=7, budget=60_000):
        yield sample.text


@law("the vocabulary has exactly the size that was asked for")
def exact_size(train: Train) -> None:
    for size in (SIZE, SIZE + 1):
        trained = train(TextSource.of_texts(_documents()), size)
        assert trained.n_tokens == size, f"{trained.n_tokens} tokens for a size of {size}"
        assert trained.max_id_plus_one == size, "ids are not the numbers below the size"


@law("the same corpus gives the same tokenizer")
def deterministic(train: Train) -> None:
    first, second = (train(TextSource.of_texts(_documents()), SIZE) for _ in range(2))
    assert first.sha256 == second.sha256, "two runs differ"


@law("every text survives encoding and decoding", when="lossless")
def lossless(train: Train) -> None:
    trained = train(TextSource.of_texts(_documents()), SIZE)
    for text in _hostile():
        ids = trained.encode(text, specials="text")
        assert trained.decode_bytes(ids) == text.encode(), f"{text!r} does not survive"


@law("arrays, lists and batches hold the same ids")
def same_ids(train: Train) -> None:
    trained = train(TextSource.of_texts(_documents()), SIZE)
    texts = [*_hostile(), *_documents()]
    ids = [trained.encode(text, specials="text").tolist() for text in texts]
    assert [trained.encode_list(text, specials="text") for text in texts] == ids
    assert trained.encode_lists(texts, specials="text") == ids
    assert as_lists(*trained.encode_batch(texts, specials="text")) == ids


@law("neither the order of documents nor the number of threads matters", when="order-free")
def order_free(train: Train) -> None:
    documents = _documents()
    first = train(TextSource.of_texts(documents, threads=1), SIZE)
    second = train(TextSource.of_texts(documents[::-1], threads=3), SIZE)
    assert first.sha256 == second.sha256, "another order or number of threads gives another result"


@law("counts of merges never rise within a phase", when="greedy-counts")
def greedy_counts(train: Train) -> None:
    trained = train(TextSource.of_texts(_documents()), SIZE)
    phases = trained.definition.origin.extra.get("merge_counts", ())
    assert phases, "the tokenizer does not say the counts of its merges"
    for counts in phases:
        rises = np.flatnonzero(np.diff(counts.astype(np.int64)) > 0)
        assert len(rises) == 0, (
            f"merge {rises[0] + 1} was made at a higher count than the one before"
        )
