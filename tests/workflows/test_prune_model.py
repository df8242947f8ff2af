"""`prune --model`: the rows of the tokens that stay, in a model that gives them the same logits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, LlamaConfig

from tokenworks import Tokenizer
from tokenworks.cli import main
from tokenworks.data.udhr import declaration
from tokenworks.errors import OptionError
from tokenworks.transplant.laws import first_merges
from tokenworks.workflows.prune import prune


def test_rows_that_stay_are_the_old_ones(tmp_path: Path) -> None:
    tokenizer = first_merges(Tokenizer.load("gpt2"), 800, ("<|endoftext|>",))
    tokenizer.save(tmp_path / "model")
    config = LlamaConfig(
        vocab_size=1088,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        eos_token_id=tokenizer.definition.eos_id,
        tie_word_embeddings=False,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "model")
    corpus = tmp_path / "text.txt"
    corpus.write_text("\n".join(declaration("en").articles * 3))
    command = [str(tmp_path / "model"), "--model", "--on", str(corpus), "--size", "600"]
    assert main(["prune", *command, "-o", str(tmp_path / "out"), "--json"]) == 0
    new_ids = np.load(tmp_path / "out/id_map.npy")
    before = load_file(tmp_path / "model/model.safetensors")
    after = load_file(tmp_path / "out/model.safetensors")
    stay = np.flatnonzero(new_ids >= 0)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        assert torch.equal(after[name][new_ids[stay]], before[name][stay])
        assert len(after[name]) == 640, "padded to 64, as the model was"
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert opened.config.eos_token_id == Tokenizer.load(tmp_path / "out").definition.eos_id
    said = json.loads((tmp_path / "out/manifest.json").read_text())["transplant"]
    assert said["ok"] and said["method"] == "prune" and said["rows_after"] == 640


def test_a_tokenizer_alone_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="name its folder"):
        prune(Tokenizer.load("gpt2"), size=300, on="x", model=True)
    arguments = ["gpt2", "--model", "--on", __file__, "--size", "300", "-o", str(tmp_path / "out")]
    assert main(["prune", *arguments]) == 2
