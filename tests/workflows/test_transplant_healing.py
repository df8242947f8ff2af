"""Healing after a transplant that is interrupted: it goes on, and ends as if it had not been."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, GPT2Config

from tokenworks import Tokenizer
from tokenworks.data.udhr import declaration
from tokenworks.errors import OptionError
from tokenworks.transplant.laws import first_merges
from tokenworks.workflows.transplant import healing, transplant

OLD = first_merges(Tokenizer.load("gpt2"), 300, ("<|endoftext|>",))
NEW = first_merges(Tokenizer.load("kl3m-001-32k"), 420, ("<eos>",))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GPT-2, which has dropout: what is drawn for it must not depend on where the run was stopped."""
    folder = tmp_path_factory.mktemp("gpt2") / "model"
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=OLD.max_id_plus_one, n_embd=16, n_layer=1, n_head=2, n_positions=32
    )
    OLD.save(folder)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def _options(folder: Path, whole: bool = False) -> dict[str, Any]:
    text = folder / "text.txt"
    text.write_text(declaration("en").text, "utf-8")
    return {"on": [str(text)], "heal": 8, "heal_all": whole, "score": False}


@pytest.mark.parametrize("whole", [False, True])
def test_an_interrupted_healing_ends_as_if_it_had_not_been(
    model: Path, tmp_path: Path, whole: bool
) -> None:
    options = _options(tmp_path, whole)
    steps: list[int] = []

    def stop(what: str, done: int, of: int) -> None:
        if what == "healing":
            steps.append(done)
            if steps == [1, 2, 3]:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        transplant(model, NEW, out=tmp_path / "new", told=stop, **options)
    assert not (tmp_path / "new").exists()
    result = transplant(model, NEW, out=tmp_path / "new", told=stop, **options)
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
    whole_run = transplant(model, NEW, out=tmp_path / "again", **options)
    assert result.healing == whole_run.healing
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("new", "again"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    modes = {file.stat().st_mode for file in (tmp_path / "new").iterdir()}
    assert len(modes) == 1  # also of what safetensors wrote, which it makes private


def test_what_cannot_be_healed_is_refused_before_the_work(model: Path, tmp_path: Path) -> None:
    def told(what: str, done: int, of: int) -> None:
        assert what not in ("writing", "checking", "scoring")

    short = tmp_path / "short.txt"
    short.write_text("one")
    bare = Tokenizer(replace(NEW.definition, added=(), bos_id=None, eos_id=None))
    options = _options(tmp_path)
    for new, change, reason in (
        (NEW, {"heal": -1}, "heal is -1"),
        (NEW, {"on": []}, "healing needs text"),
        (NEW, {"on": [str(short)]}, "sequences of 256 need 513"),
        (bare, {}, "no special token to put between documents"),
    ):
        with pytest.raises(OptionError, match=reason):
            transplant(model, new, out=tmp_path / "new", told=told, **{**options, **change})
    assert sorted(one.name for one in tmp_path.iterdir()) == ["short.txt", "text.txt"]


def test_files_half_replaced_are_made_anew(model: Path, tmp_path: Path, monkeypatch: Any) -> None:
    options = _options(tmp_path)

    def half(folder: Path, tensors: Any, work: Path) -> None:
        (work / healing.HEALED).mkdir()
        (folder / "model.safetensors").write_bytes(b"of another time")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(healing, "_save_rows", half)
        transplant(model, NEW, out=tmp_path / "new", **options)
    assert transplant(model, NEW, out=tmp_path / "new", **options).ok
    transplant(model, NEW, out=tmp_path / "again", **options)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("new", "again"))
    assert all(torch.equal(one[name], two[name]) for name in one)
