"""`extend`: old tokens and encodings stay, whatever the base and the text."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from tests.workflows.bases import (
    BASES,
    MODELS,
    load,
    manifest_of,
    opened_and_alike,
    stretches_of,
    text_in,
    written_once,
)

import tokenworks
from tokenworks.cli import main
from tokenworks.data.udhr import declaration
from tokenworks.errors import FormatError, OptionError, UnsupportedError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Unigram
from tokenworks.workflows.extend import ExtendResult, extend
from tokenworks.workflows.extension_proof import (
    BrokenLawError,
    expanded,
    expansion,
    prove_extension,
)

LANGUAGES = ("tr", "el", "hi", "th")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "four.txt"
    path.write_text(text_in(LANGUAGES), encoding="utf-8")
    return path


@cache
def extended(name: str, path: Path) -> ExtendResult:
    return extend(load(name), path, 200, special=("<|added|>",))


@pytest.mark.parametrize("name", BASES)
def test_old_tokens_stay_and_new_ones_follow(name: str, corpus: Path) -> None:
    old, result = Tokenizer.load(name), extended(name, corpus)
    new = result.tokenizer
    before, after = old.definition.model, new.definition.model
    assert isinstance(before, Bpe)
    assert isinstance(after, Bpe)
    assert after.pieces[: len(before.pieces)] == before.pieces
    assert np.array_equal(after.ids[: len(before.ids)], before.ids)
    assert np.array_equal(after.merges[: len(before.merges)], before.merges)
    assert all(old.token_bytes(n) == new.token_bytes(n) for n in old.specials.values())
    assert result.first_id == old.max_id_plus_one
    assert after.ids[-200:].tolist() == list(range(result.first_id, result.first_id + 200))
    assert result.special == {"<|added|>": result.first_id + 200}
    assert result.rows == new.max_id_plus_one == old.max_id_plus_one + 201
    assert result.held_out is not None
    assert result.held_out.tokens_after < result.held_out.tokens_before
    assert result.proof.without_new < result.proof.texts


pieces_of_text = st.sampled_from(
    [
        *(declaration(code).articles[3] for code in (*LANGUAGES, "en", "ja")),
        "  ",
        "\n\n",
        "12345",
        "▁",
    ]
)
texts = st.one_of(
    st.text(),
    st.lists(st.one_of(st.text(max_size=5), pieces_of_text), max_size=6).map("".join),
    stretches_of(text_in(LANGUAGES)),
)


@pytest.mark.parametrize("name", BASES)
@given(text=texts)
def test_new_tokens_written_as_old_ones_give_the_old_encoding(
    name: str, text: str, corpus: Path
) -> None:
    old, new = load(name), extended(name, corpus).tokenizer
    first = old.max_id_plus_one
    before, after = old.encode(text, specials="text"), new.encode(text, specials="text")
    table = _tables(name, corpus)
    assert expanded(after, table).tolist() == before.tolist()
    if not (after >= first).any():
        assert after.tolist() == before.tolist()
    assert new.decode(after) == old.decode(before)


@cache
def _tables(name: str, path: Path):  # type: ignore[no-untyped-def]
    return expansion(load(name), extended(name, path).tokenizer)


@pytest.mark.parametrize("name", ["bpe-byte-fallback.model", "bpe-rules-suffix.model"])
@given(data=st.data())
def test_sentencepiece_models_keep_the_law(name: str, data: st.DataObject) -> None:
    old, new, table = _small(name)
    spellings = [piece.decode().replace("▁", " ") for piece in new.definition.model.pieces]
    some = st.one_of(st.sampled_from(spellings), st.text(max_size=3))
    text = data.draw(st.lists(some, max_size=12).map("".join))
    before, after = old.encode(text, specials="text"), new.encode(text, specials="text")
    assert expanded(after, table).tolist() == before.tolist()


@cache
def _small(name: str):  # type: ignore[no-untyped-def]
    old = load(str(MODELS / name))
    new = extend(old, MODELS / "make.py", 60, held_out=0).tokenizer
    return old, new, expansion(old, new)


def test_pieces_that_are_split_again_are_refused(corpus: Path) -> None:
    with pytest.raises(UnsupportedError, match="unused pieces again"):
        extend(MODELS / "bpe-unused-equal-scores.model", corpus, 10)


def test_merges_are_those_of_counting_again_after_each(tmp_path: Path) -> None:
    text = declaration("tr").text[:4000]
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    base = load("gpt2")
    model = base.definition.model
    assert isinstance(model, Bpe)
    index = {number: i for i, number in enumerate(model.ids.tolist())}
    words = [
        [index[number] for number in base.encode(word).tolist()]
        for part in re.findall(r"(?s).{1024}[^\n]*\n?|.+\Z", text)
        for word in regex.findall(base.pattern, part)
    ]
    spelled, known = list(model.pieces), set(model.pieces)
    expected = []
    for _ in range(40):
        pairs = Counter(pair for word in words for pair in itertools.pairwise(word))
        best = min(
            (pair for pair in pairs if spelled[pair[0]] + spelled[pair[1]] not in known),
            key=lambda pair: (-pairs[pair], pair),
        )
        expected.append(best)
        for word in words:
            for i in range(len(word) - 2, -1, -1):
                if i + 1 < len(word) and (word[i], word[i + 1]) == best:
                    word[i : i + 2] = [len(spelled)]
        spelled.append(spelled[best[0]] + spelled[best[1]])
    made = extend(base, path, 40, held_out=0).tokenizer.definition.model
    assert isinstance(made, Bpe)
    assert [tuple(pair) for pair in made.merges[-40:].tolist()] == expected


def test_transformers_opens_it_and_encodes_alike(corpus: Path, tmp_path: Path) -> None:
    for name in ("gpt2", "cl100k_base", "mistral-v1"):
        folder = tmp_path / name
        result = extend(name, corpus, 150, folder, special=["<|added|>"])
        peer = opened_and_alike(folder, result.tokenizer, (*LANGUAGES, "en", "zh-Hans", "ar"))
        assert peer.convert_tokens_to_ids("<|added|>") == result.special["<|added|>"]
        manifest = manifest_of(folder)
        assert manifest["base"]["sha256"] == Tokenizer.load(name).sha256
        assert manifest["added"] == 150
        assert manifest["proof"]["texts"] > 1000


def test_twice_the_same_and_threads_do_not_matter(corpus: Path) -> None:
    first, second = (extend("gpt2", corpus, 60).tokenizer for _ in range(2))
    assert first.sha256 == second.sha256


def test_longest_piece_and_least_count_are_kept(corpus: Path) -> None:
    result = extend("gpt2", corpus, 100, max_token_bytes=6)
    model = result.tokenizer.definition.model
    assert max(len(piece) for piece in model.pieces[-100:]) <= 6
    with pytest.raises(OptionError, match=r"gives \d+ new tokens seen at least 500 times"):
        extend("gpt2", corpus, 5000, min_count=500)


def test_an_added_token_is_not_spelled_by_a_new_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Qqzxj\n" * 300)
    base = load("gpt2")
    token = AddedToken(60_000, "Qqzxj")
    special = Tokenizer.from_definition(replace(base.definition, added=(token,)))
    enough = len(base.encode("Qqzxj")) - 1
    assert b"Qqzxj" in extend(base, path, enough, held_out=0).tokenizer.definition.model.pieces
    made = extend(special, path, enough - 1, held_out=0).tokenizer
    with pytest.raises(OptionError, match=f"gives {enough - 1} new tokens"):
        extend(special, path, enough, held_out=0)
    assert b"Qqzxj" not in made.definition.model.pieces
    assert made.encode("Qqzxj", specials="allow").tolist() == [60_000]


def test_the_proof_finds_a_broken_table(corpus: Path) -> None:
    old, new = Tokenizer.load("gpt2"), extended("gpt2", corpus).tokenizer
    model = new.definition.model
    assert isinstance(model, Bpe)
    moved = replace(model, merges=np.roll(model.merges, 1, axis=0))
    broken = Tokenizer.from_definition(replace(new.definition, model=moved))
    with pytest.raises(BrokenLawError):
        prove_extension(old, broken, [])


def test_bad_input_has_one_clear_error(corpus: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    with pytest.raises(FormatError, match="no text"):
        extend("gpt2", empty, 10)
    with pytest.raises(OptionError, match="add is 0"):
        extend("gpt2", corpus, 0)
    with pytest.raises(OptionError, match="held_out"):
        extend("gpt2", corpus, 10, held_out=1.0)
    with pytest.raises(OptionError, match="is there already, with the id 50256"):
        extend("gpt2", corpus, 10, special=["<|endoftext|>"])
    with pytest.raises(OptionError, match="shadow the piece"):
        extend("gpt2", corpus, 10, special=["the"])
    unigram = Unigram((b"a", b"<unk>"), np.arange(2, dtype=np.uint32), np.zeros(2), unk_id=1)
    with pytest.raises(UnsupportedError, match="Unigram model, which has no merges"):
        extend(Tokenizer.from_definition(Definition("u", unigram)), corpus, 10)


def test_command_line(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["extend", "gpt2", "--on", str(corpus), "--add", "50", "-o", str(out)]
    shown = written_once(command, capsys)
    assert shown["added"] == 50
    assert shown["held_out"]["saved"] > 0.1
    assert main([*command, "--overwrite"]) == 0
    assert "50 tokens added, ids 50,257 to 50,306" in capsys.readouterr().out
    assert tokenworks.extend is extend
