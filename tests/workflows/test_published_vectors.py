"""The texts and ids that the reference libraries publish in their own tests."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from assets import asset

from tokenworks.tokenizer import Tokenizer

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "parity_vectors.py"
SPEC = importlib.util.spec_from_file_location("parity_vectors", FILE)
assert SPEC is not None
assert SPEC.loader is not None
VECTORS = importlib.util.module_from_spec(SPEC)
sys.modules["parity_vectors"] = VECTORS
SPEC.loader.exec_module(VECTORS)
EMBEDDED = {
    "r50k_base": "r50k_base",
    "gpt-2": "gpt2",
    "cl100k_base": "cl100k_base",
    "qwen2_5": "qwen2.5",
}


@cache
def load(name: str) -> Tokenizer:
    if name in EMBEDDED:
        return Tokenizer.load(EMBEDDED[name])
    return Tokenizer.load(str(asset(f"tokenizers/{name}.model")))


@pytest.mark.parametrize("vector", VECTORS.VECTORS, ids=lambda v: f"{v.tokenizer} {v.text[:20]!r}")
def test_published_ids(vector: Any) -> None:
    tokenizer = load(vector.tokenizer)
    ids = tokenizer.encode(vector.text, specials=vector.specials)
    assert tuple(ids.tolist()) == vector.ids
    assert tokenizer.decode(ids) == vector.text
