"""`tokenworks compare` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tokenworks.cli import main
from tokenworks.cli.compare import read_prices
from tokenworks.errors import OptionError
from tokenworks.tokenizer import Tokenizer


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for name, text in (("en", "Good morning to all of you."), ("de", "Guten Morgen euch allen.")):
        (folder / name).mkdir(parents=True)
        for number in range(6):
            (folder / name / f"{number}.txt").write_text(f"{text} {number}", encoding="utf-8")
    return folder


def test_table_and_files(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "out" / "report.html"
    arguments = ["compare", "gpt2", "o200k_base", "--on", str(corpus), "-o", str(page)]
    arguments += ["--price", "gpt2=3", "--context", "100", "--no-unreachable"]
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert "takes the fewest tokens" in shown.out or "cannot be told apart" in shown.out
    assert "characters in 100" in " ".join(shown.out.split())
    assert str(page) in shown.err
    assert {path.suffix for path in page.parent.iterdir()} == {".html", ".json", ".arrow"}
    manifest = json.loads((page.parent / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["seed"] == 0


def test_json_on_standard_output(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "compare",
        "gpt2",
        "--on",
        str(corpus),
        "--no-unreachable",
        "--json",
        "--seed",
        "7",
    ]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in found["labels"]} == {"en", "de"}
    assert found["seed"] == 7


@pytest.mark.parametrize("spelling", ["at once", "again", "equals"])
def test_several_corpora(
    spelling: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    third = tmp_path / "third.txt"
    third.write_text("One more text.", encoding="utf-8")
    named = [str(corpus / "en"), str(corpus / "de"), str(third)]
    on = {
        "at once": ["--on", *named],
        "again": [part for name in named for part in ("--on", name)],
        "equals": [f"--on={named[0]}", named[1], "--on", named[2]],
    }[spelling]
    arguments = ["compare", "gpt2", *on, "--no-unreachable", "--json", "--labels", "folder"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["labels"] if one["documents"] == 6] in (
        ["en", "de"],
        ["de", "en"],
    )
    assert found["documents"] == 13


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "no file, folder or embedded tokenizer 'nosuch'"),
        (["gpt2", "--on", "missing.txt"], "missing.txt"),
        (["gpt2", "--price", "cheap"], "--price 'cheap' is not a number"),
        (["gpt2", "--labels", "folder"], "name one with on"),
        (["gpt2", "--reference-label", "Englich"], "did you mean 'English'"),
        (["gpt2", "--context", "0"], "context is 0"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *arguments]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_a_page_that_cannot_be_written(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    page = tmp_path / "file" / "report.html"
    arguments = ["compare", "gpt2", "--on", str(corpus), "--no-unreachable", "-o", str(page)]
    assert main(arguments) == 2
    assert "cannot write" in capsys.readouterr().err


def test_prices() -> None:
    assert read_prices([]) is None
    assert read_prices(["2.5"]) == 2.5
    assert read_prices(["a=1", "b=2"]) == {"a": 1.0, "b": 2.0}
    with pytest.raises(OptionError, match="several times"):
        read_prices(["1", "2"])


def test_files_and_patterns_of_one_name_keep_labels_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("en/test.txt", "tr/test.txt", "code/a.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"some text of {name}", encoding="utf-8")
    named = [f"{tmp_path}/en/test.txt", f"{tmp_path}/tr/test.txt", f"{tmp_path}/code/**"]
    quick = ["--methods", "none", "--no-unreachable", "-o", str(tmp_path / "out" / "report.html")]
    assert main(["compare", "gpt2", "--on", *named, *quick, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in shown["labels"]} == {"en/test.txt", "tr/test.txt", "code"}
    written = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert set(written["inputs_sha256"]) == set(named)


def test_a_single_plain_file_has_an_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "".join(f"Line {n} says {n * n} and {'word ' * (n % 9)}\n" for n in range(4000))
    (tmp_path / "book.txt").write_text(text, encoding="utf-8")
    quick = ["--methods", "none", "--no-unreachable", "--json"]
    command = ["compare", "gpt2", "o200k_base", "--on", str(tmp_path / "book.txt"), *quick]
    assert main(command) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["documents"] > 10
    for one in shown["tokenizers"]:
        assert one["tokens"] == Tokenizer.load(one["name"]).count(text)
    (relative,) = (one["relative"] for one in shown["tokenizers"] if one["name"] == "o200k_base")
    assert relative["low"] < relative["value"] < relative["high"]


def test_files_of_one_document_each_have_an_interval_together(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text(
            "some words " * number + "12345 " * 9, encoding="utf-8"
        )
    files = [str(tmp_path / f"{number}.txt") for number in range(9)]
    quick = ["--methods", "none", "--no-unreachable", "--json"]
    assert main(["compare", "gpt2", "o200k_base", "--on", *files, *quick]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["labels"]) == 9
    (found,) = (one for one in shown["tokenizers"] if one["name"] == "o200k_base")
    for figure in (found["relative"], found["bytes_per_token"]):
        assert figure["low"] < figure["value"] < figure["high"]


def test_labels_that_are_not_parallel_are_told(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ["--methods", "none", "--no-unreachable", "--parallel", "--json"]
    command = ["compare", "gpt2", "o200k_base", "--on", str(corpus), *quick]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []
    (corpus / "de" / "0.txt").unlink()
    assert main(command) == 0
    (told,) = json.loads(capsys.readouterr().out)["warnings"]
    assert "de has 5, en has 6" in told


def test_a_normalizer_is_named_where_texts_are_not_given_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.txt").write_text("½ of the ﬁsh\n", encoding="utf-8")
    named = ["kl3m-004-char-4k-cased", "gpt2", "--on", str(tmp_path / "a.txt")]
    assert main(["compare", *named, "--methods", "none", "--no-unreachable", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["warnings"]
    assert told.endswith("Its normalizer (NFKC) changes text before it is cut.")
