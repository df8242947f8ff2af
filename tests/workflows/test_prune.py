"""`prune`: what stays is closed, texts without a dropped token encode the same, ids are mapped."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
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
from tokenworks.errors import FormatError, OptionError, UnknownNameError, UnsupportedError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Definition, WordPiece
from tokenworks.tokenizer.prune_plan import fixed, parts
from tokenworks.workflows.extension_proof import BrokenLawError
from tokenworks.workflows.piece_scripts import outside_scripts, script_names, scripts_of_languages
from tokenworks.workflows.prune import PruneResult, compare, prune

LANGUAGES = ("de", "tr", "el")
SIZES = dict.fromkeys(BASES, 3000) | {"kl3m-004-char-4k-cased": 1000}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for code in LANGUAGES:
        for number, article in enumerate(declaration(code).articles):
            (folder / f"{code}{number}.txt").write_text(article, encoding="utf-8")
    return folder


@cache
def pruned(name: str, path: Path) -> PruneResult:
    return prune(load(name), path, SIZES[name])


@pytest.mark.parametrize("name", BASES)
def test_what_stays_is_closed_and_has_all_that_must_stay(name: str, corpus: Path) -> None:
    old, result = load(name), pruned(name, corpus)
    model = old.definition.model
    assert isinstance(model, Bpe)
    kept = result.id_map[model.ids] >= 0
    assert result.tokens_after == result.tokenizer.n_tokens == SIZES[name]
    assert kept[fixed(old.definition)].all()
    tree = parts(old.definition)[kept]
    assert kept[tree[tree >= 0]].all()
    for content, number in old.specials.items():
        assert result.tokenizer.specials[content] == result.id_map[number]
    new_ids = result.id_map[result.id_map >= 0]
    assert sorted(new_ids.tolist()) == list(range(result.tokenizer.max_id_plus_one))
    assert (np.diff(new_ids) > 0).all()
    for number in np.flatnonzero(result.id_map >= 0).tolist():
        assert old.token_bytes(number) == result.tokenizer.token_bytes(int(result.id_map[number]))
    assert result.on_corpus is not None
    assert result.on_corpus.documents == 90
    if name != "kl3m-004-char-4k-cased":  # made for English: 1000 tokens are not enough for Greek
        assert result.on_corpus.tokens_after <= 1.1 * result.on_corpus.tokens_before


def test_a_size_that_holds_all_that_is_used_changes_nothing(corpus: Path) -> None:
    old = load("gpt2")
    result = prune(old, corpus, min_count=1)
    assert result.on_corpus is not None
    assert result.on_corpus.changed == result.on_corpus.dropped_tokens == 0
    assert result.tokens_after < old.n_tokens // 5
    again = prune(old, corpus, result.tokens_after)
    assert again.tokenizer.sha256 == result.tokenizer.sha256
    smaller = prune(old, corpus, result.tokens_after - 1)
    assert smaller.on_corpus is not None
    assert smaller.on_corpus.changed >= 1


texts = st.one_of(
    st.text(),
    stretches_of(text_in(LANGUAGES)),
    st.sampled_from(declaration("en").articles),
)


@pytest.mark.parametrize("name", BASES)
@given(text=texts)
def test_a_text_without_a_dropped_token_is_encoded_the_same(
    name: str, text: str, corpus: Path
) -> None:
    old, result = load(name), pruned(name, corpus)
    expected = result.id_map[old.encode(text, specials="text")]
    ids = result.tokenizer.encode(text, specials="text")
    if (expected >= 0).all():
        assert ids.tolist() == expected.tolist()
    if old.definition.model.byte_level:  # type: ignore[union-attr]
        assert result.tokenizer.decode_bytes(ids) == old.decode_bytes(
            old.encode(text, specials="text")
        )


@cache
def small(name: str) -> tuple[Tokenizer, PruneResult]:
    """A small SentencePiece model without a third of what can go."""
    old = load(str(MODELS / name))
    sure = int(fixed(old.definition).sum())
    path = MODELS / "make.py"
    size = sure + (old.n_tokens - sure) * 2 // 3
    try:
        return old, prune(old, path, size)
    except OptionError as error:  # parts of what must stay stay, too
        least = int(str(error).split(" take ")[1].split()[0])
        return old, prune(old, path, (least + old.n_tokens) // 2)


SMALL = (
    "bpe-byte-fallback.model",
    "bpe-rules-suffix.model",
    "bpe-unused-equal-scores.model",
    "unigram-byte-fallback.model",
    "unigram-rules.model",
)


@pytest.mark.parametrize("name", SMALL)
@given(data=st.data())
def test_sentencepiece_models_keep_the_law(name: str, data: st.DataObject) -> None:
    old, result = small(name)
    assert result.tokens_after < result.tokens_before
    spellings = [piece.decode().replace("▁", " ") for piece in old.definition.model.pieces]
    parts = st.one_of(st.sampled_from(spellings), st.text(max_size=3))
    text = data.draw(st.lists(parts, max_size=12).map("".join))
    expected = result.id_map[old.encode(text, specials="text")]
    if (expected >= 0).all():
        assert result.tokenizer.encode(text, specials="text").tolist() == expected.tolist()


def test_transformers_opens_it_and_encodes_alike(corpus: Path, tmp_path: Path) -> None:
    for name in ("gpt2", "mistral-v1", "qwen2.5"):
        folder = tmp_path / name
        result = prune(name, corpus, 4000, folder)
        peer = opened_and_alike(folder, result.tokenizer, (*LANGUAGES, "en", "zh-Hans"))
        assert len(peer) == 4000
        for content, number in result.tokenizer.specials.items():
            assert peer.convert_tokens_to_ids(content) == number
        stored = np.load(folder / "id_map.npy")
        assert np.array_equal(stored, result.id_map)
        said = json.loads((folder / "id_map.json").read_text())
        assert stored[said["new_to_old"]].tolist() == list(range(4000))
        manifest = manifest_of(folder)
        assert manifest["on_corpus"]["documents"] == 90


def test_what_tokenizer_json_cannot_say_stays_a_sentencepiece_model(tmp_path: Path) -> None:
    old, result = small("unigram-byte-fallback.model")
    folder = tmp_path / "out"
    written = prune(old, MODELS / "make.py", result.tokens_after, folder)
    assert written.tokenizer.sha256 == result.tokenizer.sha256
    assert manifest_of(folder)["format"] == "sentencepiece"
    names = {file.name for file in folder.iterdir()}
    assert names == {"id_map.json", "id_map.npy", "manifest.json", "tokenizer.model"}
    peer = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    for text in ("aaa", *(MODELS / "make.py").read_text().splitlines()):
        assert peer.encode(text) == result.tokenizer.encode(text, specials="text").tolist()


def test_a_template_names_the_new_ids(corpus: Path, tmp_path: Path) -> None:
    result = prune("tekken", corpus, 6000, tmp_path / "out")
    old, new = Tokenizer.load("tekken"), result.tokenizer
    before = old.encode("a", add_special=True).tolist()
    assert new.encode("a", add_special=True).tolist() == result.id_map[before].tolist()
    assert len(before) == 2


def test_scripts_that_stay(corpus: Path) -> None:
    old = load("gpt2")
    result = prune(old, keep_scripts=["Greek", "Latin"])
    new = result.tokenizer
    for code in ("el", "en", "de"):
        text = declaration(code).text
        ids = result.id_map[old.encode(text)]
        assert new.encode(text).tolist() == ids.tolist()
    assert new.id_of("и".encode()) is None
    assert new.id_of(b"\xe3\x81") is None  # begins Hiragana only
    assert new.id_of(b"\xe2\x80") is not None  # begins punctuation
    by_language = prune(old, keep_languages=["el", "en"])
    assert by_language.tokenizer.sha256 == result.tokenizer.sha256
    assert by_language.on_generated.changed > 0
    both = prune(old, corpus, 2000, keep_languages=["el"])
    assert both.tokens_after == 2000


def test_scripts_of_pieces() -> None:
    pieces = (
        b" abc",
        "ж".encode(),
        "αb".encode(),
        b"12!",
        b"\xd0",
        b"\xe4\xb8",
        b"\xb8\xad",
        b"\xf0\x9f",
    )
    used = np.array([0, 0, 0, 0, 0, 0, 0, 0])
    outside = outside_scripts(pieces, ["Latin"], used)
    assert outside.tolist() == [False, True, True, False, True, True, True, False]
    assert not outside_scripts(pieces, ["Latin"], used + 1)[6]
    assert scripts_of_languages(["ja", "en"]) == ("Han", "Hiragana", "Katakana", "Latin")
    with pytest.raises(UnknownNameError, match="did you mean Latin"):
        script_names(["Latim"])
    with pytest.raises(UnknownNameError, match="unknown language 'xx'"):
        scripts_of_languages(["xx"])


def test_twice_the_same(corpus: Path) -> None:
    first, second = (prune("gpt2", corpus, 2500).tokenizer for _ in range(2))
    assert first.sha256 == second.sha256


def test_the_comparison_finds_a_missing_merge(corpus: Path) -> None:
    old, result = load("gpt2"), pruned("gpt2", corpus)
    model = result.tokenizer.definition.model
    assert isinstance(model, Bpe)
    lame = replace(result.tokenizer.definition, model=replace(model, merges=model.merges[50:]))
    with pytest.raises(BrokenLawError, match="encoded differently"):
        compare(
            old, Tokenizer.from_definition(lame), result.id_map, iter([text_in(LANGUAGES)[:500]])
        )


def test_bad_input_has_one_clear_error(corpus: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    with pytest.raises(FormatError, match="no text"):
        prune("gpt2", empty, 1000)
    with pytest.raises(OptionError, match="take 257 ids; ask for at least that"):
        prune("gpt2", corpus, 200)
    with pytest.raises(OptionError, match="50257 tokens only"):
        prune("gpt2", corpus, 60_000)
    with pytest.raises(OptionError, match="nothing says what to drop"):
        prune("gpt2", corpus)
    with pytest.raises(OptionError, match="need a corpus"):
        prune("gpt2", size=1000)
    with pytest.raises(OptionError, match="read twice"):
        prune("gpt2", "-", 1000)
    words = WordPiece((b"[UNK]", b"a"), np.arange(2, dtype=np.uint32), unk_id=0)
    with pytest.raises(UnsupportedError, match="WordPiece model, which has no merges"):
        prune(Tokenizer.from_definition(Definition("w", words)), corpus, 2)


def test_command_line(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    command = ["prune", "gpt2", "--on", str(corpus), "--size", "3000", "-o", str(out)]
    shown = written_once(command, capsys)
    assert shown["tokens_after"] == 3000
    assert shown["on_corpus"]["documents"] == 90
    command = ["prune", "gpt2", "--keep-scripts", "Latin", "-o", str(out), "--overwrite"]
    assert main(command) == 0
    assert "scripts kept: Latin" in capsys.readouterr().out
    assert tokenworks.prune is prune


def test_a_long_plain_file_is_compared_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text(text_in(LANGUAGES) * 3, encoding="utf-8")
    result = prune(load("gpt2"), path, min_count=4)
    assert result.on_corpus is not None
    assert result.on_corpus.documents > 5
    assert 0 < result.on_corpus.unchanged < result.on_corpus.documents
