"""Scores: every token counted once, equal to plain sums of log-probabilities, bytes accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm import tiny

from tokenworks.errors import FormatError, OptionError
from tokenworks.lm import LanguageModel, load
from tokenworks.lm.scoring import windows
from tokenworks.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> LanguageModel:
    return load(tiny.save(tmp_path_factory.mktemp("models") / "llama", "llama"))


@given(st.integers(0, 60), st.integers(2, 20), st.data())
def test_windows_count_every_token_once(length: int, visible: int, data) -> None:
    stride = data.draw(st.integers(1, visible - 1))
    found = list(windows(length, visible, stride))
    counted = [at for one in found for at in range(one.first, one.end)]
    assert counted == list(range(length))
    assert all(0 <= one.begin <= one.first < one.end <= one.begin + visible for one in found)
    assert all(one.begin < one.first for one in found[1:])


def _plain(model: LanguageModel, text: str, window: int, stride: int) -> float:
    """The same sum, one window after the other, from log_probs alone."""
    ids = model.tokenizer.encode(text).tolist()
    total, done = 0.0, 0
    while done < len(ids):
        end = min(done + (stride if done else window), len(ids))
        begin = max(0, end - window)
        rows = model.log_probs([0, *ids[begin : end - 1]])
        total -= sum(float(rows[at - begin, ids[at]]) for at in range(done, end))
        done = end
    return total


@pytest.mark.parametrize(("window", "stride"), [(64, 32), (20, 19), (9, 1)])
def test_sums_equal_plain_log_probs(model: LanguageModel, window: int, stride: int) -> None:
    texts = [*tiny.texts(), "", "a", "é"]
    found = model.score(texts, window=window, stride=stride)
    for number, text in enumerate(texts):
        expected = _plain(model, text, window, stride)
        assert found.nats[found.slice(number)].sum() == pytest.approx(expected, abs=1e-3)
    assert found.texts == len(texts)
    assert found.lossless
    assert found.bytes.tolist() == [len(text.encode()) for text in texts]
    assert found.bits.sum() == pytest.approx(found.nats.sum() / np.log(2))
    assert found.bits_per_byte == pytest.approx(found.bits.sum() / found.bytes.sum())


def test_tokens_end_where_their_bytes_end(model: LanguageModel) -> None:
    text = "Café 😀 and\n\nmore"
    found = model.score([text, text])
    for number in range(2):
        part = found.slice(number)
        data = b"".join(map(model.tokenizer.token_bytes, found.ids[part].tolist()))
        assert data == text.encode()
        lengths = [len(model.tokenizer.token_bytes(id)) for id in found.ids[part].tolist()]
        assert found.ends[part].tolist() == np.cumsum(lengths).tolist()


def test_without_a_start_token_the_first_one_costs_as_any(tmp_path, monkeypatch) -> None:
    model = load(tiny.save(tmp_path / "neox", "gpt_neox"))
    model.__dict__["start"] = ()
    found = model.score(["a", "ab cd", ""])
    assert found.uniform_start
    first = [found.nats[found.slice(number)][0] for number in (0, 1)]
    assert first == pytest.approx([np.log(416)] * 2)
    ids = model.tokenizer.encode("ab cd")
    rows = model.log_probs(ids)
    expected = [-rows[at, ids[at + 1]] for at in range(len(ids) - 1)]
    assert found.nats[found.slice(1)][1:] == pytest.approx(expected, abs=1e-3)


def test_a_special_token_in_a_text_is_plain_text(model: LanguageModel) -> None:
    found = model.score(["<|endoftext|>"])
    assert 0 not in found.ids
    assert found.lossless


def test_bytes_that_a_tokenizer_drops_are_told(tmp_path) -> None:
    """A tokenizer that writes in lower case describes less than the text."""
    import json

    folder = tiny.save(tmp_path / "m", "llama")
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text()) | {"normalizer": {"type": "Lowercase"}}
    path.write_text(json.dumps(content))
    found = load(folder).score(["all the same", "One Two", "lone \ud800"])
    assert found.changed.tolist() == [0, 7, 3] or (found.changed[1] >= 2 and found.changed[2] >= 3)
    assert not found.lossless
    assert found.bytes.tolist() == [12, 7, 8]


def test_refusals(model: LanguageModel, tmp_path) -> None:
    for options, told in [
        ({"window": 65}, "window is 65; it must be between 3 and the context of llama, 64"),
        ({"window": 1}, "window is 1"),
        ({"stride": 0}, "stride is 0; it must be between 1 and 63"),
        ({"stride": 64}, "stride is 64"),
    ]:
        with pytest.raises(OptionError, match=told):
            model.score(["a"], **options)
    broken = load(tiny.save(tmp_path / "nan", "gpt2"))
    broken.input_embeddings[3:] = float("nan")
    with pytest.raises(FormatError, match="gives nan for token"):
        broken.score(["some text"])


def test_another_tokenizer_gives_ids_without_rows(tmp_path) -> None:
    model = load(tiny.save(tmp_path / "m", "gpt2"))
    model.tokenizer = Tokenizer.load("gpt2")
    with pytest.raises(OptionError, match="has no row"):
        model.score(["Hello world"])
