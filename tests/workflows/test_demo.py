"""The demonstration: from nothing to a page, with the embedded tokenizers alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tokenworks.workflows import demo


def test_demo_writes_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(tmp_path) == 0
    shown = capsys.readouterr().out
    assert "Yoruba" in shown
    for name in demo.TOKENIZERS:
        assert name in shown
    assert {path.name for path in tmp_path.iterdir()} == {
        "manifest.json",
        "report.html",
        "report.json",
    }
    figures = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert len(figures["languages"]) >= 60
    assert [one["name"] for one in figures["tokenizers"]] == list(demo.TOKENIZERS)
    hashes = json.loads((tmp_path / "manifest.json").read_text())["tokenizers_sha256"]
    assert all(len(value) == 64 for value in hashes.values())
