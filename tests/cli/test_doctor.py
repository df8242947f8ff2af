"""`tokenworks doctor` on the command line: exit codes, text and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tokenworks.cli import main

GOOD = {
    "version": "1.0",
    "added_tokens": [],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]},
}


def write(path: Path, value: object) -> str:
    """Write JSON and return the path as an argument."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def test_healthy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", write(tmp_path / "tokenizer.json", GOOD)]) == 0
    assert "nothing is wrong" in capsys.readouterr().out


def test_a_fault_is_shown_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {**GOOD, "model": {**GOOD["model"], "merges": ["a b", "b z"]}}  # type: ignore[dict-item]
    assert main(["doctor", write(tmp_path / "tokenizer.json", bad)]) == 1
    out = capsys.readouterr().out
    assert "model.merges[1], line 1, column" in out
    assert "'z', which is not in the vocabulary" in out
    assert "untagged enum ModelWrapper" in out


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = {**GOOD, "version": "3.0"}
    assert main(["doctor", write(tmp_path / "tokenizer.json", bad), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == 1
    assert report["findings"][0]["code"] == "version-unknown"
    assert report["findings"][0]["place"] == "version"


def test_fix_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", write(tmp_path / "tokenizer.json", GOOD), "--fix"]) == 0
    out = capsys.readouterr().out
    assert "tokenizer.newer.json" in out
    assert "1 strings -> pairs" in out


def test_no_such_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(tmp_path / "absent")]) == 2
    error = capsys.readouterr().err
    assert "no such file" in error
    assert "Traceback" not in error
