"""BOS and EOS keep their rows, also where the files of a tokenizer do not say which tokens they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

import tokenworks as tw
from tokenworks import Tokenizer
from tokenworks.data.udhr import declaration
from tokenworks.transplant.laws import first_merges
from tokenworks.workflows.transplant import transplant

FIRST = first_merges(Tokenizer.load("gpt2"), 300, ("<s>", "</s>"))
OLD = Tokenizer(replace(FIRST.definition, bos_id=None, eos_id=None, add_bos=False))
BEGIN, END = OLD.specials["<s>"], OLD.specials["</s>"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Its config.json alone knows what begins and ends a text."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=OLD.max_id_plus_one,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=BEGIN,
        eos_token_id=END,
    )
    OLD.save(tmp_path / "old")
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "old")
    return tmp_path / "old"


def test_the_only_special_token_of_a_trained_tokenizer_ends_texts(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text(declaration("tr").text, "utf-8")
    new = tw.train(tmp_path / "text.txt", vocab_size=400, special=["<|endoftext|>"]).tokenizer
    result = transplant(model, new, out=tmp_path / "new", score=False)
    config = json.loads((tmp_path / "new/config.json").read_text())
    end = new.specials["<|endoftext|>"]
    assert config["eos_token_id"] == config["bos_token_id"] == end
    assert AutoTokenizer.from_pretrained(tmp_path / "new").eos_token == "<|endoftext|>"
    name = "model.embed_tokens.weight"
    before, after = (
        load_file(tmp_path / one / "model.safetensors")[name] for one in ("old", "new")
    )
    assert torch.equal(before[END], after[end])
    assert any("the only special token" in note for note in result.notes)


def test_of_several_special_tokens_none_is_guessed(model: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(declaration("tr").text, "utf-8")
    new = tw.train(tmp_path / "text.txt", vocab_size=400, special=["<a>", "<b>"]).tokenizer
    result = transplant(model, new, out=tmp_path / "new", score=False)
    config = json.loads((tmp_path / "new/config.json").read_text())
    assert config["eos_token_id"] is None
    assert any("name it as eos_token in its tokenizer_config.json" in one for one in result.notes)
