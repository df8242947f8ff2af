"""Learning that goes on from a tokenizer: what it knows stays, and the result is that of one run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.registry import methods, resolve
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe
from tokenworks.training.boundlessbpe import boundlessbpe
from tokenworks.training.bpe import bpe
from tokenworks.training.source import TextSource
from tokenworks.training.superbpe import superbpe

TEXTS = [one.text for one in declarations()[:30]]
ALGORITHMS = [info.name for info in methods("training")]


def source() -> TextSource:
    return TextSource.of_texts(TEXTS)


def test_going_on_gives_what_one_run_gives() -> None:
    special = ("<|end|>",)
    first = bpe(source(), 700, special=special, pattern="gpt2")
    second = bpe(source(), 1500, base=first)
    assert second.sha256 == bpe(source(), 1500, special=special, pattern="gpt2").sha256


@pytest.mark.parametrize("variant", ["runs", "chunks"])
def test_superwords_on_top_of_a_tokenizer_of_words(variant: str) -> None:
    words = bpe(source(), 1200, pattern="o200k")
    whole = superbpe(source(), 1500, variant=variant, transition=1200)
    on_top = superbpe(source(), 1500, variant=variant, transition=1200, base=words)
    assert on_top.merges == whole.merges
    assert on_top.sha256 == whole.sha256


@pytest.mark.parametrize("name", ["gpt2", pytest.param("qwen2.5", marks=pytest.mark.slow)])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_ids_and_merges_of_the_base_stay(name: str, algorithm: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    base = Tokenizer.load(name)
    old = base.definition.model
    assert isinstance(old, Bpe)
    size = base.n_tokens + 301
    made = resolve(algorithm, "training")(source(), size, base=base, special=("<|new|>",))
    new = made.definition.model
    assert isinstance(new, Bpe)
    assert made.n_tokens == size
    assert np.array_equal(new.merges[: len(old.merges)], old.merges)
    assert len(new.merges) == len(old.merges) + 300
    for number in range(0, base.max_id_plus_one, 997):
        assert made.token_bytes(number) == base.token_bytes(number)
    assert {**made.specials, **base.specials} == made.specials
    assert made.specials["<|new|>"] == base.max_id_plus_one
    for text in TEXTS[:6]:
        ids = made.encode(text)
        assert made.decode(ids) == text
        assert len(ids) <= len(base.encode(text))
    made.save(tmp_path / "out", format="huggingface")
    again = Tokenizer.load(tmp_path / "out")
    assert again.sha256 == made.sha256
    theirs = AutoTokenizer.from_pretrained(tmp_path / "out")
    for text in TEXTS[:6]:
        ids = theirs.encode(text, add_special_tokens=False)
        assert theirs.decode(ids) == text
        if made.definition.two_phase is None:
            assert ids == made.encode(text).tolist()


def test_a_base_that_cannot_be_gone_on_from() -> None:
    with pytest.raises(UnsupportedError, match="no byte-level BPE tokenizer"):
        bpe(source(), 40_000, base=Tokenizer.load("mistral-v1"))
    with pytest.raises(UnsupportedError, match="holds superwords already"):
        bpe(source(), 2000, base=boundlessbpe(source(), 1000))
    with pytest.raises(OptionError, match="the 50257 of gpt2 and 0 reserved tokens take 50257"):
        bpe(source(), 2000, base=Tokenizer.load("gpt2"))
    with pytest.raises(OptionError, match="is in the base vocabulary already"):
        bpe(source(), 51_000, base=Tokenizer.load("gpt2"), special=("<|endoftext|>",))
    with pytest.raises(OptionError, match="does not go together with a base"):
        bpe(source(), 51_000, base=Tokenizer.load("gpt2"), max_token_length=5)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, out = tmp_path / "corpus.txt", tmp_path / "out"
    corpus.write_text("\n".join(TEXTS), encoding="utf-8")
    command = ["train", str(corpus), "--base", "gpt2", "--vocab-size", "50500", "-o", str(out)]
    assert main([*command, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["options"]["base"]["name"] == "gpt2"
    base, made = Tokenizer.load("gpt2"), tw.Tokenizer.load(out)
    assert made.merges[: len(base.merges)] == base.merges
    assert said["tokens"] == 50_500
