"""The handle: equal to transformers itself, cached or not, and one clear error for every bad folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from lm import tiny

from tokenworks.errors import (
    FormatError,
    MissingExtraError,
    OptionError,
    TokenworksWarning,
    UnknownNameError,
    UnsupportedError,
)
from tokenworks.lm import LanguageModel, Weights, load


@pytest.fixture(scope="module", params=tiny.KINDS)
def model(request, tmp_path_factory) -> LanguageModel:
    folder = tmp_path_factory.mktemp("models") / request.param
    return load(tiny.save(folder, request.param))


def test_log_probs_are_those_of_transformers(model: LanguageModel) -> None:
    ids = model.tokenizer.encode(tiny.texts()[0][:60])
    theirs = transformers.AutoModelForCausalLM.from_pretrained(model.path)
    with torch.no_grad():
        logits = theirs(torch.from_numpy(ids.astype(np.int64))[None]).logits[0]
    ours = model.log_probs(ids)
    assert ours.shape == (len(ids), model.rows)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, logits.log_softmax(-1).numpy(), atol=1e-5)
    np.testing.assert_allclose(np.exp(ours.astype(np.float64)).sum(-1), 1, atol=1e-5)
    assert ours.max() - ours.min() > 3  # far from uniform, or the comparison says nothing
    np.testing.assert_array_equal(model.log_probs(ids[None])[0], ours)


def test_steps_equal_one_pass(model: LanguageModel) -> None:
    ids = model.tokenizer.encode(tiny.texts()[1][:60])[:30]
    whole = model.log_probs(ids)
    first, state = model.step(ids[:7])
    branch = state.copy()
    rest, state = model.step(ids[7:], state)
    np.testing.assert_allclose(np.concatenate([first, rest]), whole, atol=2e-4)
    again, branch = model.step(ids[7:9], branch)
    np.testing.assert_allclose(again, whole[7:9], atol=2e-4)
    assert (state.length, branch.length) == (30, 9)
    back, _ = model.step(ids[20:], state.crop(20))
    np.testing.assert_allclose(back, whole[20:], atol=2e-4)


def test_a_beam_selects_and_repeats_sequences(model: LanguageModel) -> None:
    ids = model.tokenizer.encode(tiny.texts()[1][:60])
    pair = np.stack([ids[:6], ids[6:12]])
    _, state = model.step(pair)
    beam = state.select([1, 1, 0])
    found, _ = model.step([[3], [4], [5]], beam)
    for row, (one, next_id) in enumerate([(1, 3), (1, 4), (0, 5)]):
        whole = model.log_probs([*pair[one], next_id])
        np.testing.assert_allclose(found[row, 0], whole[-1], atol=2e-4)
    with pytest.raises(OptionError, match=r"0\.\.1"):
        state.select([2])
    with pytest.raises(OptionError, match="1 sequences given; the state has 2"):
        model.step([1, 2], state)


def test_hidden_states_begin_with_the_embedding(model: LanguageModel) -> None:
    found = model.hidden_states([5, 6, 7])
    assert found.shape == (3, 3, 32)
    if model.model.config.model_type != "gpt2":  # which adds positions
        rows = model.input_embeddings[[5, 6, 7]].numpy()
        np.testing.assert_array_equal(found[0], rows)
    head = model.output_embeddings.numpy()
    logits = torch.from_numpy(found[-1] @ head.T)
    np.testing.assert_allclose(
        logits.log_softmax(-1).numpy(), model.log_probs([5, 6, 7]), atol=1e-4
    )


def test_what_the_handle_says_of_the_model(tmp_path: Path) -> None:
    tied = load(tiny.save(tmp_path / "tied", "llama", tie=True), dtype="bfloat16")
    apart = load(tiny.save(tmp_path / "apart", "gpt_neox"))
    assert (tied.tied, apart.tied) == (True, False)
    assert tied.rows == 416
    assert tied.tokenizer.n_tokens == 400
    assert tied.input_embeddings.dtype == torch.bfloat16
    assert tied.context == 64
    assert tied.start == (0,)
    assert tied.log_probs([1, 2]).dtype == np.float32
    assert tied.parameters == sum(p.numel() for p in tied.model.parameters())
    assert "LlamaForCausalLM" in repr(tied)


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([], "at least one"),
        ([1.5], "expected integers"),
        ([416], "id 416 has no row; llama has 416 rows"),
        ([-1], "id -1 has no row"),
        (list(range(65)), "65 tokens; llama reads at most 64"),
    ],
)
def test_ids_that_cannot_be_read(tmp_path: Path, ids: list[int], told: str) -> None:
    model = load(tiny.save(tmp_path / "llama", "llama"))
    with pytest.raises(OptionError, match=told):
        model.log_probs(ids)


def test_a_real_model() -> None:
    model = load("english-6m")
    ids = model.tokenizer.encode("He opened the door and looked out of the")
    best = int(model.log_probs(ids)[-1].argmax())
    assert model.tokenizer.decode([best]) == " room"


# Folders that cannot be opened: one clear error each, nothing is run and nothing fetched. -----------


def _spoiled(folder: Path, **config: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def test_files_that_are_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="for the Hub write hf://org/name"):
        load("org/name")
    with pytest.raises(FormatError, match=r"no config\.json"):
        load(tmp_path)
    with pytest.raises(FormatError, match="is a file; name the folder"):
        load(__file__)
    folder = tiny.save(tmp_path / "m", "llama", max_shard_size="60KB")
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    kept = shards[0].read_bytes()
    shards[0].write_bytes(kept[:-5])
    with pytest.raises(FormatError, match=f"{shards[0].name}: truncated: its tensors end"):
        load(folder)
    shards[0].unlink()
    with pytest.raises(FormatError, match=f"1 of {len(shards)} shards are missing"):
        load(folder)
    shards[0].write_bytes(b"PK\x03\x04" + kept)
    with pytest.raises(FormatError, match="not a safetensors file"):
        load(folder)


def test_tensors_that_are_missing(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny.save(tmp_path / "m", "llama")
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.norm.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(FormatError, match=r"1 tensors .* not in its files: 'model.norm.weight'"):
        load(folder)


def test_pickles_adapters_and_foreign_code_are_refused(tmp_path: Path) -> None:
    folder = tiny.save(tmp_path / "a", "gpt2")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(FormatError, match="pickled, which can run code"):
        load(folder)
    folder = tiny.save(tmp_path / "b", "gpt2")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(FormatError, match="holds an adapter"):
        load(folder)
    ran = tmp_path / "ran"
    folder = tiny.save(tmp_path / "c", "gpt2")
    (folder / "mine.py").write_text(f"open({str(ran)!r}, 'w')")
    classes = {"AutoConfig": "mine.Config", "AutoModelForCausalLM": "mine.Model"}
    with pytest.raises(UnsupportedError, match="without its own code, which is never run"):
        load(_spoiled(folder, model_type="mine", auto_map=classes))
    load(_spoiled(folder, model_type="gpt2", auto_map=classes))  # known: its class is used
    with pytest.raises(UnsupportedError, match="asks for kernels from 'some/kernels'"):
        load(_spoiled(folder, _attn_implementation="some/kernels"))
    assert not ran.exists()


def test_a_tokenizer_that_does_not_fit(tmp_path: Path) -> None:
    folder = tiny.save(tmp_path / "m", "llama", rows=300)
    with pytest.raises(
        FormatError, match="the model has 300 rows, the tokenizer m has ids up to 399"
    ):
        load(folder)
    folder = tiny.save(tmp_path / "n", "llama")
    with pytest.raises(FormatError, match="do not belong together"):
        load(folder, tokenizer="gpt2")
    with pytest.raises(FormatError, match="transformers cannot open it"):
        load(_spoiled(folder, hidden_size=48))


def test_single_tensors_are_read_as_they_are_stored(tmp_path: Path) -> None:
    folder = tiny.save(tmp_path / "m", "llama", max_shard_size="60KB")
    weights = Weights(folder)
    model = load(folder)
    assert len(weights.files) > 1
    assert set(weights.index) == set(weights.tensors)
    assert torch.equal(weights.read("model.embed_tokens.weight"), model.input_embeddings)
    assert weights.tensors["lm_head.weight"].shape == (416, 32)
    assert weights.bytes == 4 * model.parameters
    with pytest.raises(FormatError, match="no tensor 'nothing'"):
        weights.read("nothing")


def test_loading_without_models_names_the_extra(monkeypatch, tmp_path: Path) -> None:
    folder = tiny.save(tmp_path / "n", "llama")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tokenworks\[models\]'"):
        load(folder)


def _made(folder: Path, config: Any) -> Path:
    torch.manual_seed(5)
    tiny.tokenizer().save(folder)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def test_a_model_that_reads_in_both_directions_is_refused(tmp_path: Path) -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 416}
    config = transformers.BertConfig(intermediate_size=64, pad_token_id=0, **sizes)
    with pytest.raises(UnsupportedError, match="not causal"):
        load(_made(tmp_path / "bert", config))


def test_a_model_without_a_cache_is_scored_but_not_stepped(tmp_path: Path) -> None:
    config = transformers.MambaConfig(
        vocab_size=416, hidden_size=32, num_hidden_layers=2, state_size=4, bos_token_id=0
    )
    model = load(_made(tmp_path / "mamba", config))
    assert model.context is None
    assert model.score(["some text"]).bits_per_byte > 1
    with pytest.raises(UnsupportedError, match="no cache of keys and values"):
        model.step([1, 2])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "num_hidden_layers",
            10**7,
            r"num_hidden_layers 10,000,000, but the files hold 21 tensors",
        ),
        ("hidden_size", 10**12, "hidden_size 1000000000000; that cannot be"),
        ("vocab_size", 500, r"shape \[416, 32\] in its files and \[500, 32\] by config.json"),
        ("hidden_size", 64, "by config.json"),
        ("num_attention_heads", "x", "cannot open it"),
        ("hidden_act", "nothing", "cannot open it"),
        ("rope_parameters", 5, "cannot open it"),
        ("model_type", 7, 'no "model_type"'),
    ],
)
def test_configs_that_cannot_be(tmp_path: Path, name: str, value: object, told: str) -> None:
    folder = tiny.save(tmp_path / "m", "llama")
    with pytest.raises(FormatError, match=told):
        load(_spoiled(folder, **{name: value}))


def test_tensors_that_are_not_used_are_told(tmp_path: Path) -> None:
    folder = _spoiled(tiny.save(tmp_path / "m", "llama"), num_hidden_layers=1)
    with pytest.warns(
        TokenworksWarning, match=r"9 tensors of its files are not used: 'model.layers"
    ):
        load(folder)
