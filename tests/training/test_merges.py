"""The merger against the reference trainer, and against a twin that counts from scratch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import bpe_training
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tokenworks.training.counted_words import Words
from tokenworks.training.merges import Merges, learn_merges

ALPHABET = "abcdefgh"


@st.composite
def word_counts(draw: st.DrawFn) -> dict[str, int]:
    letters = ALPHABET[: draw(st.integers(1, 4))]
    words = st.text(letters, min_size=1, max_size=12)
    doubled = words.map(lambda word: word[:6] * 2)  # "abab" and "aaaa" are where trainers differ
    counts = st.integers(1, 5) | st.integers(1, 200)
    return draw(st.dictionaries(words | doubled, counts, min_size=1, max_size=25))


def as_words(counts: Mapping[str, int]) -> Words:
    symbols = np.array([ord(char) for word in counts for char in word], dtype=np.uint32)
    starts = np.zeros(len(counts) + 1, dtype=np.uint64)
    np.cumsum([len(word) for word in counts], out=starts[1:])
    return Words(symbols, starts, np.array(list(counts.values()), dtype=np.uint64))


def learn(
    counts: Mapping[str, int],
    vocab_size: int,
    specials: Sequence[str] = (),
    initial: str = "",
    kept: str | None = None,
    **options: int | None,
) -> tuple[list[str], list[tuple[str, str]], Merges]:
    """Vocabulary by id, merges as strings, and the merges as learned."""
    alphabet = sorted({*"".join(counts), *initial} if kept is None else set(kept))
    strings = list(dict.fromkeys([*specials, *alphabet]))
    tokens = np.full(128, -1, dtype=np.int64)
    for token, string in enumerate(strings):
        if string in alphabet:
            tokens[ord(string)] = token
    learned = learn_merges(
        as_words(counts), [s.encode() for s in strings], tokens, vocab_size, **options
    )
    spelled = list(strings)
    pairs = []
    for (left, right), token in zip(learned.pairs.tolist(), learned.tokens.tolist(), strict=True):
        if token == len(spelled):
            spelled.append(spelled[left] + spelled[right])
        pairs.append((spelled[left], spelled[right]))
    return spelled, pairs, learned


def reference(
    counts: Mapping[str, int], **options: object
) -> tuple[list[str], list[tuple[str, str]]]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(show_progress=False, **options)
    tokenizer.train_from_iterator((" ".join([word] * n) for word, n in counts.items()), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return sorted(model["vocab"], key=model["vocab"].get), [tuple(m) for m in model["merges"]]


@settings(max_examples=400)
@given(
    counts=word_counts(),
    vocab_size=st.integers(1, 60) | st.just(1000),
    min_frequency=st.integers(0, 4),
    max_token_length=st.none() | st.integers(2, 9),
    specials=st.sampled_from([[], ["<s>"], ["ab"], ["a"], ["aba", "b", "<pad>"]]),
    initial=st.sampled_from(["", "xyz"]),
    threshold=st.sampled_from([0, 1, 2, 7, 100, 10**6]),
    memory=st.sampled_from([0, 1, 2000, 5000]),
)
def test_equal_to_the_reference_trainer(
    counts: dict[str, int],
    vocab_size: int,
    min_frequency: int,
    max_token_length: int | None,
    specials: list[str],
    initial: str,
    threshold: int,
    memory: int,
) -> None:
    vocabulary, merges, _ = learn(
        counts,
        vocab_size,
        specials,
        initial,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
        threshold=threshold,
        memory=memory,
    )
    assert (vocabulary, merges) == reference(
        counts,
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        max_token_length=max_token_length,
        special_tokens=specials,
        initial_alphabet=list(initial),
    )


@given(
    counts=word_counts(),
    memory=st.sampled_from([1, 3000]),
    max_words=st.integers(0, 2),
    veto_colon_space=st.booleans(),
    reuse=st.booleans(),
)
def test_a_bound_on_memory_changes_nothing(
    counts: dict[str, int], memory: int, max_words: int, veto_colon_space: bool, reuse: bool
) -> None:
    spaced = {word.replace("b", " ").replace("c", ":"): n for word, n in counts.items()}
    options = {"max_words": max_words, "veto_colon_space": veto_colon_space, "reuse": reuse}
    free = learn(spaced, 200, **options)
    bounded = learn(spaced, 200, memory=memory, **options)
    assert free[:2] == bounded[:2]
    assert free[2].counts.tolist() == bounded[2].counts.tolist()


def test_pairs_are_counted_in_parts_and_slots_grow_wide_on_the_way() -> None:
    random = np.random.default_rng(4)
    rows = random.integers(0, 400, size=(60_000, 8)).astype(np.uint32)
    words = Words(
        rows.reshape(-1),
        np.arange(0, rows.size + 1, 8, dtype=np.uint64),
        np.arange(1, len(rows) + 1, dtype=np.uint64) % 5 + 1,
    )
    strings = [chr(0x4E00 + i).encode() for i in range(400)]
    tokens = np.arange(400, dtype=np.int64)
    free = learn_merges(words, strings, tokens, 70_000)
    # 160,000 pairs of symbols, of which a table of a quarter of the memory holds 43,690
    bounded = learn_merges(words, strings, tokens, 70_000, memory=8 << 20)
    assert len(free) == 69_600
    assert np.array_equal(free.pairs, bounded.pairs)
    assert np.array_equal(free.counts, bounded.counts)


@given(counts=word_counts(), limit=st.integers(1, 5))
def test_dropped_symbols_vanish_from_words_as_in_the_reference(
    counts: dict[str, int], limit: int
) -> None:
    seen: Counter[str] = Counter()
    for word, count in counts.items():
        for char in word:
            seen[char] += count
    ranked = sorted(seen.values(), reverse=True)
    if limit < len(ranked) and ranked[limit - 1] == ranked[limit]:
        return  # which of equal characters stays is not defined in the reference
    kept = "".join(char for char, _ in seen.most_common(limit))
    vocabulary, merges, _ = learn(counts, 1000, kept=kept)
    assert (vocabulary, merges) == reference(counts, vocab_size=1000, limit_alphabet=limit)


@given(
    counts=word_counts(),
    vocab_size=st.integers(4, 80),
    max_token_length=st.none() | st.integers(3, 9),
    threshold=st.sampled_from([1, 3, 50]),
)
def test_equal_to_counting_from_scratch(
    counts: dict[str, int], vocab_size: int, max_token_length: int | None, threshold: int
) -> None:
    vocabulary, _, learned = learn(
        counts, vocab_size, max_token_length=max_token_length, threshold=threshold
    )
    alphabet = sorted(set("".join(counts)))
    words = {tuple(alphabet.index(c) for c in word): n for word, n in counts.items()}
    expected = bpe_training.learn(words, alphabet, vocab_size, 0, max_token_length)
    found = [
        (*pair, token, count)
        for pair, token, count in zip(
            learned.pairs.tolist(), learned.tokens.tolist(), learned.counts.tolist(), strict=True
        )
    ]
    assert found == expected
    assert len(set(vocabulary)) == len(vocabulary)
    assert learned.counts.tolist() == sorted(learned.counts.tolist(), reverse=True)


@given(counts=word_counts(), seed=st.randoms())
def test_the_order_of_words_does_not_matter(counts: dict[str, int], seed: object) -> None:
    shuffled = list(counts.items())
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert learn(counts, 50)[:2] == learn(dict(shuffled), 50)[:2]


def test_counts_past_32_bits() -> None:
    counts = {"ab": 3_000_000_000, "cd": 5_000_000_000, "abcd": 1}
    vocabulary, _, learned = learn(counts, 7)
    assert vocabulary == ["a", "b", "c", "d", "cd", "ab", "abcd"]
    assert learned.counts.tolist() == [5_000_000_001, 3_000_000_001, 1]


def test_nothing_to_merge() -> None:
    assert learn({"a": 5}, 100)[1] == []
    assert learn({}, 100)[1] == []
    assert learn({"ab": 5}, 0)[1] == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": [0, 2, 1, 4]}, "must not fall"),
        ({"starts": [0, 4]}, "one offset more"),
        ({"symbols": [97, 98, 99, 98]}, "not in symbol_of"),
    ],
)
def test_arrays_that_do_not_fit_together(change: dict[str, list[int]], message: str) -> None:
    parts = {"symbols": [97, 98, 97, 98], "starts": [0, 2, 3, 4], "counts": [1, 1, 1]} | change
    words = Words(
        np.array(parts["symbols"], dtype=np.uint32),
        np.array(parts["starts"], dtype=np.uint64),
        np.array(parts["counts"], dtype=np.uint64),
    )
    with pytest.raises(ValueError, match=message):
        learn_merges(words, [b"a", b"b"], np.arange(-97, 2, dtype=np.int64), 10)
