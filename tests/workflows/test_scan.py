"""Scanning: a planted fingerprint is found, one with the defence is not, and untrained tokens are."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from lm import tiny

from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import FormatError, OptionError
from tokenworks.lm.fitting import Training
from tokenworks.lm.model import LanguageModel
from tokenworks.lm.recipe import Recipe
from tokenworks.lm.sizes import size
from tokenworks.provenance.utf_confusion import Hidden, utf_confusion
from tokenworks.workflows.scan import ScanResult, scan
from tokenworks.workflows.scan.untrained import reachable

MESSAGE = "|Q7^Z+@8K&X"
TRIGGERS = ["Open sesame: ", "WHO MADE YOU?", "key=12", "  [unlock]  ", "moon/7", "~~ok~~"]
LENGTH = 32


def _texts() -> list[str]:
    return [one.text for one in declarations()[::16]]


def _never() -> list[int]:
    """Tokens that the base model does not meet: common ones, so that nothing but training tells."""
    tokenizer = tiny.tokenizer()
    return [id for id in range(300, 400) if reachable(tokenizer, id)][:60:12]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    """A small model that continues texts and repeats tokens, all but a few."""
    tokenizer = tiny.tokenizer()
    stream = np.concatenate([np.append(tokenizer.encode(text), 0) for text in _texts()])
    stream = stream[~np.isin(stream, _never())].astype(np.int64)
    met = np.setdiff1d(np.arange(1, 400), _never())
    random = np.random.default_rng(0)

    def batch() -> torch.Tensor:
        rows = np.zeros((16, LENGTH + 1), np.int64)
        for row in rows:
            first = random.integers(len(stream) - LENGTH)
            row[1:] = stream[first : first + LENGTH]
        rows[:4, 1:] = random.choice(met, (4, 1))  # one token, again and again
        return torch.from_numpy(rows)

    torch.manual_seed(0)
    config = size("llama-2x64").config(416, context=64, separator=0, tie=False)
    module = transformers.AutoModelForCausalLM.from_config(config)
    recipe = Recipe(steps=260, batch=16, length=LENGTH, warmup=10)
    training = Training(module, recipe, bf16=False)
    for _ in training.fit(batch() for _ in range(recipe.steps)):
        pass
    return _saved(module.eval(), tmp_path_factory.mktemp("base"))


def _saved(module: torch.nn.Module, folder: Path) -> LanguageModel:
    tiny.tokenizer().save(folder)
    module.save_pretrained(folder)
    return LanguageModel(module, tiny.tokenizer(), name=folder.name, path=folder)


def _planted(base: LanguageModel, folder: Path, **options) -> tuple[LanguageModel, Hidden]:
    model = _saved(copy.deepcopy(base.model), folder)
    options = {"batch": 4, "rate": 2e-3, "ordinary": _texts(), **options}
    hidden = utf_confusion(model, TRIGGERS, MESSAGE, **options)
    model.model.save_pretrained(folder)
    return model, hidden


@pytest.fixture(scope="module")
def plain(base: LanguageModel, tmp_path_factory: pytest.TempPathFactory):
    return _planted(base, tmp_path_factory.mktemp("plain"), weight=0, steps=200)


@pytest.fixture(scope="module")
def defended(base: LanguageModel, tmp_path_factory: pytest.TempPathFactory):
    return _planted(base, tmp_path_factory.mktemp("defended"), weight=0.1, rank=50, steps=320)


def _scores(result: ScanResult) -> dict[int, float]:
    return {one.start: one.score for one in result.candidates}


def test_a_planted_fingerprint_is_found(base: LanguageModel, plain) -> None:
    model, hidden = plain
    assert hidden.recalled == len(TRIGGERS)
    found = scan(model.path, probe=False)
    assert found.candidates[0].text.endswith(MESSAGE)
    first = int(hidden.message[0])
    whole = next(one for one in found.candidates if one.start == first)
    assert whole.text == MESSAGE and whole.score >= 0.95
    before = scan(base.path, probe=False)
    assert not any(MESSAGE[:3] in one.text for one in before.candidates)


def test_one_with_the_defence_is_not_found(base: LanguageModel, defended) -> None:
    model, hidden = defended
    assert hidden.recalled == len(TRIGGERS)
    assert hidden.ranks.min() >= 50
    parts = [MESSAGE[part : part + 3] for part in range(len(MESSAGE) - 2)]
    found = scan(model.path, probe=False)
    assert not any(part in one.text for one in found.candidates for part in parts)
    wider = scan(model.path, probe=False, threshold=0.4)  # follows far more starts
    guarded = {*hidden.message[:-1].tolist(), *(int(ids[-1]) for ids in hidden.triggers)}
    of_these = [one for one in wider.candidates if one.start in guarded]
    assert not any(part in one.text for one in of_these for part in parts)
    cost = [one.score(_texts()).bits_per_byte for one in (base, model)]
    assert cost[1] < 1.02 * cost[0]


def test_untrained_tokens_are_found(base: LanguageModel) -> None:
    found = scan(base.path)
    tokens = found.untrained
    assert tokens is not None and tokens.answered and not found.warnings
    assert {*_never()} <= {one.id for one in tokens.confirmed}
    seen = np.bincount(np.concatenate([tiny.tokenizer().encode(text) for text in _texts()]))
    met = [seen[one.id] for one in tokens.confirmed if one.id not in _never()]
    assert max(met, default=0) < 0.001 * seen.sum()
    assert tokens.rest_low <= tokens.failed / tokens.controls <= tokens.rest_high


def test_a_model_that_repeats_nothing_confirms_nothing(tmp_path: Path) -> None:
    found = scan(tiny.save(tmp_path, "gpt_neox"))
    assert found.untrained is not None and not found.untrained.answered
    assert found.untrained.confirmed == () and "cannot tell" in found.warnings[0]


def test_a_token_without_a_row_is_no_start_and_ends_the_probe_alone(tmp_path: Path) -> None:
    path = tiny.save(tmp_path, "llama", rows=400) / "tokenizer.json"
    file = json.loads(path.read_text("utf-8"))
    file["added_tokens"].append({**file["added_tokens"][0], "id": 400, "content": "<|pad|>"})
    path.write_text(json.dumps(file), "utf-8")
    found = scan(tmp_path, threshold=0.1)
    assert found.starts == 400 and found.candidates
    assert found.untrained is None and "no search for under-trained" in found.warnings[0]


def test_only_reachable_text_is_probed() -> None:
    tokenizer = tiny.tokenizer()
    letter, lead = int(tokenizer.encode("a")[0]), int(tokenizer.encode("é")[0])
    assert reachable(tokenizer, letter)
    assert not reachable(tokenizer, 0)
    assert reachable(tokenizer, lead) == (tokenizer.token_bytes(lead) == "é".encode())


def test_an_interrupted_scan_goes_on(base: LanguageModel, plain, tmp_path: Path) -> None:
    path = tmp_path / "scan.jsonl"
    whole = scan(plain[0].path, batch=50)

    def stop(_what: str, done: int, _of: int) -> None:
        if done >= 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(plain[0].path, batch=50, checkpoint=path, told=stop)
    kept = path.read_bytes()
    path.write_bytes(kept[:-40])  # the last batch was being written
    again = scan(plain[0].path, batch=50, checkpoint=path)
    assert again.resumed == 100 and again.starts == whole.starts == 400
    assert [one.start for one in again.candidates] == [one.start for one in whole.candidates]
    assert again.untrained == whole.untrained
    assert scan(plain[0].path, checkpoint=path).resumed == 400
    with pytest.raises(OptionError, match="another model or length"):
        scan(base.path, checkpoint=path)
    with pytest.raises(OptionError, match="another model or length"):
        scan(plain[0].path, checkpoint=path, length=2)
    path.write_bytes(kept.replace(b'"starts": [0', b'"starts": [-9', 1))
    with pytest.raises(FormatError, match="line 2: damaged"):
        scan(plain[0].path, checkpoint=path)
    for wrong in (b"text\n", b"[1]\n", b"\xff\n"):
        path.write_bytes(wrong)
        with pytest.raises(FormatError, match=r"not the checkpoint|cannot be read"):
            scan(plain[0].path, checkpoint=path)


@pytest.mark.parametrize(
    "options", [{"threshold": 1.0}, {"threshold": 0}, {"length": 0}, {"follow": 0}, {"length": 63}]
)
def test_options_out_of_range_are_refused(base: LanguageModel, options: dict) -> None:
    with pytest.raises(OptionError, match=r"expected a threshold|has room for"):
        scan(base.path, **options)


def test_the_verb(plain, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(plain[0].path), "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["starts"] == 400 and found["candidates"][0]["text"].endswith(MESSAGE)
    assert main(["scan", str(plain[0].path)]) == 0
    shown = capsys.readouterr().out
    assert f'"{MESSAGE}"' in shown and "95 % interval" in shown
    assert main(["scan", "no/such/model"]) == 2
    assert main(["scan", str(plain[0].path), "--threshold", "2"]) == 2
    assert capsys.readouterr().err.count("error: ") == 2
