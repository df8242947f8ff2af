"""What a tokenizer keeps of a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tokenworks.data.udhr import declaration
from tokenworks.errors import TextError
from tokenworks.tokenizer import Tokenizer
from tokenworks.workflows.faithful import Faithful, faithful

DATA = Path(__file__).resolve().parents[1] / "data" / "sentencepiece"


@pytest.mark.parametrize("name", ["gpt2", "o200k_base", "mistral-v1"])
@pytest.mark.parametrize("code", ["en", "ar", "hi"])
def test_texts_that_come_back(name: str, code: str) -> None:
    found = faithful(Tokenizer.load(name), declaration(code).text)
    assert found == Faithful(0)
    assert found.same
    assert found.to_json() == {"unknown": 0, "same": True}


def test_the_first_difference_is_shown() -> None:
    text = "x" * 30 + "A\u030a" + "y" * 30  # the normalizer joins the two
    found = faithful(Tokenizer.load("qwen2.5"), text)
    assert not found.same
    assert found.wanted == "x" * 12 + "A\u030a" + "y" * 10
    assert found.got == "x" * 12 + "\u00c5" + "y" * 11
    assert found.to_json()["got"] == found.got


def test_a_text_that_is_cut_short() -> None:
    tokenizer = Tokenizer.load(DATA / "unigram-rules.model")
    found = faithful(tokenizer, "the end ")
    assert (found.wanted, found.got) == ("the end ", "the end")


def test_unknown_tokens_are_counted() -> None:
    tokenizer = Tokenizer.load(DATA / "unigram-rules.model")
    unk = tokenizer.definition.model.unk_id
    text = "the ꙮ and ꙮꙮ"
    assert faithful(tokenizer, text).unknown == tokenizer.encode(text).tolist().count(unk) > 0
    assert faithful(tokenizer, "").unknown == 0


def test_special_tokens_as_asked() -> None:
    tokenizer = Tokenizer.load("gpt2")
    for specials in ("text", "allow"):
        assert faithful(tokenizer, "a<|endoftext|>", specials=specials).same
    with pytest.raises(TextError):
        faithful(tokenizer, "a<|endoftext|>", specials="error")
