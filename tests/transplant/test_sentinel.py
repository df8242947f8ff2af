"""SentinelLMs: what it promises, and that it does not hide what it should."""

from __future__ import annotations

import numpy as np
import pytest

from tokenworks.errors import OptionError
from tokenworks.lm.loading import model_folder
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Held, whole
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.sentinel_attack import by_lengths, by_neighbours
from tokenworks.transplant.sentinel_lms import Secret, hashed_vocabulary, sentinel_lms
from tokenworks.workflows.transplant.subject import subject

SIZE = "kl3m-004-char-4k-cased"


def _rows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(4096, 24)).astype(np.float32)


@pytest.mark.parametrize("motion", ["released", "orthogonal"])
def test_distances_stay_and_the_key_restores(motion: str) -> None:
    tokenizer, rows = Tokenizer.load(SIZE), _rows()
    made, keyed = sentinel_lms(Embeddings(Held(rows)), tokenizer, Given(), key="k", motion=motion)
    secret = Secret.of("k", tokenizer, 24, motion)
    assert np.array_equal(secret.order[secret.order], np.arange(4096)), "an involution"
    specials = list(tokenizer.specials.values())
    assert np.array_equal(secret.order[specials], specials)
    assert (secret.order != np.arange(4096)).mean() > 0.98
    moved = whole(made.input)
    some, others = np.arange(100), np.arange(1000, 1100)
    before = np.linalg.norm(rows[some] - rows[others], axis=1)
    after = np.linalg.norm(moved[secret.order[some]] - moved[secret.order[others]], axis=1)
    assert np.abs(before - after).max() < 1e-4
    assert np.allclose(secret.restore(moved)[secret.order], rows, atol=1e-4)
    assert made.output is not None and np.array_equal(whole(made.output)[secret.order], rows)
    text = "the quick brown fox"
    assert np.array_equal(secret.order[tokenizer.encode(text)], keyed.encode(text))


def test_another_key_knows_no_token() -> None:
    tokenizer = Tokenizer.load(SIZE)
    order = Secret.of("k", tokenizer, 4, "released").order
    mine, other = (hashed_vocabulary(tokenizer, key, order) for key in ("k", "j"))
    assert set(mine) & set(other) == set(tokenizer.specials)
    assert len(mine) > 0.99 * tokenizer.n_tokens, "tokens of equal bytes share a digest"


def test_two_released_reflections_are_a_shift() -> None:
    secret = Secret.of("k", Tokenizer.load(SIZE), 24, "released")
    assert np.allclose(secret.turn, np.eye(24)) and np.ptp(secret.shift) < 1e-9


@pytest.mark.parametrize(
    ("motion", "attack"), [("released", by_neighbours), ("orthogonal", by_lengths)]
)
def test_a_public_model_gives_the_vocabulary_away(motion: str, attack: object) -> None:
    one = subject(model_folder("english-6m"))
    rows = whole(one.embeddings().input)
    made, _ = sentinel_lms(one.embeddings(), one.tokenizer, Given(), key="secret", motion=motion)
    assert callable(attack)
    order = Secret.of("secret", one.tokenizer, rows.shape[1], motion).order
    recovered = (attack(rows, whole(made.input))[order] == np.arange(len(order))).mean()
    assert recovered > 0.95, "the weakness that the documentation states"


def test_bad_options() -> None:
    with pytest.raises(OptionError, match="motion 'sideways'"):
        sentinel_lms(Embeddings(Held(_rows())), Tokenizer.load(SIZE), Given(), motion="sideways")
