"""Values of the wrong kind in a tokenizer.json, as the loader fuzzer found them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tokenworks import Tokenizer
from tokenworks.errors import FormatError


def set_unk(document: Any) -> None:
    document["model"]["unk_token"] = {}


def set_suffix(document: Any) -> None:
    document["model"]["end_of_word_suffix"] = "\ud800"


@pytest.mark.parametrize(
    ("change", "message"),
    [(set_unk, "model.unk_token is {}"), (set_suffix, r"lone surrogate \\ud800")],
)
def test_wrong_values_are_named(
    tmp_path: Path, change: Callable[[Any], None], message: str
) -> None:
    Tokenizer.load("kl3m-004-char-4k-cased").save(tmp_path / "t", "huggingface")
    path = tmp_path / "t" / "tokenizer.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        Tokenizer.load(str(path))
