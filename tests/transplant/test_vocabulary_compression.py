"""Vocabulary compression: what stays, which rows it has, and what a text becomes."""

from __future__ import annotations

import numpy as np
import pytest

from tokenworks.data.udhr import declaration
from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Definition, WordPiece
from tokenworks.transplant.embeddings import Embeddings, Held, whole
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.vocabulary_compression import vocabulary_compression

OLD = Tokenizer.load("kl3m-004-char-8k-cased")
TEXTS = tuple(declaration("en").articles)


def _rows() -> Embeddings:
    """The first number of a row is its old id."""
    rows = np.random.default_rng(0).normal(size=(OLD.max_id_plus_one + 40, 4)).astype(np.float32)
    rows[:, 0] = np.arange(len(rows))
    return Embeddings(Held(rows))


@pytest.mark.parametrize("coverage", [0.8, 0.98, 1.0])
def test_texts_of_kept_tokens_get_the_same_rows(coverage: float) -> None:
    made, new = vocabulary_compression(_rows(), OLD, Given(texts=TEXTS), coverage=coverage)
    rows = whole(made.input)
    old_ids, starts = OLD.encode_batch(list(TEXTS), specials="text")
    new_ids, ends = new.encode_batch(list(TEXTS), specials="text")
    kept = set(rows[: new.max_id_plus_one, 0].astype(int).tolist())
    share = np.isin(old_ids, list(kept)).mean()
    assert share >= coverage
    same = 0
    for place in range(len(TEXTS)):
        before = old_ids[int(starts[place]) : int(starts[place + 1])]
        after = new_ids[int(ends[place]) : int(ends[place + 1])]
        if set(before.tolist()) <= kept:
            assert rows[after, 0].astype(int).tolist() == before.tolist()
            same += 1
    assert same == len(TEXTS) if coverage == 1.0 else same < len(TEXTS)


def test_more_coverage_keeps_more_and_the_wholly_unused_goes() -> None:
    sizes = []
    for coverage in (0.5, 0.9, 0.98, 1.0):
        made, new = vocabulary_compression(_rows(), OLD, Given(texts=TEXTS), coverage=coverage)
        assert made.input.rows >= new.max_id_plus_one
        sizes.append(new.n_tokens)
    assert sizes == sorted(sizes) and sizes[0] < sizes[-1] < OLD.n_tokens / 2


def test_bad_input() -> None:
    for given, coverage, message in (
        (Given(), 0.9, "needs text"),
        (Given(texts=TEXTS), 0.0, "coverage is 0.0"),
        (Given(texts=TEXTS), 1.1, "at most 1"),
    ):
        with pytest.raises(OptionError, match=message):
            vocabulary_compression(_rows(), OLD, given, coverage=coverage)
    pieces = (b"[UNK]", b"a", b"##b")
    model = WordPiece(pieces, np.arange(3, dtype=np.uint32), unk_id=0)
    words = Tokenizer(Definition("words", model))
    with pytest.raises(UnsupportedError, match="words: WordPiece"):
        vocabulary_compression(_rows(), words, Given(texts=TEXTS))
