"""A text cut into pieces that can be shown."""

from __future__ import annotations

import pytest
from stand_ins import ByteTokens, WordTokens

from tokenworks.data.udhr import declaration
from tokenworks.tokenizer import Tokenizer
from tokenworks.workflows.pieces import Piece, cut_text, pieces


@pytest.mark.parametrize("tokenizer", [ByteTokens(), WordTokens()])
@pytest.mark.parametrize("text", ["", "a b", "naïve हिन्दी 👩‍💻 end", declaration("ar").articles[0]])
def test_pieces_join_to_the_text_and_keep_every_id(tokenizer: ByteTokens, text: str) -> None:
    found = pieces(tokenizer, text)
    assert "".join(piece.text for piece in found) == text
    assert [i for piece in found for i in piece.ids] == tokenizer.encode(text).tolist()


def test_tokens_inside_a_character_stay_together() -> None:
    assert [(p.text, len(p.ids)) for p in pieces(ByteTokens(), "aé👩")] == [
        ("a", 1),
        ("é", 2),
        ("👩", 4),
    ]


@pytest.mark.parametrize("name", ["gpt2", "o200k_base", "mistral-v1", "kl3m-001-32k"])
def test_a_text_cut_in_part(name: str) -> None:
    tokenizer = Tokenizer.load(name)
    text = declaration("ar").articles[0] + " 👩‍💻\n" + declaration("en").articles[0]
    whole = pieces(tokenizer, text)
    for shown in (1, 2, 50, 51, 300, len(text.encode()) - 1):
        found = cut_text(tokenizer, text, shown=shown)
        assert found.pieces == whole[: len(found.pieces)]
        assert found.tokens == tokenizer.count(text)
        sizes = [len(piece.text.encode()) for piece in found.pieces]
        assert sum(sizes[:-1]) < shown <= sum(sizes)
    assert cut_text(tokenizer, text, shown=len(text.encode())).pieces == whole


def test_what_a_normalizer_drops_stays_in_the_text() -> None:
    tokenizer = Tokenizer.load("qwen2.5")  # NFC joins the mark and the letter
    for text in ("x A\u030a", "A\u030a", "A\u030a y"):
        found = pieces(tokenizer, text)
        assert "".join(piece.text for piece in found) == text
        assert [i for piece in found for i in piece.ids] == tokenizer.encode(text).tolist()


def test_special_tokens_where_asked() -> None:
    tokenizer = Tokenizer.load("gpt2")
    assert len(pieces(tokenizer, "<|endoftext|>")) > 1
    assert cut_text(tokenizer, "<|endoftext|>", specials="allow").pieces == [
        Piece("<|endoftext|>", (50256,))
    ]
