"""What a token is said to be: its merges, replayed, give its bytes."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tokenworks.data.udhr import declaration
from tokenworks.errors import OptionError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, WordPiece
from tokenworks.training.source import TextSource
from tokenworks.training.superbpe import superbpe
from tokenworks.workflows.token_steps import Explainer, TokenSteps

DATA = Path(__file__).resolve().parents[1] / "data" / "sentencepiece"


def raw(shown: str) -> bytes:
    """The bytes of a symbol as it is shown."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), shown.encode())


def replayed(told: TokenSteps) -> list[str]:
    """The symbols after all steps; each step must join two that stand side by side."""
    symbols = list(told.start)
    for step in told.steps:
        at = next(
            i for i in range(len(symbols) - 1) if symbols[i : i + 2] == [step.left, step.right]
        )
        assert raw(step.result) == raw(step.left) + raw(step.right)
        symbols[at : at + 2] = [step.result]
    return symbols


@pytest.mark.parametrize("name", ["gpt2", "o200k_base", "mistral-v1"])
def test_steps_make_the_token(name: str) -> None:
    tokenizer = Tokenizer.load(name)
    model = tokenizer.definition.model
    assert isinstance(model, Bpe)
    explainer = Explainer(tokenizer)
    picked = random.Random(5).sample(range(1000, len(model.pieces)), 200)
    made = 0
    for index in picked:
        told = explainer.explain(int(model.ids[index]))
        assert told.bytes == tokenizer.token_bytes(told.id)
        if told.steps:
            made += 1
            assert replayed(told) == [told.steps[-1].result]
            assert told.steps[-1].rank == max(step.rank for step in told.steps)
    assert made > 170


def test_the_steps_of_a_known_token() -> None:
    told = Explainer(Tokenizer.load("gpt2")).explain(262)  # " the"
    assert told.start == (" ", "t", "h", "e")
    assert [(step.rank, step.left, step.right) for step in told.steps] == [
        (0, " ", "t"),
        (2, "h", "e"),
        (6, " t", "he"),
    ]
    assert told.note == "made by 3 merges"
    assert told.to_json()["bytes"] == "20 74 68 65"


def test_superwords_are_made_of_whole_words() -> None:
    source = TextSource.of_texts([declaration("en").text])
    tokenizer = superbpe(source, 700, transition=600)
    assert tokenizer.definition.two_phase is not None
    explainer = Explainer(tokenizer)
    superwords = [n for n in range(tokenizer.n_tokens) if b" " in tokenizer.token_bytes(n).strip()]
    assert len(superwords) > 20
    for number in superwords:
        told = explainer.explain(number)
        assert replayed(told) == [told.text]


def test_tokens_that_no_merge_makes() -> None:
    gpt2 = Explainer(Tokenizer.load("gpt2"))
    assert gpt2.explain(50256).note.startswith("special token")
    assert gpt2.explain(0).note == "a single byte: merging starts from these"
    mistral = Explainer(Tokenizer.load("mistral-v1"))
    assert mistral.explain(3).note.startswith("a single byte, of a character")
    assert mistral.explain(0).note.startswith("the unknown token")


def test_a_piece_of_a_unigram_model_has_its_probability() -> None:
    tokenizer = Tokenizer.load(DATA / "unigram-byte-fallback.model")
    told = Explainer(tokenizer).explain(int(tokenizer.encode("the")[0]))
    assert "probability -" in told.note
    assert not told.steps


def test_a_piece_of_wordpiece() -> None:
    model = WordPiece((b"[UNK]", b"a", b"##b"), np.arange(3, dtype=np.uint32), 0)
    definition = replace(Tokenizer.load("gpt2").definition, model=model, added=(), pretokenizer=())
    explainer = Explainer(Tokenizer.from_definition(definition))
    assert explainer.explain(1).note.startswith("the longest piece")
    assert explainer.explain(0).note.startswith("the unknown token")


def test_very_long_tokens_are_not_followed() -> None:
    pieces = [bytes((byte,)) for byte in range(256)]
    merges = [(97, 97)]
    pieces.append(b"aa")
    while len(pieces[-1]) < 4096:
        merges.append((len(pieces) - 1, len(pieces) - 1))
        pieces.append(pieces[-1] * 2)
    model = Bpe(
        tuple(pieces), np.arange(len(pieces), dtype=np.uint32), np.array(merges, np.uint32), True
    )
    definition = replace(Tokenizer.load("gpt2").definition, model=model, added=())
    explainer = Explainer(Tokenizer.from_definition(definition))
    assert "4,096 bytes long" in explainer.explain(len(pieces) - 1).note
    assert explainer.explain(256 + 9).note == "made by 1023 merges"


def test_an_id_without_a_token() -> None:
    with pytest.raises(OptionError, match="99999"):
        Explainer(Tokenizer.load("gpt2")).explain(99999)
