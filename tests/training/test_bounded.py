"""Training within a bound of memory gives what it gives without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tokenworks import _native
from tokenworks.errors import OptionError
from tokenworks.training.bounded import PROCESS, budget_for_candidates, refuse_too_many
from tokenworks.training.bpe import bpe
from tokenworks.training.counting import Counted
from tokenworks.training.merges import CountedWords, Words, learn_merges
from tokenworks.training.passes import RunPass
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.superbpe import superbpe

STRINGS = [bytes((byte,)) for byte in range(256)]
TOKENS = np.arange(256, dtype=np.int64)


def text(seed: int, words: int = 30_000) -> str:
    """Words by Zipf's law: some are seen more often than there are classes of counts."""
    random = np.random.default_rng(seed)
    letters = np.array(list("abcdefghij é界"))
    known = ["".join(random.choice(letters, size=n)) for n in random.integers(1, 20, size=4000)]
    drawn = np.minimum(random.zipf(1.3, size=words), len(known)) - 1
    return " ".join([known[i] for i in drawn.tolist()])


def counter(tmp_path: Path, memory: int) -> _native.Counter:
    made = _native.Counter("gpt2", 2, memory, f"{tmp_path}/run-", 65536)
    for seed in (1, 2):
        data = text(seed).encode()
        made.add(data, np.array([len(data)], dtype=np.uint64))
    made.finish()
    return made


@pytest.mark.parametrize("least", [1, 2, 1500])
@pytest.mark.parametrize("tables", [0, 1 << 17])
def test_words_go_from_the_counter_into_the_learner(
    tmp_path: Path, tables: int, least: int
) -> None:
    kept = counter(tmp_path, tables)
    assert bool(kept.statistics()["spilled_bytes"]) == bool(tables)
    arrays = Words(*kept.words(least))
    assert int(arrays.counts.max()) > 1023
    expected = learn_merges(arrays, STRINGS, TOKENS, 700)
    released = []
    counted = CountedWords(kept, least, 1, 1 << 21, lambda: released.append(True))
    found = learn_merges(counted, STRINGS, TOKENS, 700)
    assert np.array_equal(found.pairs, expected.pairs)
    assert np.array_equal(found.counts, expected.counts)
    assert released
    assert tables or not len(kept.words(1)[2]), "the counter still holds its words"


def test_runs_of_words_too() -> None:
    split = pretokens("gpt2")
    words = {b" a": 0, b" b": 1, b" c": 2}
    documents = [" a b c x a b a b", " c c c c b a x b c"] * 700
    free = TextSource.of_texts(documents)
    bound = TextSource.of_texts(documents, memory=PROCESS + (64 << 20))
    what = RunPass(split, words)
    strings, tokens = list(words), np.arange(3, dtype=np.int64)
    learned = [
        learn_merges(source.learnable(what, 3, 12), strings, tokens, 12, reuse=False)
        for source in (free, bound)
    ]
    assert len(learned[0]) > 3
    assert np.array_equal(learned[0].pairs, learned[1].pairs)


@pytest.mark.parametrize("variant", [None, "runs", "chunks"])
def test_whole_methods(tmp_path: Path, variant: str | None) -> None:
    documents = [text(seed, 6000) for seed in (3, 4)]

    def trained(memory: int | None) -> str:
        source = TextSource.of_texts(documents, memory=memory, scratch=tmp_path)
        if variant is None:
            return bpe(source, 900).sha256
        return superbpe(source, 900, variant=variant).sha256

    assert trained(None) == trained(PROCESS + (40 << 20))
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_is_said_before_merging() -> None:
    found = np.zeros(1024, dtype=np.uint64)
    sizes = np.zeros(1024, dtype=np.uint64)
    found[1], sizes[1] = 10_000_000, 200_000_000
    found[2], sizes[2] = 1_000_000, 20_000_000
    kept = Counted(_native.Counter(""), found, sizes, 0, 12_000_000, 0, 0, None)  # type: ignore[arg-type]

    def budget(memory: int, vocab_size: int = 32_000) -> int:
        return budget_for_candidates(
            kept, memory, least=1, symbol_bytes=1, known=256, vocab_size=vocab_size
        )

    assert 300_000_000 < budget(1_000_000_000) < 500_000_000
    with pytest.raises(OptionError, match=r"--min-count 2 fits: it leaves out the 10,000,000 of"):
        budget(500_000_000)
    with pytest.raises(OptionError, match="--min-count 2 fits"):  # slots grow wide on the way
        budget(1_000_000_000, 128_000)
    with pytest.raises(OptionError, match="even --min-count 1023 does not fit"):
        budget(10_000_000)


def test_more_symbols_than_positions_are_refused() -> None:
    found = np.zeros(1024, dtype=np.uint64)
    found[1], found[2] = 100_000_000, 50_000_000
    kept = Counted(_native.Counter(""), found, found * 41, 0, 1, 0, 0, None)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="more than 4 billion symbols; --min-count 2 fits"):
        refuse_too_many(kept, 1, 1)
    refuse_too_many(kept, 2, 1)
    refuse_too_many(kept, 1, 4)
