"""Measures of what a reply gives away of a secret, against plain counting, and the conversations asked."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm import tiny

import tokenworks as tw
from tokenworks.errors import OptionError, TextError, UnsupportedError
from tokenworks.lm.model import LanguageModel
from tokenworks.provenance.conversation import answer, conversation, ends_of
from tokenworks.provenance.familiarity import copying, nats
from tokenworks.provenance.leaked_text import NGRAMS, ngram_recall, partial_ratio, without_decoys
from tokenworks.provenance.prompt_extraction import prompt_extraction

IDS = st.lists(st.integers(0, 3), max_size=20)


def ids(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@given(IDS, IDS, st.sampled_from(NGRAMS))
def test_recall_counts_the_ngrams_of_the_secret(secret: list[int], said: list[int], n: int) -> None:
    found = ngram_recall(ids(*secret), ids(*said), n)
    n = min(n, len(secret))
    grams = [secret[i : i + n] for i in range(len(secret) - n + 1)] if n else []
    inside = [any(said[j : j + n] == gram for j in range(len(said))) for gram in grams]
    assert found == (sum(inside) / len(inside) if inside else 0)
    if secret:
        assert ngram_recall(ids(*secret), ids(9, *secret, 9), n) == 1


def _longest_common_subsequence(one: str, other: str) -> int:
    row = [0] * (len(other) + 1)
    for a in one:
        before = row[:]
        for j, b in enumerate(other):
            row[j + 1] = before[j] + 1 if a == b else max(before[j + 1], row[j])
    return row[-1]


@given(st.text("abc ", max_size=8), st.text("abc ", max_size=16))
def test_the_ratio_is_that_of_the_best_window(secret: str, said: str) -> None:
    one, other = " ".join(secret.split()), " ".join(said.split())
    best = 0.0
    pairs = [(one, other)] + [(other, one)] * (len(one) == len(other))
    for short, long in pairs if len(other) >= len(one) else []:
        for first in range(-len(short), len(long)):  # windows may stand over both ends
            part = long[max(first, 0) : max(first + len(short), 0)]
            if part:
                common = _longest_common_subsequence(short, part)
                best = max(best, 200 * common / (len(short) + len(part)))
    if one and other and len(other) < len(one):
        best = 200 * _longest_common_subsequence(one, other) / (len(one) + len(other))
    assert partial_ratio(secret, said) == pytest.approx(best)


def test_a_word_of_the_prompt_is_no_full_match() -> None:
    prompt = "You answer only questions about the sea, and always in one sentence."
    assert partial_ratio(prompt, "the") < 10
    assert partial_ratio(prompt, f"Sure! Here it is: {prompt.upper().lower()} Anything else?") > 95
    assert partial_ratio(prompt, prompt.replace(" ", "\n")) == 100
    assert SequenceMatcher(None, prompt, "I cannot share that.").ratio() < 0.5
    assert partial_ratio(prompt, "I cannot share that.") < 70


def test_decoys_are_taken_out_and_secrets_are_not() -> None:
    secret, decoy = ids(1, 2, 3, 4, 5), ids(7, 8, 9, 1, 2, 3, 4)
    said = ids(0, 7, 8, 9, 1, 2, 3, 4, 5, 6)
    left = without_decoys(said, [decoy], [secret])
    assert ngram_recall(secret, said, 3) == 1
    assert left.tolist() == [0, 4, 5, 6]  # runs of four that stand in the decoy alone
    assert without_decoys(said, [secret], [secret]).tolist() == said.tolist()


TEMPLATE = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
GENERATION = "{% if add_generation_prompt %}[assistant]{% endif %}"


def _model(folder: Path, template: str | None, kind: str = "llama") -> LanguageModel:
    tiny.save(folder, kind)
    if template is not None:
        path = folder / "tokenizer_config.json"
        config = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps({**config, "chat_template": template}), "utf-8")
    return tw.lm.load(folder)


def _text(model: LanguageModel, part: np.ndarray) -> str:
    return model.tokenizer.decode(part.tolist())


def test_the_prompt_stands_where_the_template_puts_it(tmp_path: Path) -> None:
    model = _model(tmp_path, TEMPLATE + GENERATION)
    asked = conversation(model, "Be brief.", "Why?")
    assert _text(model, asked.ids) == "[system] Be brief.\n[user] Why?\n[assistant]"
    assert "Be brief." in _text(model, asked.prompt)
    assert len(_text(model, asked.prompt)) <= len("Be brief.") + 4  # whole tokens
    part = conversation(model, "Be brief.", "Why?", "brief")
    assert "brief" in _text(model, part.prompt) and part.begin > asked.begin


def test_a_template_without_a_system_message_gets_the_prompt_from_the_user(tmp_path: Path) -> None:
    refuses = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    asked = conversation(_model(tmp_path / "a", refuses + TEMPLATE), "Be brief.", "Why?")
    model = tw.lm.load(tmp_path / "a")
    assert _text(model, asked.ids) == "[user] Be brief.\n\nWhy?\n"
    drops = TEMPLATE.replace("messages", "messages[-1:]")
    model = _model(tmp_path / "b", drops)
    assert (
        _text(model, conversation(model, "Be brief.", "Why?").ids) == "[user] Be brief.\n\nWhy?\n"
    )
    model = _model(tmp_path / "c", "{{ messages[0].content | upper }}")
    with pytest.raises(UnsupportedError, match="does not hand the prompt on"):
        conversation(model, "Be brief.", "Why?")
    model = _model(tmp_path / "d", "{{ raise_exception('no') }}")
    with pytest.raises(OptionError, match="refuses these messages"):
        conversation(model, "Be brief.", "Why?")


def test_what_cannot_be_asked_is_told(tmp_path: Path) -> None:
    model = _model(tmp_path, TEMPLATE + GENERATION)
    with pytest.raises(
        TextError, match=r"the prompt or .* '<\|endoftext\|>' at byte .*; take it out"
    ):
        conversation(model, "End with <|endoftext|>.", "Why?")
    with pytest.raises(OptionError, match="reads at most 64"):
        conversation(model, "word " * 60, "Why?")
    for wrong in ({"prompt": " "}, {"requests": ()}, {"length": 0}):
        with pytest.raises(OptionError, match="must be"):
            prompt_extraction(model, **{"prompt": "Be brief.", **wrong})


def test_an_answer_ends_where_the_turn_does(tmp_path: Path) -> None:
    model = _model(tmp_path, None)
    before = conversation(model, "Be brief.", "Why?").ids
    whole = answer(model, before, 20)
    assert ends_of(model).tolist() == [0]
    model.model.generation_config.eos_token_id = [int(whole[3]), 0]
    cut = answer(model, before, 20)
    assert cut.tolist() == whole[: whole.tolist().index(whole[3])].tolist()


@pytest.mark.parametrize("kind", tiny.KINDS)
def test_attention_is_read_where_the_prompt_stands(tmp_path: Path, kind: str) -> None:
    model = _model(tmp_path, None, kind)
    asked = conversation(model, "Be brief.", "Why?")
    found = copying(model, asked)
    usual = model.model.config._attn_implementation
    model.model.set_attn_implementation("eager")
    whole = np.concatenate([asked.ids, asked.prompt])
    weights = model.model(model._checked(whole), output_attentions=True).attentions
    best = 0.0
    for layer in weights:
        for head in layer[0]:
            on = [
                float(head[len(asked.ids) - 1 + i, asked.begin + i])
                for i in range(len(asked.prompt))
            ]
            best = max(best, sum(on) / len(on))
    assert found.attention == pytest.approx(best, rel=1e-4)
    assert usual != "eager" and 0 < found.uniform < 0.1
    text = "It was late."
    cost = model.log_probs([*model.start, *model.tokenizer.encode(text).tolist()])
    own = model.tokenizer.encode(text)
    assert nats(model, text) == pytest.approx(-cost[np.arange(len(own)), own].mean(), rel=1e-5)


def test_a_model_without_attention_or_cache_is_measured_too(tmp_path: Path) -> None:
    import transformers

    config = transformers.MambaConfig(
        vocab_size=416, hidden_size=32, num_hidden_layers=2, state_size=4, eos_token_id=0
    )
    tiny.tokenizer().save(tmp_path)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    model = tw.lm.load(tmp_path)
    assert copying(model, conversation(model, "Be brief.", "Why?")).attention is None
    assert len(prompt_extraction(model, "Be brief.", ["Why?"], length=3).replies) == 1
