"""The doctor is silent about what is right: small files of every format, and the real ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from assets import asset

from tokenworks.workflows.doctor import doctor

sys.path.insert(0, str(Path(__file__).parent))
import small

FORMATS = {
    "bpe": lambda p: small.write(p / "tokenizer.json", small.bpe()),
    "unigram": lambda p: small.write(p / "tokenizer.json", small.unigram()),
    "wordpiece": lambda p: small.write(p / "tokenizer.json", small.wordpiece()),
    "tekken": lambda p: small.write(p / "tekken.json", small.tekken()),
    "sentencepiece": lambda p: small.sentencepiece(p / "s.model"),
    "sentencepiece bytes": lambda p: small.sentencepiece(
        p / "s.model", model_type="bpe", byte_fallback=True, vocab_size=300
    ),
    "gguf": lambda p: small.gguf(p / "m.gguf"),
    "model folder": lambda p: small.model_folder(p / "model"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_small_valid_files_are_healthy(name: str, tmp_path: Path) -> None:
    report = doctor(FORMATS[name](tmp_path))
    assert report.healthy, report.findings
    assert report.checks


def test_tiktoken(tmp_path: Path) -> None:
    path = tmp_path / "r.tiktoken"
    path.write_text("\n".join(small.ranks()) + "\n")
    report = doctor(path)
    assert report.findings == ()
    assert report.kind == "tiktoken"


REAL = (
    *(
        f"tokenizers/{n}.json"
        for n in ("gpt-2", "gpt-neox", "claude-npm", "tekken-240718", "kl3m-001-32k")
    ),
    *(
        f"tokenizers/kl3m-{n}.json"
        for n in ("004-char-4k-cased", "004-char-8k-cased", "005-multi-word-example-32k")
    ),
    *(f"tokenizers/{n}_base.tiktoken" for n in ("r50k", "cl100k", "o200k")),
    "tokenizers/llama2.model",
    "tokenizers/mistral-v1.model",
    "tokenizers/llama3.hf",
    "tokenizers/qwen2_5.hf",
    "models/novels-6m",
)


@pytest.mark.parametrize("name", REAL)
def test_real_tokenizers_are_healthy(name: str) -> None:
    report = doctor(asset(name))
    assert report.healthy, [f for f in report.findings if f.severity != "note"]
    if name == "tokenizers/llama3.hf":  # as simulating every merge finds them
        assert report.facts["merges_never_firing"] == 152_991
        assert report.facts["pieces_never_merged"] == 588


def test_the_monolingual_models_are_healthy() -> None:
    models = sorted(asset("tokenizers/compoundpiece_spm_subset").rglob("*.model"))
    assert models
    for path in models[:6]:
        assert doctor(path).healthy, path
