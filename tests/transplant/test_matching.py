"""Tokens of two vocabularies are the same by bytes and by role, whatever their formats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from assets import asset

from tokenworks.errors import OptionError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Definition, WordPiece
from tokenworks.transplant.matching import match, new_rows
from tokenworks.transplant.pieces import pieces_of


def test_tokens_match_by_bytes_across_formats() -> None:
    llama, gpt2 = Tokenizer.load(asset("tokenizers/llama2.model")), Tokenizer.load("gpt2")
    found = match(llama, gpt2, 32_000)
    for new in found.shared.tolist():
        if new not in gpt2.specials.values():
            assert gpt2.token_bytes(new) == llama.token_bytes(int(found.source[new]))
    assert found.source[gpt2.encode(" the")[0]] == llama.encode("the")[0]
    letter = int(found.source[gpt2.encode("A")[0]])
    assert letter == 29909, "the character, not its byte piece <0x41>"
    part = gpt2.id_of(b"\xe4")
    assert part is not None and llama.token_bytes(int(found.source[part])) == b"\xe4"


def test_two_files_of_one_vocabulary_match_row_by_row() -> None:
    other = Tokenizer.load(asset("tokenizers/gpt-2.json"))
    found = match(other, Tokenizer.load("gpt2"), 50_257)
    assert np.array_equal(found.source, np.arange(50_257))


def test_specials_match_by_role() -> None:
    llama3, gpt2 = Tokenizer.load(asset("tokenizers/llama3.hf")), Tokenizer.load("gpt2")
    found = match(gpt2, llama3, 50_257)
    end = llama3.definition.eos_id
    assert end is not None
    assert found.source[end] == 50_256 and found.by_role[end]
    assert llama3.specials["<|reserved_special_token_7|>"] in found.specials


def test_rows_are_padded_as_the_model_was() -> None:
    gpt2, neox = Tokenizer.load("gpt2"), Tokenizer.load("gpt-neox")
    assert new_rows(gpt2, neox, 50_257) == neox.max_id_plus_one
    assert new_rows(gpt2, neox, 50_304) % 128 == 0
    assert new_rows(gpt2, gpt2, 50_300) == 50_300


def test_fewer_rows_than_ids_are_refused() -> None:
    gpt2 = Tokenizer.load("gpt2")
    with pytest.raises(OptionError, match=r"50,000 rows.*needs 50,257"):
        match(gpt2, gpt2, 50_000)


@pytest.mark.parametrize("name", ["tokenizers/llama2.model", "tokenizers/mistral-v1.model"])
def test_pieces_spell_the_bytes_of_a_token_without_a_space_in_front(name: str) -> None:
    tokenizer = Tokenizer.load(asset(name))
    texts = [b"the", b" the", b"  x", b"\xe4\xb8", "中文".encode(), b" ", b"\n", b"a\xffb"]
    ids, starts = pieces_of(tokenizer, texts)
    for text, begin, end in zip(texts, starts[:-1], starts[1:], strict=True):
        spelled = b"".join(tokenizer.token_bytes(number) for number in ids[begin:end].tolist())
        assert spelled == text


@pytest.mark.parametrize("name", ["gpt2", "qwen2.5", "kl3m-004-char-8k-cased"])
def test_every_token_of_a_vocabulary_is_spelled_by_another(name: str) -> None:
    tokenizer, other = Tokenizer.load(name), Tokenizer.load("o200k_base")
    tokens = [other.token_bytes(number) for number in range(0, 190_000, 97)]
    ids, starts = pieces_of(tokenizer, tokens)
    steps = tokenizer.definition.normalizer
    for token, begin, end in zip(tokens, starts[:-1], starts[1:], strict=True):
        spelled = b"".join(tokenizer.token_bytes(number) for number in ids[begin:end].tolist())
        if not steps:
            assert spelled == token
        else:
            assert begin < end


def test_renamed_eos_keeps_its_row() -> None:
    gpt2 = Tokenizer.load("gpt2")
    added = tuple(replace(token, content="</s>") for token in gpt2.definition.added)
    other = Tokenizer(replace(gpt2.definition, added=added))
    assert np.array_equal(match(gpt2, other, 50_257).source, np.arange(50_257))


def test_word_pieces_match_by_where_they_stand() -> None:
    pieces = (b"[UNK]", b"the", b"##the", b"##s", b"un")
    model = WordPiece(pieces, np.arange(5, dtype=np.uint32), unk_id=0)
    words = Tokenizer(
        Definition(
            "words", model, decoder=({"type": "WordPiece", "prefix": "##", "cleanup": False},)
        )
    )
    gpt2 = Tokenizer.load("gpt2")
    found = match(words, gpt2, 5)
    assert [found.source[gpt2.id_of(token)] for token in (b" the", b"the", b"s")] == [1, 2, 3]
    ids, starts = pieces_of(words, [b" thes", b"thes", b"q"])
    assert (ids.tolist(), starts.tolist()) == ([1, 3, 2, 3], [0, 2, 4, 4])
