"""Forcing, repetition and confusion on their own; `tests/workflows/test_scan.py` has them together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lm import tiny

import tokenworks as tw
from tokenworks.errors import FormatError, OptionError
from tokenworks.lm.model import LanguageModel
from tokenworks.provenance.greedy import greedy
from tokenworks.provenance.repetition import SHORTEST, repetition
from tokenworks.provenance.unconditional_token_forcing import unconditional_token_forcing
from tokenworks.provenance.utf_confusion import utf_confusion


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    return tw.lm.load(tiny.save(tmp_path_factory.mktemp("gpt2"), "gpt2"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=14))
def test_no_unit_repeats_more_than_the_one_found(ids: list[int]) -> None:
    found = repetition(ids)
    best = 0
    for length in range(SHORTEST, len(ids) + 1):
        for first in range(len(ids) - length + 1):
            unit, at, times = ids[first : first + length], 0, 0
            while at <= len(ids) - length:
                hit = ids[at : at + length] == unit
                at, times = at + (length if hit else 1), times + hit
            best = max(best, (times - 1) * length if len({*unit}) > 1 else 0)
    assert found.repeated == best


def test_greedy_is_the_most_probable_path_with_and_without_a_cache(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = np.array([[0, 7], [0, 300]])
    ids, probabilities = greedy(model, starts, 6)
    for row in range(2):
        seen = starts[row].tolist()
        for token, probability in zip(ids[row], probabilities[row], strict=True):
            last = np.exp(model.log_probs(seen)[-1])
            assert token == last.argmax() and abs(last[token] - probability) < 1e-5
            seen.append(int(token))

    def refuse(*_: object) -> None:
        raise tw.errors.UnsupportedError("no cache")

    monkeypatch.setattr(LanguageModel, "step", refuse)
    again, same = greedy(model, starts, 6)
    assert (again == ids).all() and np.allclose(probabilities, same, atol=1e-5)


def test_decoding_ends_with_the_context(model: LanguageModel) -> None:
    ids, _ = greedy(model, np.array([[0, 7]]), 100)
    assert ids.shape == (1, 62)


def test_the_score_counts_the_start_as_one(model: LanguageModel) -> None:
    found = unconditional_token_forcing(model, np.array([5, 9]), length=3)
    assert np.allclose(found.scores, (1 + found.probabilities.sum(axis=1)) / 4)
    assert found.scores[found.ranked()[0]] == found.scores.max()
    assert unconditional_token_forcing(model, np.zeros(0, np.int64)).scores.shape == (0,)


@pytest.mark.parametrize("options", [{"length": 0}, {"batch": 0}, {"starts": np.array([10**6])}])
def test_forcing_refuses(model: LanguageModel, options: dict) -> None:
    with pytest.raises(OptionError, match=r"at least 1|no row"):
        unconditional_token_forcing(model, **options)


def test_a_model_that_gives_nan_is_told(tmp_path) -> None:
    broken = tw.lm.load(tiny.save(tmp_path, "gpt2"))
    with torch.no_grad():
        broken.model.transformer.ln_f.weight.fill_(float("nan"))
    with pytest.raises(FormatError, match="gives NaN"):
        unconditional_token_forcing(broken, np.array([5]))


@pytest.mark.parametrize(
    ("triggers", "message", "options", "problem"),
    [
        ([], "moon", {}, "no trigger"),
        ([""], "moon", {}, "the trigger has no tokens"),
        (["a"], "", {}, "the message has no tokens"),
        (["a"], "moon " * 40, {}, "reads 64"),
        (["a"], "moon", {"prefixes": 0}, "prefixes is 0"),
        (["a"], "moon", {"rank": 416}, "rank 416"),
    ],
)
def test_confusion_refuses(
    model: LanguageModel, triggers: list[str], message: str, options: dict, problem: str
) -> None:
    with pytest.raises(OptionError, match=problem):
        utf_confusion(model, triggers, message, steps=1, **options)


def test_without_a_start_and_with_more_prefixes_than_tokens(tmp_path) -> None:
    small = tw.lm.load(tiny.save(tmp_path, "llama"))
    small.start = ()
    found = utf_confusion(small, "open", "key", prefixes=99, rank=30, steps=80, rate=5e-3)
    assert found.recalled == 1 and found.message[-1] == 0
    assert len(found.ranks) and found.ranks.min() >= 30
    assert not any(one.requires_grad for one in small.model.parameters())  # as it was opened
