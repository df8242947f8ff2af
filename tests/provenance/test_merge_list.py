"""Merge lists of real formats as training made them, and vocabularies that have none."""

from __future__ import annotations

import numpy as np
import pytest
from assets import asset

from tokenworks import Tokenizer
from tokenworks.errors import UnsupportedError
from tokenworks.provenance.merge_list import plain_merge_list
from tokenworks.provenance.word_breaks import WordBreaks, read_word_breaks
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram, WordPiece


def bpe(pieces: list[str], merges: list[tuple[str, str]]) -> Definition:
    index = {piece: at for at, piece in enumerate(pieces)}
    pairs = np.array([(index[a], index[b]) for a, b in merges], np.uint32).reshape(-1, 2)
    ids = np.arange(len(pieces), dtype=np.uint32)
    return Definition("test", Bpe(tuple(p.encode() for p in pieces), ids, pairs, byte_level=False))


def test_a_plain_list_is_kept_as_it_is() -> None:
    listed = plain_merge_list(Tokenizer.load("gpt2").definition)
    model = Tokenizer.load("gpt2").definition.model
    assert isinstance(model, Bpe)
    assert (listed.merges[:, :2] == model.merges).all()
    assert listed.redundant == listed.by_hand == 0 and not listed.unreachable


def test_ranks_and_their_conversion_have_one_list() -> None:
    ranks = plain_merge_list(Tokenizer.load("cl100k_base").definition)
    llama = plain_merge_list(Tokenizer.load(asset("tokenizers/llama3.hf")).definition)
    of_ranks = [ranks.pieces[i] for i in ranks.merges[:100_000, 2].tolist()]
    of_llama = [llama.pieces[i] for i in llama.merges[:100_000, 2].tolist()]
    assert len(ranks) == 100_000
    assert of_llama == of_ranks, "Llama 3 begins with the merges of cl100k"
    assert llama.redundant > 100_000  # every split of a token is listed there


def test_sentencepiece_lists_are_cleaned() -> None:
    listed = plain_merge_list(Tokenizer.load("mistral-v1").definition)
    assert 28_000 < len(listed) < 29_000
    assert listed.redundant > 30_000
    assert all(set(listed.pieces[i].decode()) == {"▁"} for i in listed.unreachable)
    by_hand = listed.merges[~listed.learned, 2].tolist()
    assert [listed.pieces[i].decode() for i in by_hand] == ["▁▁"]
    assert read_word_breaks(listed.results, False) == WordBreaks(True, True, True)


def test_a_piece_that_no_merging_makes_is_named() -> None:
    listed = plain_merge_list(
        bpe(["a", "b", "ab", "ba", "abba"], [("a", "b"), ("ab", "ba"), ("b", "a")])
    )
    assert [listed.pieces[i] for i in listed.unreachable] == [b"abba"]


def test_vocabularies_without_merges_are_explained() -> None:
    ids = np.arange(2, dtype=np.uint32)
    unigram = Definition("uni", Unigram((b"a", b"b"), ids, np.zeros(2)))
    wordpiece = Definition("word", WordPiece((b"a", b"b"), ids, unk_id=0))
    with pytest.raises(UnsupportedError, match=r"uni is a Unigram tokenizer: .* likelihood"):
        plain_merge_list(unigram)
    with pytest.raises(UnsupportedError, match="word is a WordPiece tokenizer"):
        plain_merge_list(wordpiece)
    with pytest.raises(UnsupportedError, match="has no merges"):
        plain_merge_list(bpe(["a", "b"], []))


def test_words_are_cut_where_the_vocabulary_never_merged() -> None:
    text = "▁año2024,東京"
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    symbols, starts = WordBreaks(True, True, True).cut(
        points, points, np.array([0, len(points)], np.uint64)
    )
    assert "".join("|" if s == 0xFFFFFFFF else chr(s) for s in symbols.tolist()) == (
        "▁año|2|0|2|4|,|東京"
    )
    assert starts.tolist() == [0, len(symbols)]
