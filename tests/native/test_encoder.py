"""The native encoder against plain byte pair encoding, on small vocabularies made up by hypothesis."""

from __future__ import annotations

import itertools
import os
import random
import threading
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from oracles.bpe import merge_pairs

from tokenworks._native import Encoder, SpecialTokenError, pattern_names

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}


def split_step(pattern: str) -> dict[str, Any]:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }


def make(
    pieces: list[bytes],
    merges: list[tuple[int, int]],
    *,
    pattern: str = "gpt2",
    ignore_merges: bool = False,
    added: list[dict[str, Any]] | None = None,
    normalizer: list[dict[str, Any]] | None = None,
    ids: list[int] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Encoder:
    offsets = np.zeros(len(pieces) + 1, np.uint64)
    np.cumsum([len(p) for p in pieces], out=offsets[1:])
    return Encoder(
        kind="bpe",
        pieces=b"".join(pieces),
        offsets=offsets,
        ids=np.array(range(len(pieces)) if ids is None else ids, np.uint32),
        merges=np.array(merges, np.uint32).reshape(-1, 2),
        scores=np.empty(0),
        options={"byte_level": True, "ignore_merges": ignore_merges, **(options or {})},
        normalizer=normalizer or [],
        pretokenizer=[split_step(pattern_names()[pattern]), BYTE_LEVEL],
        added=added or [],
        split=lambda p, text: [m.span() for m in regex.finditer(p, text)],
    )


@st.composite
def vocabularies(draw: st.DrawFn) -> tuple[list[bytes], list[tuple[int, int]]]:
    """All bytes, merges of pieces made before, and pieces that no merge makes."""
    pieces = [bytes([b]) for b in range(256)]
    merges: list[tuple[int, int]] = []
    seeds = [*b"ab 1\n", *"é好пр".encode()]
    for _ in range(draw(st.integers(0, 25))):
        pool = st.sampled_from([*seeds, *range(256, len(pieces))])
        pair = (draw(pool), draw(pool))
        joined = pieces[pair[0]] + pieces[pair[1]]
        if joined not in pieces:
            pieces.append(joined)
            merges.append(pair)
    if draw(st.booleans()):  # merges can come before those that make what they join
        merges = draw(st.permutations(merges))
    unmade = st.text(alphabet="abé好пр", min_size=1, max_size=4).map(str.encode)
    pieces.extend(set(draw(st.lists(unmade, max_size=3))) - set(pieces))
    return pieces, merges


TEXTS = st.one_of(
    st.text(alphabet="ab 1é好\n'.A", max_size=200),
    st.text(alphabet="ab", min_size=100, max_size=400),
    st.text(alphabet="aé好пр", max_size=80),
    st.text(alphabet="a é好😀", max_size=120),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
)


def expected(
    pieces: list[bytes], merges: list[tuple[int, int]], text: str, whole: bool
) -> list[int]:
    ranks = {(pieces[a], pieces[b]): i for i, (a, b) in enumerate(merges)}
    index = {piece: i for i, piece in enumerate(pieces)}
    ids: list[int] = []
    for match in regex.finditer(pattern_names()["gpt2"], text):
        pretoken = match.group().encode()
        if whole and pretoken in index:
            ids.append(index[pretoken])
        else:
            ids.extend(index[part] for part in merge_pairs(ranks, pretoken))
    return ids


@given(vocabulary=vocabularies(), texts=st.lists(TEXTS, max_size=4), whole=st.booleans())
def test_equal_to_merging_one_pair_after_another(
    vocabulary: tuple[list[bytes], list[tuple[int, int]]], texts: list[str], whole: bool
) -> None:
    pieces, merges = vocabulary
    encoder = make(pieces, merges, ignore_merges=whole)
    for text in texts:
        wanted = expected(pieces, merges, text, whole)
        assert encoder.encode(text).tolist() == wanted
        ids, spans = encoder.encode_spans(text)
        assert ids.tolist() == wanted
        # The spans part the text, and each is its token's bytes.
        assert [text.encode()[a:b] for a, b in spans.tolist()] == [pieces[i] for i in wanted]
    ids, starts = encoder.encode_batch(texts, "error", 2)
    for text, (a, b) in zip(texts, itertools.pairwise(starts.tolist()), strict=True):
        assert ids[a:b].tolist() == encoder.encode(text).tolist()


@given(
    vocabulary=vocabularies(),
    words=st.lists(st.text(st.sampled_from("abé好 \u0e48"), min_size=1, max_size=9), min_size=1),
    order=st.randoms(use_true_random=False),
)
def test_new_pretokens_that_come_again_at_once(
    vocabulary: tuple[list[bytes], list[tuple[int, int]]], words: list[str], order: random.Random
) -> None:
    text = " ".join(order.choices(words, k=60))
    pieces, merges = vocabulary
    assert make(pieces, merges).encode(text).tolist() == expected(pieces, merges, text, False)


def ladder(n: int) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Pieces a, aa, aaaa, ... of 2**k letters: long pretokens merge in many rounds."""
    pieces = [bytes([b]) for b in range(256)]
    merges = []
    last = b"a"[0]
    for _ in range(n):
        merges.append((last, last))
        pieces.append(pieces[last] * 2)
        last = len(pieces) - 1
    return pieces, merges


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 127, 128, 129, 130, 255, 256, 257, 1000])
def test_pretokens_of_every_length_class(length: int) -> None:
    pieces, merges = ladder(6)
    encoder = make(pieces, merges)
    for text in ("a" * length, "ab" * (length // 2), "a" * length + "b"):
        assert encoder.encode(text).tolist() == expected(pieces, merges, text, False)


def test_time_is_linear_without_spaces() -> None:
    pieces, merges = ladder(4)
    ids = make(pieces, merges).encode("a" * 4_000_000)
    assert ids.size == 4_000_000 // 16


def test_several_merges_with_one_result() -> None:
    # "abc" as a+bc and as ab+c: only the merge that comes last inside "abc" can ever happen.
    pieces = [*(bytes([b]) for b in range(256)), b"ab", b"bc", b"abc"]
    a, b, c = b"abc"
    merges = [(a, b), (b, c), (a, 257), (256, c)]
    encoder = make(pieces, merges)
    assert encoder.encode("abc").tolist() == [258]
    assert encoder.encode("xbc").tolist() == [b"x"[0], 257]


def test_ids_need_not_be_in_order() -> None:
    pieces, merges = ladder(2)
    ids = [1000 - 3 * i for i in range(len(pieces))]
    assert make(pieces, merges, ids=ids).encode("aaa").tolist() == [ids[256], ids[b"a"[0]]]


def added(content: str, number: int, **flags: bool) -> dict[str, Any]:
    token = {"special": True, "single_word": False, "lstrip": False, "rstrip": False}
    return {"id": number, "content": content, "normalized": False, **token, **flags}


def test_special_tokens_follow_the_policy() -> None:
    pieces, merges = ladder(1)
    encoder = make(pieces, merges, added=[added("<s>", 900), added("aaa", 901, special=False)])
    assert encoder.encode("a<s>aaaa", "allow").tolist() == [97, 900, 901, 97]
    assert encoder.encode("<s>", "text").tolist() == list(b"<s>")
    with pytest.raises(SpecialTokenError) as caught:
        encoder.encode("é <s>", "error")
    assert caught.value.args == ("<s>", 3)
    with pytest.raises(SpecialTokenError):
        encoder.encode_batch(["fine", "<s>"] * 1000, "error", 2)


def test_a_normalizer_that_changes_nothing_is_as_good_as_none() -> None:
    pieces, merges = ladder(3)
    plain, normalizing = make(pieces, merges), make(pieces, merges, normalizer=[{"type": "NFC"}])
    for text in ("aaaa é", "cafe\u0301 aaaa", "", "\u212b"):
        wanted = plain.encode(unicodedata.normalize("NFC", text)).tolist()
        assert normalizing.encode(text).tolist() == wanted
        assert normalizing.encode_spans(text)[0].tolist() == wanted


NORMALIZERS: list[list[dict[str, Any]]] = [
    [{"type": "NFC"}],
    [{"type": "NFKD"}, {"type": "Lowercase"}],
    [
        {"type": "Prepend", "prepend": " "},
        {"type": "Replace", "pattern": {"String": "a"}, "content": "éa"},
    ],
    [{"type": "Strip", "strip_left": True, "strip_right": True}],
    [{"type": "Replace", "pattern": {"String": "a"}, "content": ""}],
    [{"type": "ByteLevel"}],
]


@given(
    vocabulary=vocabularies(),
    normalizer=st.sampled_from(NORMALIZERS),
    texts=st.lists(
        st.text(
            st.sampled_from("aAbB é\u0301\u0327\u1100\u1161\u212b\u0e48\u0e38<x> \n\U0001d15e"),
            max_size=30,
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_text_that_a_normalizer_changes_is_encoded_as_its_spans_are(
    vocabulary: tuple[list[bytes], list[tuple[int, int]]],
    normalizer: list[dict[str, Any]],
    texts: list[str],
) -> None:
    tokens = [
        added("<x>", 900, normalized=False),
        added("é", 901, normalized=True, special=False, lstrip=True),
        added("bb", 902, normalized=True, special=False, single_word=True),
    ]
    for special in ("allow", "text"):
        for present in ([], tokens):
            encoder = make(*vocabulary, normalizer=normalizer, added=present)
            for text in texts:  # the spans' ids come step by step, without the fast path
                assert (
                    encoder.encode(text, special).tolist()
                    == encoder.encode_spans(text, special)[0].tolist()
                )


def test_spans_of_bytes_that_stand_for_a_character() -> None:
    mark = "\u2581".encode()
    pieces = [*(b"<0x%02X>" % b for b in range(256)), mark, b"a", mark + b"a"]
    offsets = np.zeros(len(pieces) + 1, np.uint64)
    np.cumsum([len(p) for p in pieces], out=offsets[1:])
    encoder = Encoder(
        kind="bpe",
        pieces=b"".join(pieces),
        offsets=offsets,
        ids=np.arange(len(pieces), dtype=np.uint32),
        merges=np.array([[256, 257]], np.uint32),
        scores=np.empty(0),
        options={"byte_fallback": True},
        normalizer=[
            {
                "type": "SentencePieceSpaces",
                "add_dummy_prefix": True,
                "remove_extra_whitespaces": False,
                "escape_whitespaces": True,
                "treat_whitespace_as_suffix": False,
            }
        ],
        pretokenizer=[],
        added=[],
    )
    ids, spans = encoder.encode_spans("a👩 a")
    assert ids.tolist() == [258, 0xF0, 0x9F, 0x91, 0xA9, 258]
    assert spans.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 7]]
    assert encoder.encode("a👩 a").tolist() == ids.tolist()


def test_encoders_are_safe_to_share() -> None:
    pieces, merges = ladder(5)
    encoder = make(pieces, merges)
    texts = [f"{'a' * (k % 70)} word {k} é好" for k in range(300)]
    wanted = [encoder.encode(text).tolist() for text in texts]
    wrong: list[str] = []

    def work() -> None:
        for text, ids in zip(texts, wanted, strict=True):
            if encoder.encode(text).tolist() != ids:
                wrong.append(text)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_encoders_work_after_a_fork() -> None:
    pieces, merges = ladder(5)
    encoder = make(pieces, merges)
    encoder.encode_batch(["aaa"] * 100, "error", 2)
    child = os.fork()
    if child == 0:
        good = encoder.encode_batch(["aaaa"] * 100, "error", 2)[0].size == 100
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"merges": np.array([[0, 9999]], np.uint32)}, "merge 0 names a piece that is not there"),
        ({"merges": np.array([[97, 98]], np.uint32)}, "the result of merge 0 is not a piece"),
        ({"offsets": np.array([0, 5], np.uint64)}, "offsets"),
        ({"offsets": np.array([0, *range(300, 44, -1)], np.uint64)}, "offsets"),
        ({"kind": "wordlevel"}, "kind must be"),
        ({"options": {"byte_level": True, "unk_id": 77777}}, "id 77777 names no piece"),
    ],
)
def test_malformed_definitions_are_refused(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "kind": "bpe",
        "pieces": bytes(range(256)),
        "offsets": np.arange(257, dtype=np.uint64),
        "ids": np.arange(256, dtype=np.uint32),
        "merges": np.empty((0, 2), np.uint32),
        "scores": np.empty(0),
        "options": {"byte_level": True},
        "normalizer": [],
        "pretokenizer": [BYTE_LEVEL],
        "added": [],
    }
    with pytest.raises(ValueError, match=message):
        Encoder(**{**arguments, **change})
