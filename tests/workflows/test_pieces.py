"""A text cut into pieces that can be shown."""

from __future__ import annotations

import pytest
from stand_ins import ByteTokens, WordTokens

from tokenworks.data.udhr import declaration
from tokenworks.workflows.pieces import pieces


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
