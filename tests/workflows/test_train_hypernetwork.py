"""Training a hypernetwork from the command line: it resumes, refuses what is wrong, and is of use."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from lm import tiny
from safetensors.torch import load_file

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError, UnknownNameError
from tokenworks.workflows.train_hypernetwork import train_hypernetwork
from tokenworks.workflows.transplant import transplant

OPTIONS = {"batch": 4, "length": 24, "hidden": 32, "bf16": False, "device": "cpu"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("model"), "llama", tie=True)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("\n".join(one.text for one in declarations()[::16]), "utf-8")
    return path


@pytest.fixture(scope="module")
def trained(model: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "network"
    train_hypernetwork(model, corpus, out, steps=12, warmup=4, **OPTIONS)
    return out


def _losses(output: Path) -> list[float]:
    log = output.with_name(output.name + ".training") / "log.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    return [row["loss"] for row in rows]


@pytest.mark.parametrize("stop", [2, 7])
def test_an_interrupted_run_gives_the_same_network(
    stop: int, model: Path, corpus: Path, trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "network"

    def watch(moment) -> None:
        if moment.step == stop:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        train_hypernetwork(
            model, corpus, out, steps=12, warmup=4, every=0, on_moment=watch, **OPTIONS
        )
    assert not out.exists() and len(_losses(out)) == stop
    train_hypernetwork(model, corpus, out, steps=12, warmup=4, **OPTIONS)
    assert _losses(out) == _losses(trained)
    one, other = (load_file(folder / "model.safetensors") for folder in (out, trained))
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_other_settings_do_not_go_on(model: Path, corpus: Path, trained: Path) -> None:
    with pytest.raises(
        OptionError, match=r"holds a run with another superwords: 0\.3, this one has 0\.1"
    ):
        train_hypernetwork(model, corpus, trained, steps=12, warmup=4, superwords=0.1, **OPTIONS)
    with pytest.raises(OptionError, match=r"past step 6, where the cooldown of 8 steps begins"):
        train_hypernetwork(model, corpus, trained, steps=8, warmup=4, **OPTIONS)


def test_the_command_trains_and_the_network_transplants(
    model: Path, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "network"
    options = ["--steps", "6", "--warmup", "2", "--batch", "4", "--length", "24", "--hidden", "32"]
    command = ["lm", "train-hypernetwork", str(model), str(corpus), "-o", str(out), *options]
    assert main([*command, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["recipe"]["steps"] == 6
    assert "step 6/6 (vocabularies)" in said.err
    made = tmp_path / "made"
    command = ["transplant", str(model), "kl3m-004-char-4k-cased", "--method", "zett"]
    assert main([*command, "--hypernetwork", str(out), "-o", str(made), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["origins"]["filled"] > 1000
    assert all(check["held"] is not False for check in result["checks"])
    assert main([*command, "-o", str(tmp_path / "none")]) == 2
    assert "zett needs a hypernetwork for this model (--hypernetwork)" in capsys.readouterr().err


def test_the_same_vocabulary_gives_the_same_files(
    model: Path, trained: Path, tmp_path: Path
) -> None:
    transplant(
        model, str(model), out=tmp_path / "out", method="zett", hypernetwork=trained, score=False
    )
    one, other = (load_file(folder / "model.safetensors") for folder in (tmp_path / "out", model))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in other)


def test_a_model_may_hold_its_own_network(model: Path, trained: Path, tmp_path: Path) -> None:
    own = tmp_path / "model"
    own.mkdir()
    for file in model.iterdir():
        (own / file.name).symlink_to(file)
    (own / "hypernetwork").symlink_to(trained)
    new = tw.Tokenizer.load("kl3m-004-char-4k-cased")
    given = transplant(
        model, new, out=tmp_path / "a", method="zett", hypernetwork=trained, score=False
    )
    found = transplant(own, new, out=tmp_path / "b", method="zett", score=False)
    assert found.origins == given.origins
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("a", "b"))
    rows = [tensors["model.embed_tokens.weight"].float().numpy() for tensors in (one, other)]
    assert np.allclose(*rows, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"superwords": 1.5}, OptionError, "superwords is 1.5"),
        ({"warmup": 99}, OptionError, "warmup is 99; it must be between 0 and the 5 steps"),
        ({"steps": 0}, OptionError, "steps is 0"),
        ({"hidden": 0}, OptionError, "hidden is 0"),
        ({"layers": 10**6}, OptionError, "layers is 1000000"),
        ({"vocab_size": 100}, OptionError, "cannot hold all bytes"),
        ({"vocab_size": 10**6}, OptionError, "give more text"),
        ({"corpus": "nowhere.txt"}, UnknownNameError, "nowhere.txt"),
    ],
)
def test_wrong_options_are_one_clear_error(
    changes: dict, error: type[Exception], message: str, model: Path, corpus: Path, tmp_path: Path
) -> None:
    options = {"corpus": corpus, "steps": 5, "warmup": 0, **OPTIONS, **changes}
    with pytest.raises(error, match=message):
        train_hypernetwork(model, output=tmp_path / "out", **options)
    assert not list(tmp_path.iterdir()), "something is left"


def test_a_folder_that_holds_something_is_refused(
    model: Path, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OptionError, match="exists already"):
        train_hypernetwork(model, corpus, tmp_path, steps=5, **OPTIONS)
