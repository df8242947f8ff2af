"""Writers: the same bytes where nothing changed, the same ids in the libraries that read the files."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from tests.assets import asset

from tokenworks import Tokenizer
from tokenworks.errors import OptionError, UnsupportedError, WriteError
from tokenworks.tokenizer import sentencepiece_model, tiktoken_ranks
from tokenworks.tokenizer.json_layout import float_text, json_text, layout_of
from tokenworks.tokenizer.writers.write import render, store, write

DATA = Path(__file__).parent.parent / "data"
MODELS = sorted((DATA / "sentencepiece").glob("*.model"))
BIG = pytest.mark.slow  # the libraries take seconds to open these
FROM_RANKS = (
    "r50k_base",
    "cl100k_base",
    pytest.param("o200k_base", marks=BIG),
    pytest.param("tekken", marks=BIG),
)
TEXTS = [
    "",
    " ",
    "Hello  world\n\n  x\ty",
    "naïve e\u0301 Ａ １２３４５ 1234567 ſ 'S don't DON'T",
    "नमस्ते 東京都 가각 👩\u200d👩\u200d👧 \u2028\u00a0\u3000",
    "a" * 50 + " " * 37 + "=" * 50 + "\n" * 9,
    "\0\x7f\u0085\ufffd\U0010ffff",
]


def texts(seed: int = 5, count: int = 300) -> list[str]:
    chance = random.Random(seed)
    letters = "aabcdeghionrst  \n\t.,'0123東京éМоÅ▁\u0301😀"
    made = ["".join(chance.choices(letters, k=chance.randrange(1, 60))) for _ in range(count)]
    return TEXTS + made


def ours(tokenizer: Tokenizer, many: list[str]) -> list[list[int]]:
    return [tokenizer.encode(text, specials="allow").tolist() for text in many]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_sentencepiece_comes_out_byte_for_byte(path: Path) -> None:
    assert render(sentencepiece_model.read(path), "sentencepiece")[""] == path.read_bytes()


@pytest.mark.parametrize(
    "name", ["gpt-2.json", "gpt-neox.json", "kl3m-001-32k.json", "kl3m-004-char-8k-cased.json"]
)
def test_a_single_file_comes_out_byte_for_byte(name: str) -> None:
    path = asset(f"tokenizers/{name}")
    written = render(Tokenizer.load(path).definition, "huggingface")
    assert written["tokenizer.json"] == path.read_bytes()


@pytest.mark.parametrize("name", ["qwen2_5.hf", "llama3.hf"])
def test_a_folder_comes_out_byte_for_byte(name: str) -> None:
    folder = asset(f"tokenizers/{name}")
    written = render(Tokenizer.load(folder).definition, "huggingface")
    assert written["tokenizer.json"] == (folder / "tokenizer.json").read_bytes()


def test_hugging_face_comes_out_byte_for_byte(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load("kl3m-004-char-4k-cased")
    tokenizer.save(tmp_path / "one")
    again = Tokenizer.load(tmp_path / "one")
    for name, data in render(again.definition, "huggingface").items():
        assert (tmp_path / "one" / name).read_bytes() == data, name


def test_a_changed_definition_is_not_written_in_old_words(tmp_path: Path) -> None:
    Tokenizer.load("kl3m-004-char-4k-cased").save(tmp_path / "one")
    definition = Tokenizer.load(tmp_path / "one").definition
    changed = replace(definition, normalizer=({"type": "NFC"},), chat_template="{{ messages }}")
    write(changed, tmp_path / "two", "huggingface")
    again = Tokenizer.load(tmp_path / "two").definition
    assert again.normalizer == ({"type": "NFC"},)
    assert again.chat_template == "{{ messages }}"


@pytest.mark.parametrize("name", FROM_RANKS)
def test_transformers_opens_what_was_ranks(name: str, tmp_path: Path) -> None:
    import transformers

    tokenizer = Tokenizer.load(name)
    tokenizer.save(tmp_path / name)
    theirs = transformers.AutoTokenizer.from_pretrained(str(tmp_path / name))
    many = texts()
    found = theirs(many, add_special_tokens=False)["input_ids"]
    assert found == ours(tokenizer, many)
    assert theirs.eos_token_id == tokenizer.definition.eos_id


@pytest.mark.parametrize("name", ["mistral-v1", str(MODELS[0])])
def test_transformers_opens_what_was_sentencepiece(name: str, tmp_path: Path) -> None:
    import transformers

    tokenizer = Tokenizer.load(name)
    tokenizer.save(tmp_path / "out")
    theirs = transformers.AutoTokenizer.from_pretrained(str(tmp_path / "out"))
    many = texts() + [" " * n + "x" for n in range(70)]
    assert theirs(many, add_special_tokens=False)["input_ids"] == ours(tokenizer, many)


def test_the_chat_template_is_kept(tmp_path: Path) -> None:
    import transformers

    definition = replace(
        Tokenizer.load("gpt2").definition, chat_template="{{ messages[0].content }}!"
    )
    write(definition, tmp_path / "out", "huggingface")
    theirs = transformers.AutoTokenizer.from_pretrained(str(tmp_path / "out"))
    said = theirs.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)
    assert said == "hi!"


@pytest.mark.parametrize("name", ["gpt2", pytest.param("tekken", marks=pytest.mark.slow)])
def test_ranks_are_what_tiktoken_reads(name: str, tmp_path: Path) -> None:
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe

    tokenizer = Tokenizer.load(name)
    files = write(tokenizer.definition, tmp_path / "x.tiktoken", "tiktoken")
    assert [file.name for file in files] == ["x.tiktoken", "x.tiktoken.json"]
    again = tiktoken_ranks.read(files[0])
    pattern = Tokenizer.from_definition(again).pattern
    assert pattern is not None
    theirs = tiktoken.Encoding(
        "x",
        pat_str=pattern,
        mergeable_ranks=load_tiktoken_bpe(str(files[0])),
        special_tokens=tokenizer.specials,
    )
    many = texts()
    assert [theirs.encode(t, allowed_special="all") for t in many] == ours(tokenizer, many)


def test_ranks_refuse_with_the_first_token() -> None:
    definition = Tokenizer.load("gpt2").definition
    model = definition.model
    merges = model.merges.copy()  # type: ignore[union-attr]
    merges[[10, 700]] = merges[[700, 10]]
    moved = replace(definition, model=replace(model, merges=merges))  # type: ignore[type-var]
    with pytest.raises(UnsupportedError, match=r"merge 11 makes .* ids must be in the order"):
        render(moved, "tiktoken")
    with pytest.raises(UnsupportedError, match=r"it normalizes text \(NFC\)"):
        render(replace(definition, normalizer=({"type": "NFC"},)), "tiktoken")
    with pytest.raises(UnsupportedError, match="not bytes"):
        render(sentencepiece_model.read(MODELS[0]), "tiktoken")


def test_sentencepiece_refuses_byte_level() -> None:
    with pytest.raises(UnsupportedError, match="byte-level BPE"):
        render(Tokenizer.load("gpt2").definition, "sentencepiece")
    with pytest.raises(OptionError, match="expected 'huggingface'"):
        render(Tokenizer.load("gpt2").definition, "pickle")


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError):
        store({tmp_path / "a": b"1", tmp_path / "file" / "b": b"2"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_floats_are_written_as_the_library_does() -> None:
    from tokenizers import Tokenizer as Theirs
    from tokenizers import models

    chance = random.Random(1)
    values = [1e-5, 1.5e-5, 9.9e-6, 1e15, 1e16, -1.2e-7, -0.0, 2.0, 1e300, 5e-324]
    values += [chance.uniform(-20, 0) * 10 ** chance.randrange(-12, 20) for _ in range(500)]
    text = Theirs(models.Unigram([(f"a{i}", v) for i, v in enumerate(values)], 0, False)).to_str()
    for value in values:
        assert f",{float_text(value)}]" in text


@pytest.mark.parametrize("layout", ["indent", "compact"])
def test_layouts_are_recognized(layout: str) -> None:
    import json

    value = {"a": [1, "é\n\x7f", {}], "b": [], "c": {"d": None, "e": [True, 0.5]}}
    if layout == "indent":
        data = (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
    else:
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert json_text(value, layout_of(data)).encode() == data
