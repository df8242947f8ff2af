"""What often lies in a tokenizer's place, and patterns that are none, are refused while reading."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tokenworks import Tokenizer
from tokenworks.errors import FormatError

LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 11421896\n"


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer.model", "o200k_base.tiktoken"])
@pytest.mark.parametrize(
    ("content", "word"),
    [
        (LFS, "git lfs pull"),
        ("\n<!DOCTYPE html>\n<html></html>", "web page"),
        ("<html>404", "/resolve/"),
    ],
)
def test_stand_ins(name: str, content: str, word: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    for path in (tmp_path / name, tmp_path):
        with pytest.raises(FormatError, match=rf"{name}: a .*{word}"):
            Tokenizer.load(path)


def test_a_pattern_that_is_none_is_named_with_its_place(tmp_path: Path) -> None:
    ranks = b"".join(base64.b64encode(bytes([i])) + b" %d\n" % i for i in range(256))
    (tmp_path / "r.tiktoken").write_bytes(ranks)
    with pytest.raises(FormatError, match=r"r\.tiktoken: the pattern is '\(a', which is no reg"):
        Tokenizer.load(tmp_path / "r.tiktoken", pattern="(a")
    split = {"type": "Split", "pattern": {"Regex": "[a"}, "behavior": "Removed", "invert": False}
    model = {"type": "BPE", "vocab": {"a": 0}, "merges": []}
    replace = {"type": "Replace", "pattern": {"Regex": ")"}, "content": ""}
    for section, step in (("pre_tokenizer", split), ("decoder", replace)):
        path = tmp_path / f"{section}.json"
        path.write_text(json.dumps({"version": "1.0", "model": model, section: step}))
        with pytest.raises(FormatError, match=rf"{section}\.json: {section}\.pattern is .* no reg"):
            Tokenizer.load(path)


def test_numbers_that_no_id_can_be(tmp_path: Path) -> None:
    text = '{"version": "1.0", "model": {"type": "BPE", "merges": [], "vocab": {"a": %s}}}'
    path = tmp_path / "tokenizer.json"
    path.write_text(text % ("9" * 5000))
    with pytest.raises(FormatError, match="a number has thousands of digits"):
        Tokenizer.load(path)
