"""`transplant` and `prune --model` on many architectures, and onto tokenizers that lose text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
import transformers

from tokenworks import Tokenizer
from tokenworks.cli import main
from tokenworks.data.udhr import declaration
from tokenworks.lm import loading
from tokenworks.transplant.laws import first_merges
from tokenworks.workflows.prune import prune
from tokenworks.workflows.transplant import transplant

OLD = first_merges(Tokenizer.load("gpt2"), 300, ("<|endoftext|>",))
NEW = first_merges(Tokenizer.load("kl3m-001-32k"), 420, ("<eos>",))
WIDE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
DEEP = {**WIDE, "intermediate_size": 48, "max_position_embeddings": 128}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 128}
ENDS = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}

CAUSAL: dict[str, tuple[str, dict[str, Any]]] = {
    "GPT2": ("CausalLM", GPT),  # GPT2LMHeadModel, which is causal by another name
    "GPTJ": ("CausalLM", {**GPT, "rotary_dim": 8}),  # with a bias of the output
    "Phi": ("CausalLM", DEEP),
    "OPT": ("CausalLM", {**WIDE, "ffn_dim": 48, "word_embed_proj_dim": 16}),
    "Gemma2": ("CausalLM", {**DEEP, "head_dim": 16, "num_key_value_heads": 1}),
    "Mpt": ("CausalLM", {"d_model": 32, "n_heads": 2, "n_layers": 2, "max_seq_len": 128}),
    "Mamba": ("CausalLM", {"hidden_size": 32, "num_hidden_layers": 2}),
    "Rwkv": ("CausalLM", {"hidden_size": 32, "num_hidden_layers": 2, "context_length": 64}),
}
MASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "Bert": ("MaskedLM", DEEP),
    "Roberta": ("MaskedLM", DEEP),
    "Albert": ("MaskedLM", {**DEEP, "embedding_size": 16}),
}


def _save(folder: Path, name: str, kind: str, options: dict[str, Any]) -> Path:
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(
        vocab_size=OLD.max_id_plus_one, **options, **ENDS
    )
    model = getattr(transformers, f"AutoModelFor{kind}").from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:  # biases begin as zeros, which would hide that one was lost
                parameter.add_(torch.randn_like(parameter) * 0.05)
    OLD.save(folder)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", CAUSAL)
def test_causal_models_are_run_and_their_shared_logits_are_equal(tmp_path: Path, name: str) -> None:
    folder = _save(tmp_path / "old", name, *CAUSAL[name])
    result = transplant(folder, NEW, out=tmp_path / "new")
    held = {check.name: check.held for check in result.checks}
    assert held["shared rows"] and held["logits of shared tokens"]
    assert result.scored is not None and not result.scored.changed_after
    opened = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "new")
    assert opened.get_input_embeddings().weight.shape[0] == NEW.max_id_plus_one
    made = opened.generate(torch.tensor([[5, 6]]), max_new_tokens=3, min_new_tokens=3)
    assert made.shape == (1, 5)


@pytest.mark.parametrize("name", MASKED)
def test_encoders_open_with_the_bias_of_their_head(tmp_path: Path, name: str) -> None:
    folder = _save(tmp_path / "old", name, *MASKED[name])
    transplant(folder, NEW, out=tmp_path / "new")
    before = transformers.AutoModelForMaskedLM.from_pretrained(folder)
    after = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "new")
    one, two = (model.get_output_embeddings().bias for model in (before, after))
    assert two.shape == (NEW.max_id_plus_one,)
    old, new = OLD.id_of(b"e"), NEW.id_of(b"e")
    assert old is not None and new is not None and one[old] == two[new] != 0


def _word_pieces(folder: Path) -> Path:
    """A tokenizer that lowers case and does not know most characters."""
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
    made.normalizer = tokenizers.normalizers.BertNormalizer()
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    trainer = tokenizers.trainers.WordPieceTrainer(
        vocab_size=120, special_tokens=["[UNK]", "[SEP]"], show_progress=False
    )
    made.train_from_iterator(["all human beings are born free and equal"] * 3, trainer)
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"unk_token": "[UNK]"}))
    return folder


def test_a_vocabulary_that_loses_text_has_a_lower_bound(tmp_path: Path, capsys: Any) -> None:
    """Unknown and lower-cased words cost less than the text: the figure must not pass as one."""
    folder = _save(tmp_path / "old", "Phi", *CAUSAL["Phi"])
    new = _word_pieces(tmp_path / "tokenizer")
    out = tmp_path / "new"
    assert main(["transplant", str(folder), str(new), "-o", str(out), "--quiet"]) == 0
    told = capsys.readouterr().out
    assert "after, on" in told and ", >= " in told and "a lower bound" in told
    assert json.loads((out / "report.json").read_text())["scored"]["changed_after"] > 1000
    assert "only a lower bound" in (out / "report.html").read_text()


def test_a_vocabulary_of_two_phases_is_told(tmp_path: Path) -> None:
    import tokenworks as tw

    corpus = tmp_path / "corpus.txt"
    corpus.write_text((declaration("en").text + "\n") * 6)
    superwords = tw.train(corpus, algorithm="superbpe", vocab_size=600).tokenizer
    folder = _save(tmp_path / "old", "Phi", *CAUSAL["Phi"])
    result = transplant(folder, superwords, out=tmp_path / "new", score=False)
    assert any("two phases" in note for note in result.notes)


def test_a_model_is_pruned_by_its_name(tmp_path: Path, monkeypatch: Any) -> None:
    folder = _save(tmp_path / "old", "Phi", *CAUSAL["Phi"])
    monkeypatch.setattr(loading, "_shipped", lambda: {"small": folder})
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("of the people by the people for the people\n" * 20)
    result = prune("small", corpus, 400, tmp_path / "new", model=True)
    assert result.tokens_after == 400 and result.model is not None and result.model.ok
