"""What the tests of `extend` and `prune` share: tokenizers of every kind, and texts for them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import transformers
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tokenworks.cli import main
from tokenworks.data.udhr import declaration
from tokenworks.tokenizer import Tokenizer

# tiktoken's rule (ignore_merges), plain byte-level, NFC and added spaces, SentencePiece, no bytes
BASES = ("gpt2", "gpt-neox", "mistral-v1", "kl3m-004-char-4k-cased", "cl100k_base")
MODELS = Path(__file__).parents[1] / "data" / "sentencepiece"


@cache
def load(name: str) -> Tokenizer:
    return Tokenizer.load(name)


@cache
def text_in(languages: tuple[str, ...]) -> str:
    return "\n".join(declaration(code).text for code in languages)


def stretches_of(text: str) -> SearchStrategy[str]:
    """Up to 300 characters from anywhere in the text."""
    cuts = st.tuples(st.integers(0, 20_000), st.integers(0, 300))
    return cuts.map(lambda cut: text[cut[0] : cut[0] + cut[1]])


def written_once(command: list[str], capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command that writes a folder shows as JSON; it does not write there again."""
    assert main([*command, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert main(command) == 2
    assert "not empty" in capsys.readouterr().err
    return shown


def opened_and_alike(folder: Path, tokenizer: Tokenizer, languages: Iterable[str]) -> Any:
    """The folder as transformers opens it, after it and ours have encoded texts alike."""
    peer = transformers.AutoTokenizer.from_pretrained(folder)
    again = Tokenizer.load(folder)
    for code in languages:
        text = declaration(code).text[:2000]
        ours = tokenizer.encode(text).tolist()
        assert peer.encode(text, add_special_tokens=False) == ours
        assert again.encode(text).tolist() == ours
    return peer


def manifest_of(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text())
