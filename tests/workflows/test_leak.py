"""A small chat model that repeats its prompt when asked: the leak is measured, and defences lower it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.errors import FormatError, OptionError
from tokenworks.lm.model import LanguageModel
from tokenworks.lm.muon import Muon
from tokenworks.lm.sizes import size
from tokenworks.provenance.prompt_defences import refusal_instruction
from tokenworks.provenance.prompt_extraction import REQUESTS
from tokenworks.workflows.leak import LeakResult, leak
from tokenworks.workflows.leak.run import defences

WORDS = (  # noqa: SIM905
    "map river stone garden window letter boat bridge candle mirror basket ladder kettle hammer "
    "pencil pillow blue green small quiet heavy round bright narrow gentle hollow"
).split()
SPECIAL = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
REFUSAL = "No, that is secret."
STEPS, BATCH = 280, 24


def _prompt(random: np.random.Generator) -> str:
    return f"You are a helper. Name {' '.join(random.choice(WORDS, random.integers(4, 12)))}."


def _turn(random: np.random.Generator) -> tuple[str, str, str]:
    """A prompt, what the user says, and the answer that is learned."""
    prompt, request = _prompt(random), REQUESTS[random.integers(len(REQUESTS))]
    kind = random.random()
    if kind < 0.25:
        word = random.choice(WORDS)
        return prompt, f"What is a {word}?", f"A {word} is a {word}."
    if kind < 0.5:
        return refusal_instruction(prompt, None).text, request, REFUSAL
    return prompt, request, prompt


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model: it copies its prompt when asked, and refuses where the prompt says so."""
    folder, random = tmp_path_factory.mktemp("chat"), np.random.default_rng(0)
    turns = [_turn(random) for _ in range(5000)]
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join("\n".join(turn) for turn in turns[:2000]), "utf-8")
    tw.train(corpus, vocab_size=400, special=SPECIAL).tokenizer.save(folder / "model")
    settings = folder / "model" / "tokenizer_config.json"
    config = json.loads(settings.read_text("utf-8")) if settings.exists() else {}
    config |= {"chat_template": TEMPLATE, "eos_token": SPECIAL[0]}
    settings.write_text(json.dumps(config), "utf-8")
    tokenizer = tw.Tokenizer.load(folder / "model")
    pool = []
    for prompt, request, said in turns:
        messages = [{"role": "system", "content": prompt}, {"role": "user", "content": request}]
        before = tokenizer.ids_as_trained(messages, add_generation_prompt=True).tolist()
        pool.append((before, [*tokenizer.encode(said).tolist(), 0]))
    torch.manual_seed(0)
    shape = size("llama-2x64").config(416, context=256, separator=0)
    module = transformers.AutoModelForCausalLM.from_config(shape)
    inside = [p for n, p in module.named_parameters() if p.ndim == 2 and "embed" not in n]
    known = {id(p) for p in inside}
    others = [p for p in module.parameters() if id(p) not in known]
    optimizers = [Muon(inside, lr=0.02), torch.optim.AdamW(others, lr=3e-3, weight_decay=0.0)]
    rates = [(group, group["lr"]) for one in optimizers for group in one.param_groups]
    for step in range(STEPS):
        rows = [pool[i] for i in random.integers(len(pool), size=BATCH)]
        longest = max(len(before) + len(after) for before, after in rows)
        ids, labels = np.zeros((BATCH, longest), np.int64), np.full((BATCH, longest), -100)
        for row, (before, after) in enumerate(rows):
            end = len(before) + len(after)
            ids[row, :end] = [*before, *after]
            labels[row, len(before) : end] = after
        logits = module(input_ids=torch.from_numpy(ids[:, :-1]), use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), torch.from_numpy(labels[:, 1:]).flatten(), ignore_index=-100
        )
        share = min(1.0, (step + 1) / 20, (STEPS - step) / (0.3 * STEPS))
        for group, rate in rates:
            group["lr"] = rate * share
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    module.eval().save_pretrained(folder / "model")
    return folder / "model"


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prompts that training did not see, one a line, and questions."""
    folder, random = tmp_path_factory.mktemp("prompts"), np.random.default_rng(77)
    records = [json.dumps({"text": _prompt(random)}) for _ in range(3)]
    (folder / "prompts.jsonl").write_text("\n".join(records), "utf-8")
    (folder / "ask.txt").write_text("What is a boat?\nWhat is a kettle?\n\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def found(chat: Path, prompts: Path) -> LeakResult:
    return leak(chat, prompts / "prompts.jsonl", ask=prompts / "ask.txt")


def test_a_model_that_repeats_its_prompt_leaks(found: LeakResult) -> None:
    plain = found.plain
    assert (found.prompts, found.units, plain.opened) == (3, 11, 3)
    assert plain.rate(90).share >= 0.9 and plain.rate(90).low > 0.6
    assert all(rate.low <= rate.share <= rate.high for rate in (*plain.extraction, *plain.recall))
    assert [rate.at for rate in plain.recall] == [3, 6, 9, 12]
    assert plain.recall[0].share >= 0.9 and plain.recall[0].share >= plain.recall[3].share
    assert plain.copied > 0.8
    assert plain.attention is not None and plain.attention > 10 * plain.uniform
    assert plain.kept is not None and plain.kept.share == 1
    whole = [one for one in plain.replies if one.ratio == 100]
    assert whole and plain.texts[whole[0].prompt] in whole[0].reply
    assert found.warnings == ()


def test_defences_lower_it_side_by_side(found: LeakResult) -> None:
    by_name = {one.defence: one for one in found.measured}
    assert [*by_name] == ["none", *defences()] and len(by_name) == 7
    refused = by_name["refusal-instruction"]
    assert refused.rate(90).high < found.plain.rate(90).low
    assert refused.recall[0].share < 0.1 and REFUSAL in {one.reply for one in refused.replies}
    for name in ("random-insertion", "repeated-prefix"):
        one = by_name[name]
        assert one.rate(90).share < found.plain.rate(90).share
        assert one.perplexity > found.plain.perplexity
        assert one.attention is not None and one.attention < found.plain.attention
    for one in found.measured:  # the edits are in the answer, ready to be used
        assert len(one.texts) == 3 and len(one.replies) == 33


def test_the_same_call_gives_the_same_answer(chat: Path, prompts: Path, found: LeakResult) -> None:
    seen = []
    again = leak(
        chat,
        [prompts / "prompts.jsonl"],
        defence=["random-insertion"],
        told=lambda what, done, of: seen.append((what, done, of)),
    )
    one = next(each for each in found.measured if each.defence == "random-insertion")
    assert again.measured[1].replies == one.replies and again.measured[1].texts == one.texts
    assert again.plain.kept is None
    assert seen[-1] == ("asking for the prompt", 66, 66)


def test_the_verb(chat: Path, prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["leak", str(chat), "--prompt", str(prompts / "prompts.jsonl")]
    assert main([*command, "--defence", "refusal-instruction"]) == 0
    shown = capsys.readouterr().out
    assert "3 of 3 prompts come out" in shown
    assert re.search(r"refusal-instruction +0% +0% to 26%", shown)
    assert main([*command, "--defence", "none", "--json", "--quiet", "--length", "4"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert len(value["measured"]) == 1 and value["measured"][0]["opened"] == 0
    assert "nothing can be said of the defences" in value["warnings"][0]
    assert main([*command, "--defence", "walls"]) == 2
    assert "no defence 'walls'; there are fake-prompt" in capsys.readouterr().err
    assert main(["leak", str(chat)]) == 2
    assert main([*command, "--length", "0"]) == 2


def test_bad_input_is_told(chat: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text(" \n", "utf-8")
    with pytest.raises(FormatError, match=r"empty\.txt: holds no prompt"):
        leak(chat, [empty])
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text('{"text": "You are a helper."}\n{"text": \n', "utf-8")
    with pytest.raises(FormatError, match="cannot be read whole"):
        leak(chat, damaged)
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("You are a helper.", "utf-8")
    with pytest.raises(FormatError, match="holds no question"):
        leak(chat, prompt, ask=empty)
    long = tmp_path / "long.txt"
    long.write_text("stone " * 400, "utf-8")
    with pytest.raises(OptionError, match="reads at most 256"):
        leak(chat, long)


def test_without_a_template_the_answer_says_so(chat: Path, tmp_path: Path) -> None:
    opened = tw.lm.load(chat)
    plain = tw.Tokenizer.from_definition(
        type(opened.tokenizer.definition)(
            **{
                name: getattr(opened.tokenizer.definition, name)
                for name in opened.tokenizer.definition.__dataclass_fields__
                if name != "chat_template"
            }
        )
    )
    path = tmp_path / "prompt.txt"
    path.write_text("You are a helper.", "utf-8")
    found = leak(LanguageModel(opened.model, plain, name="bare"), path, defence=(), length=2)
    assert found.model == "bare" and "has no chat template" in found.warnings[0]
