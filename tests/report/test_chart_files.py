"""Charts as files: SVG that any reader of XML opens, PNG of it, and clear refusals."""

from __future__ import annotations

import struct
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import MissingExtraError, WriteError
from tokenworks.report import chart_files
from tokenworks.report.chart_files import drawings, png, write_png, write_svg
from tokenworks.workflows.compare import Comparison, compare
from tokenworks.workflows.compare.texts import declaration_corpus

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    texts = [one for one in declarations() if one.code in ("eng", "hin", "arb", "tur")]
    return compare(
        ["gpt2", "o200k_base"], declaration_corpus(texts), unreachable=False,
        methods=["robustness", "vocabulary-law"],
    )  # fmt: skip


def test_every_chart_shows_every_tokenizer(comparison: Comparison, tmp_path: Path) -> None:
    written = {path.stem: path for path in write_svg(comparison, tmp_path)}
    assert set(written) == {
        *("ranking", "labels", "scripts", "size", "vocabularies", "tokens", "changes", "law"),
    }
    for name, path in written.items():
        root = ElementTree.parse(path).getroot()
        said = root.findtext(f"{SPACE}desc") or ""
        assert root.findtext(f"{SPACE}title") and root.get("role") == "img"
        words = "".join(text.text or "" for text in root.iter(f"{SPACE}text"))
        if name == "law":
            assert "English" in words and "Hindi" in said
        else:
            assert "gpt2" in words and "o200k_base" in words
        width, height = float(root.get("width", 0)), float(root.get("height", 0))
        for dot in root.iter(f"{SPACE}circle"):
            assert 0 <= float(dot.get("cx", -1)) <= width
            assert 0 <= float(dot.get("cy", -1)) <= height
    english = drawings(comparison)["labels"].description
    assert "English: 1.00, 1.00" in english


def test_hostile_names_stay_text(comparison: Comparison, tmp_path: Path) -> None:
    best = replace(comparison.tokenizers[0], name='<script>&"\x1b\x00')
    hostile = replace(comparison, tokenizers=(best, *comparison.tokenizers[1:]))
    for path in write_svg(hostile, tmp_path):
        root = ElementTree.parse(path).getroot()
        assert {element.tag.removeprefix(SPACE) for element in root.iter()} <= {
            *("svg", "title", "desc", "rect", "line", "circle", "text"),
        }


def test_png_has_the_size_of_print(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        chart_files, "drawings", lambda found: {"ranking": drawings(found)["ranking"]}
    )  # each renders alike, and loads all fonts anew
    for path in write_png(comparison, tmp_path):
        data = path.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">I", data[16:20])[0] == 2280


def test_missing_renderer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tokenworks\[images\]'"):
        png("<svg/>")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("One text of one label.", "utf-8")
    arguments = ["compare", "gpt2", "--on", str(tmp_path / "a.txt"), "--no-unreachable"]
    assert main([*arguments, "--svg", str(tmp_path / "charts"), "--methods", "none"]) == 0
    assert "4 charts are in" in capsys.readouterr().err
    assert (tmp_path / "charts" / "ranking.svg").is_file()
    assert main([*arguments, "--svg", str(tmp_path / "a.txt"), "--methods", "none"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_in_the_way(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(WriteError):
        write_svg(comparison, tmp_path / "file")
