"""The comparison of languages, and the pieces that show it."""

from __future__ import annotations

import pytest
from stand_ins import ByteTokens, WordTokens

from tokenworks.data.udhr import declaration, declarations
from tokenworks.errors import OptionError
from tokenworks.workflows.languages import compare_languages
from tokenworks.workflows.pieces import pieces

FEW = [declaration(code) for code in ("en", "de", "hi", "ar")]


def test_premiums_are_multiples_of_english() -> None:
    found = compare_languages([ByteTokens(), WordTokens()], FEW)
    rows = {row.bcp47: row for row in found.languages}
    assert rows["en"].premiums == (1.0, 1.0)
    for one in FEW:
        row = rows[one.bcp47]
        assert row.tokens == (len(one.text.encode()), len(one.text.split()))
        assert row.premiums[0] == row.tokens[0] / rows["en"].tokens[0]
    assert [row.premiums[-1] for row in found.languages] == sorted(
        row.premiums[-1] for row in found.languages
    )


def test_figures_of_a_tokenizer() -> None:
    (one,) = compare_languages([ByteTokens()], FEW).tokenizers
    assert one.bytes_per_token == 1.0
    assert one.total_tokens == sum(len(text.text.encode()) for text in FEW)
    assert one.worst_language == "Hindi"
    assert one.below_two == 3


def test_scripts_cover_all_languages() -> None:
    found = compare_languages([ByteTokens()])
    assert sum(group.languages for group in found.scripts) == len(declarations())
    assert next(group for group in found.scripts if group.script == "Arabic").languages == 5


def test_bad_arguments() -> None:
    with pytest.raises(OptionError, match="at least one tokenizer"):
        compare_languages([])
    with pytest.raises(OptionError, match="reference language"):
        compare_languages([ByteTokens()], FEW[1:])


@pytest.mark.parametrize("tokenizer", [ByteTokens(), WordTokens()])
@pytest.mark.parametrize("text", ["", "a b", "naïve हिन्दी 👩‍💻 end", FEW[3].articles[0]])
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
