"""The demonstration: from nothing to a page, with what is embedded alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tokenworks.cli import demo


@pytest.mark.slow
def test_demo_writes_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(tmp_path / "report.html") == 0
    shown = capsys.readouterr().out
    for name in (*demo.TOKENIZERS, *demo.FRESH):
        assert name in shown
    assert {path.name for path in tmp_path.iterdir()} == {
        "charts",
        "manifest.json",
        "report.arrow",
        "report.html",
        "report.json",
    }
    assert (tmp_path / "report.html").stat().st_size < 3_000_000
    figures = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert len(figures["labels"]) >= 60
    assert len(figures["tokenizers"]) == len(demo.TOKENIZERS) + len(demo.FRESH) >= 9
    for name, size in demo.FRESH.items():
        fresh = next(one for one in figures["tokenizers"] if one["name"] == name)
        assert fresh["n_tokens"] == size
        assert fresh["changed"] == fresh["unknown"] == fresh["failed"] == 0
    used = [one["name"] for one in figures["methods"]]
    assert {"compression", "qtok", "robustness", "vocabulary-law"} <= set(used)
    assert {path.name for path in (tmp_path / "charts").iterdir()} >= {"ranking.svg", "law.svg"}
    hashes = json.loads((tmp_path / "manifest.json").read_text())["tokenizers_sha256"]
    assert all(len(value) == 64 for value in hashes.values())
