"""Laying tokens on texts: the native loop against a plain one, and arrays that do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenworks import Tokenizer
from tokenworks._native import count_ids, lay_tokens
from tokenworks.evaluation.tokens_on_text import TokenBytes, lay_texts

TOKENS = (b"", b" ", b"a", b"b", b"ab", b" a", b"ba ", b"\xc3", b"\xa9")
LENGTHS = np.array([len(token) for token in TOKENS], np.int64)
OFFSETS = np.concatenate([[0], np.cumsum(LENGTHS)[:-1]])
BLOB = np.frombuffer(b"".join(TOKENS), np.uint8)


def lay(texts: list[bytes], ids: list[list[int]]) -> tuple[list[int], list[int]]:
    data = np.frombuffer(b"".join(texts), np.uint8)
    begins = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in ids])]).astype(np.int64)
    flat = np.array([number for one in ids for number in one], np.uint32)
    cut = np.zeros(len(data) + 1, np.uint8)
    kinds = lay_tokens(BLOB, OFFSETS, LENGTHS, flat, starts, data, begins, cut)
    return list(kinds), np.flatnonzero(cut).tolist()


def plainly(texts: list[bytes], ids: list[list[int]]) -> tuple[list[int], list[int]]:
    kinds, cuts, begin = [], set(), 0
    for text, own in zip(texts, ids, strict=True):
        spelled = b"".join(TOKENS[number] for number in own)
        kind = 0 if spelled == text else 1 if spelled == b" " + text else 2
        at = begin - kind
        for number in own if kind < 2 else ():
            if TOKENS[number]:
                cuts.add(max(at, begin))
            at += len(TOKENS[number])
        kinds.append(kind)
        begin += len(text)
    return kinds, sorted(cuts)


ids_of_texts = st.lists(
    st.tuples(
        st.lists(st.integers(0, len(TOKENS) - 1), max_size=6),
        st.sampled_from(["same", "after space", "longer", "shorter"]),
    ),
    min_size=1,
    max_size=5,
)


@given(ids_of_texts)
def test_against_a_plain_loop(given_ids: list[tuple[list[int], str]]) -> None:
    texts = []
    for own, kind in given_ids:
        spelled = b"".join(TOKENS[number] for number in own)
        change = {"same": spelled, "longer": spelled + b"a", "shorter": spelled[:-1]}
        texts.append(change.get(kind, spelled.removeprefix(b" ")))
    ids = [own for own, _ in given_ids]
    assert lay(texts, ids) == plainly(texts, ids)


def test_ids_without_a_token_spell_nothing() -> None:
    assert lay([b"a"], [[99]]) == ([2], [])


@pytest.mark.parametrize(
    ("starts", "begins", "cut", "message"),
    [
        ([0, 2], [0, 1], 2, "starts run out"),
        ([0, 1], [0, 9], 2, "begins run out"),
        ([0, -1], [0, 1], 2, "starts run out"),
        ([0, 1], [0], 2, "one entry more than texts"),
        ([0, 1], [0, 1], 1, "one entry more than bytes"),
    ],
)
def test_arrays_that_do_not_fit(
    starts: list[int], begins: list[int], cut: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        lay_tokens(
            BLOB, OFFSETS, LENGTHS, np.array([2], np.uint32), np.array(starts, np.int64),
            np.frombuffer(b"a", np.uint8), np.array(begins, np.int64), np.zeros(cut, np.uint8),
        )  # fmt: skip


@pytest.mark.parametrize("name", ["gpt2", "mistral-v1", "kl3m-004-char-4k-cased"])
def test_boundaries_are_those_of_spans(name: str) -> None:
    tokenizer = Tokenizer.load(name)
    texts = ["Hello world", "", " leading", "naïve ☃ 123", "ա\u0301 b"]
    batch, laid = lay_texts(TokenBytes(tokenizer), texts)
    for number, text in enumerate(texts):
        ids, spans = tokenizer.encode_spans(text, specials="text")
        begin, end = int(batch.begins[number]), int(batch.begins[number + 1])
        expected = {int(first) for first, last in spans if last > first}
        assert set(np.flatnonzero(laid.cut[begin:end]).tolist()) == expected
        assert laid.altered[number] == (tokenizer.decode(ids) != text)


def test_ids_are_counted() -> None:
    counts = np.array([1, 0, 0], np.int64)
    count_ids(np.array([2, 0, 2], np.uint32), counts)
    assert counts.tolist() == [2, 0, 2]
    with pytest.raises(ValueError, match="beyond the counts"):
        count_ids(np.array([0, 3], np.uint32), counts)
    assert counts.tolist() == [2, 0, 2]  # nothing was counted
