"""Training within a bound of memory gives what it gives without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenworks as tw
from tokenworks import _native
from tokenworks.errors import OptionError
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.training.bounded import PROCESS, refuse_too_many
from tokenworks.training.boundlessbpe import boundlessbpe
from tokenworks.training.bpe import bpe
from tokenworks.training.counted_words import CountedWords, Words
from tokenworks.training.merges import learn_merges
from tokenworks.training.passes import RunPass
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource
from tokenworks.training.superbpe import superbpe
from tokenworks.training.supertokens import supertokens

STRINGS = [bytes((byte,)) for byte in range(256)]
TOKENS = np.arange(256, dtype=np.int64)


def text(seed: int, words: int = 30_000) -> str:
    """Words by Zipf's law: some are seen more often than there are classes of counts."""
    random = np.random.default_rng(seed)
    letters = np.array(list("abcdefghij é界"))
    known = ["".join(random.choice(letters, size=n)) for n in random.integers(1, 20, size=4000)]
    drawn = np.minimum(random.zipf(1.3, size=words), len(known)) - 1
    return " ".join([known[i] for i in drawn.tolist()])


def counted(tmp_path: Path, memory: int) -> CountedWords:
    made = _native.Counter("gpt2", 2, memory, f"{tmp_path}/run-", 65536)
    for seed in (1, 2):
        data = text(seed).encode()
        made.add(data, np.array([len(data)], dtype=np.uint64))
    held = made.finish()
    return CountedWords(made, held["words"], held["bytes"], pretokens=60_000)


@pytest.mark.parametrize("least", [1, 2, 1500])
@pytest.mark.parametrize("tables", [0, 1 << 17])
def test_words_go_from_the_counter_into_the_learner(
    tmp_path: Path, tables: int, least: int
) -> None:
    kept = replace(counted(tmp_path, tables), least=least)
    assert bool(kept.counter.statistics()["spilled_bytes"]) == bool(tables)
    arrays = kept.together()
    assert int(arrays.counts.max()) > 1023
    expected = learn_merges(arrays, STRINGS, TOKENS, 700)
    bound = replace(kept, memory=PROCESS + (32 << 20))
    found = learn_merges(bound, STRINGS, TOKENS, 700)
    assert np.array_equal(found.pairs, expected.pairs)
    assert np.array_equal(found.counts, expected.counts)
    assert tables or not len(kept.together()), "the counter still holds its words"


@pytest.mark.parametrize("tables", [0, 1 << 17])
def test_words_come_in_order_and_in_parts(tmp_path: Path, tables: int) -> None:
    kept = counted(tmp_path, tables)
    parts: list[Words] = []
    kept.each_part(parts.append, ordered=True)
    words = [
        part.symbols[begin:end].tobytes()
        for part in parts
        for begin, end in pairwise(part.starts.tolist())
    ]
    assert words == sorted(set(words))
    assert sum(map(len, parts)) == len(kept.together())


def test_more_runs_than_files_can_be_open(tmp_path: Path) -> None:
    made = _native.Counter("gpt2", 1, 0, f"{tmp_path}/run-", 65536)
    for number in range(150):
        data = f"w{number} w{number % 7} again".encode()
        made.add(data, np.array([len(data)], dtype=np.uint64))
        made.flush()
    assert len(made.runs) == 150
    made.finish()
    assert len(list(tmp_path.iterdir())) == 1
    _, _, counts = made.words(1)
    assert int(counts.sum()) == 750
    assert int(counts.max()) == 150


def test_runs_of_words_too() -> None:
    split = pretokens("gpt2")
    words = {b" a": 0, b" b": 1, b" c": 2}
    documents = [" a b c x a b a b", " c c c c b a x b c"] * 700
    learned = []
    for memory in (None, PROCESS + (64 << 20)):
        with TextSource.of_texts(documents, memory=memory).words(RunPass(split, words)) as counted:
            strings, tokens = list(words), np.arange(3, dtype=np.int64)
            learned.append(learn_merges(counted, strings, tokens, 12, reuse=False))
    assert len(learned[0]) > 3
    assert np.array_equal(learned[0].pairs, learned[1].pairs)


BASE = bpe(TextSource.of_texts([text(9, 3000)]), 400)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (bpe, {}),
        (bpe, {"base": BASE}),
        (bpe, {"alphabet": "characters", "limit_alphabet": 12}),
        (superbpe, {"variant": "runs"}),
        (superbpe, {"variant": "chunks"}),
        (boundlessbpe, {}),
        (supertokens, {}),
        (supertokens, {"base": BASE}),
    ],
)
def test_whole_methods(
    tmp_path: Path, method: Callable[..., Tokenizer], options: dict[str, Any]
) -> None:
    documents = [text(seed, 6000) for seed in (3, 4)]

    def trained(memory: int | None) -> str:
        source = TextSource.of_texts(documents, memory=memory, scratch=tmp_path)
        return method(source, 900, **options).sha256

    assert trained(None) == trained(PROCESS + (40 << 20))
    assert list(tmp_path.iterdir()) == []


def test_counts_are_kept_and_learned_from_within_the_bound(tmp_path: Path) -> None:
    corpus, memory = tmp_path / "corpus.txt", PROCESS + (32 << 20)
    random = np.random.default_rng(5)
    corpus.write_text(" ".join(f"w{n}" for n in random.integers(0, 1 << 40, 300_000).tolist()))
    options: dict[str, Any] = {"vocab_size": 400, "pattern": "whitespace", "scratch": tmp_path}
    free = tw.train(corpus, save_counts=tmp_path / "a.arrow", **options)
    bound = tw.train(corpus, save_counts=tmp_path / "b.arrow", memory=memory, **options)
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()
    again = tw.train(tmp_path / "b.arrow", memory=memory, **options)
    for one in (bound, again):
        assert one.counts is not None
        assert one.counts.spilled_bytes > 0
        assert one.counts.pretokens == 300_000
        assert one.tokenizer.sha256 == free.tokenizer.sha256


def test_what_does_not_fit_is_said_before_merging() -> None:
    found = np.zeros(1024, dtype=np.uint64)
    sizes = np.zeros(1024, dtype=np.uint64)
    found[1], sizes[1] = 10_000_000, 200_000_000
    found[2], sizes[2] = 1_000_000, 20_000_000
    kept = CountedWords(_native.Counter(""), found, sizes, pretokens=12_000_000)

    def budget(memory: int, vocab_size: int = 32_000) -> int:
        return replace(kept, memory=memory).budget(256, vocab_size)

    assert 200_000_000 < budget(1_000_000_000) < 330_000_000
    with pytest.raises(OptionError, match=r"--min-count 2 fits: it leaves out the 10,000,000 of"):
        budget(500_000_000)
    with pytest.raises(OptionError, match="--min-count 2 fits"):  # slots grow wide on the way
        budget(1_000_000_000, 128_000)
    with pytest.raises(OptionError, match="even --min-count 1023 does not fit"):
        budget(10_000_000)


def test_more_symbols_than_positions_are_refused() -> None:
    found = np.zeros(1024, dtype=np.uint64)
    found[1], found[2] = 100_000_000, 50_000_000
    kept = CountedWords(_native.Counter(""), found, found * 41, pretokens=1)
    with pytest.raises(OptionError, match="more than 4 billion symbols; --min-count 2 fits"):
        refuse_too_many(kept)
    refuse_too_many(replace(kept, least=2))
    refuse_too_many(replace(kept, symbol_bytes=4))
