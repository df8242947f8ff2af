"""`mixture` from folder to report, and everything that can be wrong with its input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tokenworks import Tokenizer
from tokenworks.cli import main
from tokenworks.data.udhr import declaration
from tokenworks.errors import FormatError, OptionError, UnsupportedError
from tokenworks.provenance.planted import plant
from tokenworks.provenance.samples import read_samples
from tokenworks.report.mixture_figure import figure
from tokenworks.report.mixture_html import render, write
from tokenworks.text import documents
from tokenworks.workflows.mixture import MixtureResult, mixture

LANGUAGES = ("en", "fr", "el")
PLANTED = (0.6, 0.3, 0.1)


@pytest.fixture(scope="module")
def categories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("categories")
    for name in LANGUAGES:
        (folder / name).mkdir()
        for index, article in enumerate(declaration(name).articles):
            (folder / name / f"{index}.txt").write_text(article + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def planted(categories: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = read_samples(documents(categories, labels="folder"), limit=1 << 20)
    order = [LANGUAGES.index(one.name) for one in samples]
    target = tmp_path_factory.mktemp("tokenizer") / "planted"
    Tokenizer(plant(samples, np.array(PLANTED)[order], 600)).save(target)
    return target


@pytest.fixture(scope="module")
def result(planted: Path, categories: Path) -> MixtureResult:
    return mixture(planted, categories, merges=300, replicates=4)


def test_a_planted_mixture_comes_out(result: MixtureResult) -> None:
    assert [one.category for one in result.shares] == list(LANGUAGES)
    for one, truth in zip(result.shares, PLANTED, strict=True):
        assert one.share == pytest.approx(truth, abs=2e-3)
        assert one.low <= one.share <= one.high
    assert result.explained > 0.95
    assert any("small samples" in warning for warning in result.warnings)


def test_the_command_answers_as_a_table_and_as_json(
    planted: Path, categories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "out" / "mixture.html"
    common = ["mixture", str(planted), "--categories", str(categories), "--replicates", "0"]
    assert main([*common, "--merges", "200", "--report", str(page)]) == 0
    assert "en" in capsys.readouterr().out
    assert sorted(path.name for path in page.parent.iterdir()) == [
        *("manifest.json", "mixture.html", "mixture.json", "mixture.svg")
    ]
    assert main([*common, "--prefix", "100..250", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["first"], found["last"] <= 250) == (100, True)
    assert sum(one["share"] for one in found["shares"]) == pytest.approx(1)


def test_hostile_names_are_escaped(result: MixtureResult, tmp_path: Path) -> None:
    from dataclasses import replace

    evil = '<script>alert("x")</script>&'
    shares = (replace(result.shares[0], category=evil), *result.shares[1:])
    bad = replace(result, shares=shares, tokenizer=evil, warnings=(evil,))
    for text in (render(bad), figure(bad)):
        assert "<script>alert" not in text
    assert write(bad, tmp_path / "page").suffix == ".html"


def test_categories_too_alike_are_named(planted: Path, categories: Path, tmp_path: Path) -> None:
    for name, source in (("a", "en"), ("b", "en"), ("c", "el")):
        (tmp_path / name).mkdir()
        for path in (categories / source).iterdir():
            (tmp_path / name / path.name).write_text(path.read_text("utf-8"), "utf-8")
    found = mixture(planted, tmp_path, merges=150, replicates=0)
    assert any(w.startswith("a and b cannot be told apart") for w in found.warnings)
    assert not any("c cannot" in w or w.startswith("c and") for w in found.warnings)


def test_scripts_without_text_are_named(categories: Path) -> None:
    found = mixture("gpt2", categories, merges=100, replicates=0)
    assert any("no category is written in" in w and "Katakana" in w for w in found.warnings)
    assert any(w.startswith("the merges looked at hardly occur in el:") for w in found.warnings)


def test_wrong_input_is_told(categories: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.txt").write_text("word " * 1000, "utf-8")
    with pytest.raises(FormatError, match="one category alone, one"):
        mixture("gpt2", tmp_path)
    (tmp_path / "tiny").mkdir()
    with pytest.raises(FormatError, match="no text in these categories: tiny;"):
        mixture("gpt2", tmp_path)  # the only other one
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "a.txt").write_text("mot " * 1000, "utf-8")
    with pytest.raises(FormatError, match="no text in these categories: tiny;"):
        mixture("gpt2", tmp_path)
    (tmp_path / "tiny" / "a.txt").write_text("word", "utf-8")
    with pytest.raises(FormatError, match=r"too small .*: tiny \(4 bytes\)"):
        mixture("gpt2", tmp_path)
    with pytest.raises(OptionError, match="gpt2 has 50,000"):
        mixture("gpt2", categories, first=60_000)
    with pytest.raises(OptionError, match="replicates is 1"):
        mixture("gpt2", categories, replicates=1)
    for name, text in (("zeros", "0" * 5000), ("as", "a" * 5000)):
        (tmp_path / "dull" / name).mkdir(parents=True)
        (tmp_path / "dull" / name / "a.txt").write_text(text, "utf-8")
    with pytest.raises(FormatError, match="of gpt2 occur in the samples, which says nothing"):
        mixture("gpt2", tmp_path / "dull")


def test_bad_options_are_one_line(
    categories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ["gpt2", "--categories", str(tmp_path / "none")],
        ["gpt2", "--categories", str(categories), "--prefix", "5-9"],
        ["gpt2", "--categories", str(categories), "--merges", "0"],
        ["gpt2", "--categories", str(categories), "--sample", "0"],
        ["nothing-of-this-name", "--categories", str(categories)],
    ):
        assert main(["mixture", *arguments]) == 2, arguments
        error = capsys.readouterr().err
        assert "Traceback" not in error and len(error.strip().splitlines()) == 1, error


def test_a_unigram_model_is_refused(categories: Path) -> None:
    from tokenworks.tokenizer.definition import Definition, Unigram

    ids = np.arange(2, dtype=np.uint32)
    unigram = Tokenizer(Definition("uni", Unigram((b"a", b"b"), ids, np.zeros(2))))
    with pytest.raises(UnsupportedError, match="Unigram"):
        mixture(unigram, categories)
