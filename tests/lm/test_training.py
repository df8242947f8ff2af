"""Training: resumes to the same losses, extends and cools down, and writes what transformers opens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from lm import tiny

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import FormatError, OptionError, UnknownNameError
from tokenworks.lm.fitting import Training
from tokenworks.lm.muon import orthogonal
from tokenworks.lm.recipe import Recipe
from tokenworks.lm.sizes import size
from tokenworks.lm.token_file import batches, read_tokens, write_tokens
from tokenworks.workflows.lm_train import lm_train, separator_of

OPTIONS = {"size_name": "llama-1x32", "batch": 4, "length": 16, "warmup": 2, "bf16": False}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("\n".join(one.text for one in declarations()[::16]), "utf-8")
    return path


def _losses(output: Path) -> list[float]:
    log = output.with_name(output.name + ".training") / "log.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["loss"] for row in rows]


def _train(corpus: Path, output: Path, steps: int, stop: int | None = None, **options):
    def watch(moment) -> None:
        if moment.step == stop:
            os.kill(os.getpid(), signal.SIGTERM)

    return lm_train(
        corpus,
        output,
        tokenizer=tiny.tokenizer(),
        steps=steps,
        every=0,
        on_moment=watch,
        **{**OPTIONS, **options},
    )


def test_a_run_that_was_stopped_goes_on_with_the_same_losses(corpus: Path, tmp_path: Path) -> None:
    whole = _train(corpus, tmp_path / "whole", 24)
    for stop in (5, 13, 21):  # the last one inside the cooldown
        with pytest.raises(KeyboardInterrupt):
            _train(corpus, tmp_path / "parts", 24, stop)
        assert len(_losses(tmp_path / "parts")) == stop
        assert not (tmp_path / "parts").exists()
    parts = _train(corpus, tmp_path / "parts", 24)
    assert _losses(tmp_path / "parts") == _losses(tmp_path / "whole")
    files = [tmp_path / name / "model.safetensors" for name in ("whole", "parts")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert parts.loss == whole.loss
    assert whole.loss < _losses(tmp_path / "whole")[0] - 0.3  # and it learns


def test_a_run_is_extended_and_cooled_down_early(corpus: Path, tmp_path: Path) -> None:
    _train(corpus, tmp_path / "long", 40)
    _train(corpus, tmp_path / "short", 20)
    assert _losses(tmp_path / "short")[:16] == _losses(tmp_path / "long")[:16]
    assert _losses(tmp_path / "short")[17:] != _losses(tmp_path / "long")[17:20]
    _train(corpus, tmp_path / "short", 40)  # from the state before the cooldown
    assert _losses(tmp_path / "short") == _losses(tmp_path / "long")
    with pytest.raises(KeyboardInterrupt):
        _train(corpus, tmp_path / "cooled", 400, stop=16)
    _train(corpus, tmp_path / "cooled", 20)
    with pytest.raises(OptionError, match="past step 12, where the cooldown of 15 steps begins"):
        _train(corpus, tmp_path / "cooled", 15)
    with pytest.raises(OptionError, match=r"holds a run with another batch: 4, this one has 8"):
        _train(corpus, tmp_path / "cooled", 20, batch=8)
    other = tmp_path / corpus.name
    other.write_text(corpus.read_text("utf-8") + "more", "utf-8")
    with pytest.raises(
        OptionError, match="holds a run with another corpus: files or their sizes differ"
    ):
        _train(other, tmp_path / "cooled", 20)


@pytest.mark.parametrize("name", ["llama-1x32", "gpt-neox-2x32"])
def test_the_folder_opens_in_transformers(corpus: Path, tmp_path: Path, name: str) -> None:
    trained = _train(corpus, tmp_path / "m", 4, size_name=name)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "m")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "m")
    assert sum(parameter.numel() for parameter in model.parameters()) == trained.parameters
    assert theirs.eos_token == theirs.bos_token == "<|endoftext|>"
    ids = theirs("All human beings", return_tensors="pt")["input_ids"]
    made = model.generate(ids, max_new_tokens=3, min_new_tokens=3, do_sample=False)
    assert made.shape[1] == ids.shape[1] + 3
    ours = tw.lm.load(tmp_path / "m")
    assert ours.start == (0,)
    assert ours.context == 16
    np.testing.assert_allclose(
        ours.log_probs(ids[0].numpy()),
        model(ids).logits[0].log_softmax(-1).detach().numpy(),
        atol=1e-5,
    )
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
    assert manifest["training"]["recipe"]["steps"] == 4
    assert manifest["inputs_sha256"]


def test_batches_depend_on_the_step_alone(corpus: Path, tmp_path: Path) -> None:
    tokenizer = tiny.tokenizer()
    texts = [corpus.read_text("utf-8")[:3000], "one more", ""]
    file = write_tokens(tmp_path / "t.bin", texts, tokenizer, 0)
    assert file == read_tokens(tmp_path / "t.bin", tokenizer)
    assert read_tokens(tmp_path / "t.bin", tw.Tokenizer.load("gpt2")) is None
    assert file.bytes == sum(len(text.encode()) for text in texts)
    ids = file.ids()
    assert (np.asarray(ids) == 0).sum() == 3
    assert tokenizer.decode(np.asarray(ids)[1 : 1 + tokenizer.count(texts[0])].tolist()) == texts[0]
    recipe = Recipe(steps=9, batch=4, length=16, seed=3)
    stream = batches(file, recipe)
    rows = [next(stream) for _ in range(60)]
    again = batches(file, recipe, step=41)
    assert torch.equal(next(again), rows[41])
    halves = [next(batches(file, recipe, step=7, rank=rank, world=2)) for rank in range(2)]
    assert torch.equal(torch.stack(halves, 1).flatten(0, 1), rows[7])
    # An epoch sees every sequence once; the next one is cut and ordered otherwise.
    many = (len(ids) - 17) // 16
    starts = torch.cat(rows)[:, 0][:many].tolist()
    found = torch.cat(rows)[:many].tolist()
    assert len({tuple(row) for row in found}) == many
    assert torch.cat(rows)[many : 2 * many, 0].tolist() != starts
    with pytest.raises(FormatError, match="sequences of 4,096 need at least 8,193"):
        next(batches(file, Recipe(steps=1, length=4096)))
    with pytest.raises(FormatError, match="no text"):
        write_tokens(tmp_path / "u.bin", ["", ""], tokenizer, 0)


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_muon_moves_are_nearly_orthogonal(rows: int, columns: int, seed: int) -> None:
    torch.manual_seed(seed)
    given_ = torch.randn(2, rows, columns)
    found = torch.linalg.svdvals(orthogonal(given_))
    assert found.max() < 1.3
    if min(rows, columns) < max(rows, columns) // 2 or min(rows, columns) == 1:
        assert found.min() > 0.5  # well conditioned
    left, _, right = torch.linalg.svd(given_, full_matrices=False)
    aligned = (left.mT @ orthogonal(given_) @ right.mT).diagonal(dim1=-2, dim2=-1)
    assert (aligned > 0).all()


def test_parts_of_a_batch_give_the_gradient_of_the_whole(monkeypatch) -> None:
    from tokenworks.lm import fitting

    steps = []
    for logits in (32 << 20, 448 * 16):  # the second takes one sequence at a time
        monkeypatch.setattr(fitting, "_LOGITS", logits)
        torch.manual_seed(1)
        module = transformers.AutoModelForCausalLM.from_config(tiny.config("llama", 448))
        training = Training(module, Recipe(steps=3, batch=4, length=16), bf16=False)
        torch.manual_seed(2)
        steps.append(training.step(torch.randint(0, 448, (4, 17))))
    assert steps[0].loss == pytest.approx(steps[1].loss, abs=1e-5)
    assert steps[0].norm == pytest.approx(steps[1].norm, rel=1e-4)


def test_only_what_needs_a_gradient_is_trained() -> None:
    module = transformers.AutoModelForCausalLM.from_config(tiny.config("llama", 448))
    module.requires_grad_(False)
    with pytest.raises(OptionError, match="no parameter"):
        Training(module, Recipe(steps=2))
    module.get_input_embeddings().weight.requires_grad_(True)
    before = {name: value.clone() for name, value in module.named_parameters()}
    training = Training(module, Recipe(steps=2, length=16, warmup=0), bf16=False)
    many = list(training.fit(iter([torch.randint(0, 448, (2, 17))] * 5)))
    assert len(many) == 2
    assert many[1].loss < many[0].loss
    changed = {n for n, value in module.named_parameters() if not torch.equal(value, before[n])}
    assert changed == {"model.embed_tokens.weight"}


def test_bfloat16_learns_as_float32_does() -> None:
    losses = []
    for bf16 in (False, True):
        torch.manual_seed(1)
        module = transformers.AutoModelForCausalLM.from_config(tiny.config("gpt_neox", 448))
        training = Training(module, Recipe(steps=20, length=16, warmup=0), bf16=bf16)
        torch.manual_seed(2)
        batch = torch.randint(0, 448, (4, 17))
        losses.append([step.loss for step in training.fit(iter([batch] * 20))])
        assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert losses[0][-1] < losses[0][0] - 1
    np.testing.assert_allclose(losses[0], losses[1], atol=0.15)


def test_bad_input(corpus: Path, tmp_path: Path, capsys) -> None:
    with pytest.raises(UnknownNameError, match="no size 'llama-7b'"):
        size("llama-7b")
    with pytest.raises(OptionError, match="divisible by 32"):
        size("gpt-neox-2x40")
    with pytest.raises(OptionError, match="steps is 0"):
        _train(corpus, tmp_path / "a", 0)
    with pytest.raises(OptionError, match="train one with --special"):
        separator_of(tw.train(corpus, vocab_size=300).tokenizer)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("x")
    with pytest.raises(OptionError, match="exists already"):
        _train(corpus, tmp_path / "taken", 2)
    (tmp_path / "empty.txt").write_text("")
    tiny.tokenizer().save(tmp_path / "tok")
    line = ["lm", "train", str(tmp_path / "empty.txt"), "--tokenizer", str(tmp_path / "tok")]
    assert main([*line, "--size", "llama-1x32", "-o", str(tmp_path / "b")]) == 2
    assert "empty.txt holds no text" in capsys.readouterr().err
    damaged = tmp_path / "c.training"
    _train(corpus, tmp_path / "c", 2)
    (damaged / "checkpoint.safetensors").write_bytes(b"x" * 30)
    with pytest.raises(FormatError, match="a damaged checkpoint"):
        _train(corpus, tmp_path / "c", 4)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(corpus: Path, tmp_path: Path) -> None:
    tiny.tokenizer().save(tmp_path / "tok")
    line = ["-m", "tokenworks", "lm", "train", str(corpus), "--tokenizer", str(tmp_path / "tok")]
    line += ["--size", "llama-1x32", "--steps", "8", "--batch", "4", "--length", "16"]
    line += ["--warmup", "2", "--no-bf16", "--quiet"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for output, program in [
        ("one", [sys.executable]),
        ("two", [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]),
    ]:
        command = [*program, *line, "-o", str(tmp_path / output)]
        subprocess.run(command, check=True, env=environment, timeout=240)
    one, two = _losses(tmp_path / "one"), _losses(tmp_path / "two")
    np.testing.assert_allclose(one, two, atol=2e-3)


def test_a_tokenizer_of_superwords_trains_a_model(corpus: Path, tmp_path: Path) -> None:
    special = ["<|endoftext|>"]
    trained = tw.train(corpus, vocab_size=350, algorithm="boundlessbpe", special=special)
    lm_train(corpus, tmp_path / "m", tokenizer=trained.tokenizer, steps=3, **OPTIONS)
    model = tw.lm.load(tmp_path / "m")
    text = declarations()[3].text[:400]
    assert model.tokenizer.encode(text).tolist() == trained.tokenizer.encode(text).tolist()
    assert model.score([text]).lossless


def test_text_that_was_refused_is_not_trained_on_later(corpus: Path, tmp_path: Path) -> None:
    """A first try that fails leaves no run, and its ids are not taken for those of another corpus."""
    few = tmp_path / "few.txt"
    few.write_text("too short")
    with pytest.raises(FormatError, match="sequences of 16 need at least 33"):
        _train(few, tmp_path / "m", 2)
    _train(corpus, tmp_path / "m", 2)
    _train(corpus, tmp_path / "n", 2)
    assert _losses(tmp_path / "m") == _losses(tmp_path / "n")


@pytest.mark.parametrize("name", ["batch", "length"])
def test_sizes_of_nothing_are_refused_without_steps(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(OptionError, match=f"{name} is 0"):
        lm_train(corpus, tmp_path / "m", tokenizer=tiny.tokenizer(), **{**OPTIONS, name: 0})
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_that_loses_text_has_a_lower_bound(
    corpus: Path, tmp_path: Path, capsys
) -> None:
    tiny.tokenizer().save(tmp_path / "t")
    path = tmp_path / "t/tokenizer.json"
    lower = json.loads(path.read_text()) | {"normalizer": {"type": "Lowercase"}}
    path.write_text(json.dumps(lower))
    options = ["--size", "llama-1x32", "--batch", "4", "--length", "16", "--steps", "1"]
    arguments = [str(corpus), "--tokenizer", str(tmp_path / "t"), *options]
    assert main(["lm", "train", *arguments, "-o", str(tmp_path / "m")]) == 0
    assert "a lower bound" in capsys.readouterr().out
    assert not json.loads((tmp_path / "m/manifest.json").read_text())["training"]["exact"]
