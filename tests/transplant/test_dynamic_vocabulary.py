"""A large dynamic vocabulary: what the index finds, and a model that writes with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lm import tiny

import tokenworks as tw
from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.registry import resolve
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.dynamic_generation import DynamicModel
from tokenworks.transplant.dynamic_vocabulary import dynamic_vocabulary
from tokenworks.transplant.embeddings import Embeddings, Held
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.matching import token_ids
from tokenworks.workflows.extend import extend


def test_the_index_finds_most_of_the_best() -> None:
    """Rows of several lengths in clusters, as trained ones are; a twelfth of the leaves is searched."""
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(60, 16))
    rows = centres[draw.integers(0, 60, 6000)] + 0.6 * draw.normal(size=(6000, 16))
    rows = (rows * draw.uniform(0.3, 2, (6000, 1))).astype(np.float32)
    hidden = (centres[draw.integers(0, 60, 200)] + draw.normal(size=(200, 16))).astype(np.float32)
    head = dynamic_vocabulary(Held(rows), leaves=120, searched=10, neighbours=20)
    ids, logs = head.log_probs(hidden)
    assert (np.diff(logs, axis=1) <= 1e-6).all(), "by falling logit"
    best = (hidden @ rows.T).argmax(axis=1)
    assert (ids[:, 0] == best).mean() > 0.95


def test_a_raised_end_of_text() -> None:
    rows = Held(np.eye(3, dtype=np.float32))
    hidden = np.zeros((1, 3), np.float32)
    ids, logs = dynamic_vocabulary(rows, always=[2], raised=1.0, neighbours=3).log_probs(hidden)
    chance = dict(zip(ids[0].tolist(), np.exp(logs[0]).tolist(), strict=True))
    assert chance[2] == pytest.approx(np.e / (2 + np.e)) and chance[0] == pytest.approx(chance[1])


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_all_tokens_looked_at_it_generates_as_the_model_does(tmp_path, kind: str) -> None:
    tiny.save(tmp_path / "model", kind, rows=tiny.tokenizer().max_id_plus_one)
    model = tw.lm.load(tmp_path / "model")
    rows = Held(model.input_embeddings.numpy())
    head = dynamic_vocabulary(
        Held(model.output_embeddings.numpy()), searched=10_000, neighbours=model.rows
    )
    same = DynamicModel(model, model.tokenizer, rows, head)
    prompt = model.tokenizer.encode("It was the")
    ids = [*model.start, *prompt.tolist()]
    expected: list[int] = []
    for _ in range(8):
        best = int(model.log_probs(ids)[-1].argmax())
        if best == model.tokenizer.definition.eos_id:
            break
        expected.append(best)
        ids.append(best)
    assert same.generate("It was the", tokens=8) == model.tokenizer.decode(expected)


def test_a_larger_vocabulary_reads_fewer_tokens_and_writes(tmp_path) -> None:
    tiny.save(tmp_path / "model", "llama")
    model = tw.lm.load(tmp_path / "model")
    text = tmp_path / "text.txt"
    text.write_text("the unbelievable transplantation of vocabularies was unbelievable. " * 200)
    larger = extend(model.tokenizer, text, 27).tokenizer
    old = Embeddings(Held(model.input_embeddings.numpy()), Held(model.output_embeddings.numpy()))
    made, _ = resolve("transplant/fvt")(model.tokenizer, larger, old, Given())
    assert made.output is not None
    head = dynamic_vocabulary(made.output, tokens=token_ids(larger), always=[0])
    dynamic = DynamicModel(model, larger, made.input, head)
    sample = "the unbelievable vocabularies"
    assert len(larger.encode(sample)) < len(model.tokenizer.encode(sample)) / 2
    plain = model.model(input_ids=_batch(model, sample), output_hidden_states=True).hidden_states
    states, _ = dynamic.states(model.tokenizer.encode(sample).astype(np.int64))
    assert np.allclose(states, plain[-1][0].numpy(), atol=1e-5), "old tokens are read as before"
    written = dynamic.generate(sample, tokens=12, temperature=1.0, seed=3)
    assert written == dynamic.generate(sample, tokens=12, temperature=1.0, seed=3)
    assert head.tokens == larger.n_tokens < made.output.rows, "padding is no token"


def _batch(model: tw.lm.LanguageModel, text: str):
    import torch

    return torch.from_numpy(model.tokenizer.encode(text).astype(np.int64))[None]


def test_bad_input(tmp_path) -> None:
    rows = Held(np.eye(4, dtype=np.float32))
    for options, message in (
        ({"leaves": 0}, "leaves is 0"),
        ({"searched": 0}, "searched is 0"),
        ({"neighbours": -1}, "neighbours is -1"),
        ({"always": [4]}, "token 4 has no row"),
    ):
        with pytest.raises(OptionError, match=message):
            dynamic_vocabulary(rows, **options)
    tiny.save(tmp_path / "model", "llama")
    model = tw.lm.load(tmp_path / "model")
    own = Held(model.input_embeddings.numpy())
    head = dynamic_vocabulary(own)
    with pytest.raises(OptionError, match="rows are given"):
        DynamicModel(model, Tokenizer.load("gpt2"), own, head)
    dynamic = DynamicModel(model, model.tokenizer, own, head)
    for options, message in (
        ({"prompt": "a", "tokens": 0}, "tokens is 0"),
        ({"prompt": "a", "temperature": -1.0}, "temperature -1.0"),
        ({"prompt": "word " * 2000}, "the model reads"),
    ):
        with pytest.raises(OptionError, match=message):
            dynamic.generate(**options)
    model.model.config.logit_scale = 2.0
    forward = model.model.forward
    model.model.forward = lambda *a, **k: replace_logits(forward(*a, **k))
    with pytest.raises(UnsupportedError, match="more than products"):
        DynamicModel(model, model.tokenizer, own, head)


def replace_logits(found):
    return replace(found, logits=found.logits * 2)
