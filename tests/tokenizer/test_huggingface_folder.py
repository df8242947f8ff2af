"""Folders: companions, and the forms from before tokenizer.json, as transformers reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transformers
from tests.assets import asset
from tests.tokenizer.samples import SAMPLES

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, TokenworksError, UnsupportedError

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] hello world ##s ##ing a b c ##a ##b ##c . , ' né ne 中 !"


def vocab_and_merges(folder: Path, config: dict[str, Any]) -> Path:
    document = json.loads(asset("tokenizers/gpt-2.json").read_text())
    (folder / "vocab.json").write_text(json.dumps(document["model"]["vocab"]))
    lines = ["#version: 0.2", *document["model"]["merges"], ""]
    (folder / "merges.txt").write_text("\n".join(lines))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("space", [False, True])
def test_vocab_and_merges_of_gpt2(tmp_path: Path, space: bool) -> None:
    config = {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": space}
    folder = vocab_and_merges(tmp_path, config | {"eos_token": "<|endoftext|>"})
    ours = Tokenizer.load(folder)
    library: Any = transformers.GPT2Tokenizer.from_pretrained(folder)
    for text in SAMPLES:
        assert ours.encode(text, specials="allow").tolist() == library.encode(text)
    assert ours.definition.eos_id == 50256


def test_a_class_whose_steps_are_in_no_file_is_refused(tmp_path: Path) -> None:
    folder = vocab_and_merges(tmp_path, {"tokenizer_class": "MysteryTokenizer"})
    with pytest.raises(UnsupportedError, match="MysteryTokenizer"):
        Tokenizer.load(folder)


@pytest.mark.parametrize("lower", [False, True])
def test_vocab_txt_of_bert(tmp_path: Path, lower: bool) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS.split()) + "\n")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}))
    ours = Tokenizer.load(tmp_path)
    library: Any = transformers.BertTokenizer.from_pretrained(tmp_path)
    for text in [*SAMPLES, "Hello worlds, abc [MASK] Né 中中!"]:
        assert ours.ids_as_trained(text, specials="allow").tolist() == library.encode(text)
        assert ours.encode(text, specials="allow").tolist() == library.encode(
            text, add_special_tokens=False
        )


def small(folder: Path, files: dict[str, Any]) -> Path:
    document = {
        "version": "1.0",
        "added_tokens": [],
        "model": {"type": "BPE", "vocab": {"a": 0, "<s>": 1, "</s>": 2}, "merges": []},
    }
    (folder / "tokenizer.json").write_text(json.dumps(document))
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text)
    return folder


def test_the_post_processor_of_tokenizer_json_rules(tmp_path: Path) -> None:
    config = {"bos_token": "<s>", "eos_token": "</s>", "add_bos_token": True}
    folder = small(tmp_path, {"tokenizer_config.json": config | {"add_eos_token": True}})
    library: Any = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    ours = Tokenizer.load(folder)
    assert ours.ids_as_trained("aa").tolist() == library.encode("aa") == [0, 0]
    assert not ours.definition.add_bos


def test_add_bos_counts_in_older_folders(tmp_path: Path) -> None:
    config = {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<|endoftext|>"}
    folder = vocab_and_merges(tmp_path, config | {"add_bos_token": True})
    library: Any = transformers.GPT2Tokenizer.from_pretrained(folder)
    ours = Tokenizer.load(folder)
    assert ours.ids_as_trained("Hello").tolist() == library.encode("Hello") == [50256, 15496]
    assert ours.definition.add_bos


def test_tokens_that_only_a_companion_knows(tmp_path: Path) -> None:
    extra = {
        "content": "<x>",
        "special": True,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
    }
    config = {"added_tokens_decoder": {"3": extra}, "pad_token": "<pad>", "bos_token": "<s>"}
    folder = small(tmp_path, {"tokenizer_config.json": config})
    library: Any = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    ours = Tokenizer.load(folder)
    assert ours.definition.pad_id == library.pad_token_id
    for text in ("a<x>a<pad>", "<s>a"):
        assert ours.encode(text, specials="allow").tolist() == library.encode(text)


def test_templates_and_generation_settings(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]
    files = {"tokenizer_config.json": {"chat_template": named}}
    folder = small(tmp_path, files | {"generation_config.json": {"eos_token_id": [2, 0]}})
    ours = Tokenizer.load(folder)
    assert ours.definition.chat_template == "D"
    assert ours.definition.origin.extra["chat_templates"] == {"tool_use": "T", "default": "D"}
    assert ours.definition.eos_id == 2
    hi = [{"role": "user", "content": "a"}]
    templates = {"tool_use": "aa", "default": "a"}
    named = [{"name": name, "template": text} for name, text in templates.items()]
    (tmp_path / "own").mkdir()
    own = Tokenizer.load(
        small(tmp_path / "own", {"tokenizer_config.json": {"chat_template": named}})
    )
    assert own.decode(own.ids_as_trained(hi)) == "a"
    assert own.decode(own.ids_as_trained(hi, variables={"tools": []})) == "a a"
    (folder / "chat_template.jinja").write_text("J")
    assert Tokenizer.load(folder).definition.chat_template == "J"


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"tokenizer_config.json": "{"}, "tokenizer_config.json: truncated"),
    ({"tokenizer_config.json": "[]"}, "expected an object"),
    ({"tokenizer_config.json": {"added_tokens_decoder": {"x": {}}}}, "added_tokens_decoder"),
    ({"tokenizer_config.json": {"added_tokens_decoder": {"3": 1}}}, r"added_tokens_decoder\[3\]"),
    ({"tokenizer_config.json": {"bos_token": 7}}, "bos_token"),
    ({"tokenizer_config.json": {"chat_template": 7}}, "chat_template is 7"),
]


@pytest.mark.parametrize(("files", "says"), BROKEN)
def test_broken_companions_are_named(tmp_path: Path, files: dict[str, Any], says: str) -> None:
    with pytest.raises(TokenworksError, match=says):
        Tokenizer.load(small(tmp_path, files))


def test_broken_old_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\na\na\n")
    with pytest.raises(FormatError, match="line 5 repeats line 4"):
        Tokenizer.load(tmp_path)
    (tmp_path / "vocab.txt").write_text("[UNK]\na\n")
    with pytest.raises(FormatError, match="cls_token"):
        Tokenizer.load(tmp_path)
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(FormatError, match=r"merges\.txt: no such file"):
        Tokenizer.load(tmp_path)
