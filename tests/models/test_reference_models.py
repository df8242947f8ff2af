"""The package of reference models: what it ships, and the baselines that its cards state."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm import tiny

import tokenworks as tw
from tokenworks.data.udhr import declaration
from tokenworks.errors import UnknownNameError

MODELS = Path(__file__).resolve().parents[2] / "models"
sys.path.insert(0, str(MODELS))

import tokenworks_models  # noqa: E402
from kneser_ney import KneserNey, _discounts  # noqa: E402


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package with one tiny model in it."""
    folder = tmp_path / "models"
    shutil.copytree(MODELS, folder, ignore=shutil.ignore_patterns("data", "__pycache__"))
    data = folder / "src" / "tokenworks_models" / "data"
    data.mkdir()
    tiny.save(data / "tiny", "llama")
    (data / "tiny" / "card.json").write_text('{"name": "tiny"}')
    return folder


def test_models_are_opened_by_name(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = package / "src/tokenworks_models/data"
    (data / ".half.part").mkdir()
    shutil.copy(data / "tiny/config.json", data / ".half.part")
    monkeypatch.setattr(tokenworks_models, "_DATA", data)
    assert tokenworks_models.names() == ["tiny"], "what is being written is no model"
    assert tokenworks_models.card("tiny") == {"name": "tiny"}
    assert tw.lm.load("tiny").log_probs([1, 2]).shape == (2, 416)
    with pytest.raises(KeyError, match="there are tiny"):
        tokenworks_models.path("../tiny")
    with pytest.raises(UnknownNameError, match="tokenworks-models holds tiny"):
        tw.lm.load("huge")


@pytest.mark.slow
def test_the_wheel_holds_the_models(package: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "-w", str(tmp_path), str(package)], check=True, timeout=120)
    (wheel,) = tmp_path.glob("tokenworks_models-*-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "tokenworks_models/__init__.py" in names
    assert "tokenworks_models/data/tiny/model.safetensors" in names
    assert not any("train.py" in name for name in names)


# The models that are shipped ----------------------------------------------------------------------


@pytest.mark.parametrize("name", tokenworks_models.names())
def test_a_shipped_model_is_what_its_card_says(name: str) -> None:
    card = tokenworks_models.card(name)
    model = tw.lm.load(name)
    assert (model.parameters, model.tokenizer.n_tokens) == (card["parameters"], card["tokens"])
    assert card["name"] == name and card["training"]["recipe"]["steps"] > 0
    log = (tokenworks_models.path(name) / "log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["number"] == card["training"]["recipe"]["steps"]
    for held_out in card["held_out"].values():
        assert abs(held_out["bits_per_byte"] - held_out["bits_per_byte_in_float32"]) < 0.005
    scored = model.score([declaration("en").text])
    assert 1 < scored.bits_per_byte < 8 * 1.1
    if "english" in card["held_out"]:
        assert scored.bits_per_byte < 3.5, "it has read English"


def test_the_english_model_predicts_better_than_its_baselines() -> None:
    english = tokenworks_models.card("english-6m")["held_out"]["english"]
    others = {name: english[name] for name in ("xz", "bytes_5gram", "tokens_5gram")}
    assert english["bits_per_byte"] < min(others.values())


def test_all_models_fit_into_a_wheel() -> None:
    data = MODELS / "src/tokenworks_models/data"
    assert sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) < 40_000_000
    assert not [file for file in data.rglob("*") if file.suffix in (".bin", ".pt", ".pkl", ".py")]


# Kneser-Ney against the formulas, gram by gram -----------------------------------------------------


def _plain(text: list[int], vocabulary: int, order: int, context: list[int], token: int) -> float:
    """p(token | context) by the recursion of Chen and Goodman, from dictionaries."""

    def counts(length: int) -> Counter[tuple[int, ...]]:
        grams = [tuple(text[at : at + length]) for at in range(len(text) - length + 1)]
        if length == order:
            return Counter(grams)
        longer = {tuple(text[at : at + length + 1]) for at in range(len(text) - length)}
        before = Counter(gram[1:] for gram in longer)
        return Counter({gram: max(before[gram], 1) for gram in grams})

    chance = 1 / vocabulary
    for length in range(1, order + 1):
        if length - 1 > len(context):
            break
        found = counts(length)
        given_ = tuple(context[len(context) - length + 1 :])
        followers = {gram: count for gram, count in found.items() if gram[:-1] == given_}
        total = sum(followers.values())
        if not total:
            break
        discounts = _discounts(np.array(list(found.values()), float))
        taken = {gram: discounts[min(count, 3)] for gram, count in followers.items()}
        gram = (*given_, token)
        kept = max(followers.get(gram, 0) - taken.get(gram, 0), 0)
        chance = kept / total + sum(taken.values()) / total * chance
    return chance


@given(st.lists(st.integers(0, 3), min_size=6, max_size=60), st.integers(1, 4), st.data())
def test_kneser_ney_equals_the_recursion(text: list[int], order: int, data) -> None:
    model = KneserNey(np.array(text), 4, order)
    context = data.draw(st.lists(st.integers(0, 3), max_size=6))
    found = [np.exp(-model.nats(np.array([*context, token]))[-1]) for token in range(4)]
    assert sum(found) == pytest.approx(1)
    expected = [_plain(text, 4, order, context, token) for token in range(4)]
    assert found == pytest.approx(expected)


def test_longer_grams_learn_more() -> None:
    text = ("the cat sat on the mat and the dog sat on the log. " * 20).encode()
    ids = np.frombuffer(text, np.uint8)
    costs = [KneserNey(ids[:700], 256, order).nats(ids, 700).mean() for order in (1, 2, 5)]
    assert costs[0] > costs[1] > costs[2]
    assert costs[2] < 0.5


def test_the_shipped_hypernetwork_is_ahead_of_the_mean_of_pieces(tmp_path: Path) -> None:
    """On a vocabulary that it was not trained with, and a text of another kind."""
    text = [declaration("en").text[:3000]]
    scores = {}
    for method in ("fvt", "zett"):
        out = tmp_path / method
        made = tw.transplant(
            "english-6m", "kl3m-004-char-8k-cased", out=out, method=method, score=False
        )
        assert made.ok and sum(made.origins.values()) == made.rows_after
        scores[method] = tw.lm.load(out, device="cpu").score(text).bits_per_byte
    assert scores["zett"] < scores["fvt"] - 0.3, scores
