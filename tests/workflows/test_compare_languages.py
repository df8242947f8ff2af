"""Labels that are languages: column before folder before identifier."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tokenworks.cli import main
from tokenworks.data.udhr import declaration, declarations
from tokenworks.errors import MissingExtraError
from tokenworks.workflows.compare import compare, languages
from tokenworks.workflows.compare.languages import identify, language_tag


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for place in ("German", "news"):
        (folder / place).mkdir(parents=True)
    german, turkish = declaration("de").articles, declaration("tr").articles
    (folder / "German" / "a.txt").write_text(turkish[1], "utf-8")  # the folder says what it is
    (folder / "news" / "b.txt").write_text(turkish[2], "utf-8")
    records = [{"text": german[3], "lang": "fra"}, {"text": german[4]}, {"text": "1, 2, 3"}]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "news" / "c.jsonl").write_text(lines, "utf-8")
    return folder


def test_column_then_folder_then_identifier(corpus: Path) -> None:
    found = compare(["gpt2"], corpus, labels="language", unreachable=False, methods=["renyi"])
    documents = {one.name: one.documents for one in found.labels}
    assert documents == {"de": 2, "tr": 1, "fr": 1, "und": 1}
    assert {row.kind for row in found.rows} == {"all", "language", "script", "category"}


def test_identifier_knows_most_declarations() -> None:
    texts = {one.bcp47.partition("-")[0]: one.text for one in declarations()}
    common = ("en", "de", "fr", "es", "ru", "ar", "hi", "tr", "fi", "ja", "ko", "th", "el", "he")
    assert all(identify(texts[code]) == code for code in common)
    known = set(languages._identifier().labels) & texts.keys()
    hits = sum(identify(texts[code]) == code for code in known)
    assert len(known) > 60 and hits / len(known) > 0.9


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        *(("German", "de"), ("deu", "de"), ("de-AT", "de"), ("eng_Latn", "en"), ("tr", "tr")),
        *(("news", None), ("", None), ("english-poems", None), ("zh-Hans", "zh-Hans")),
    ],
)
def test_tags(name: str, tag: str | None) -> None:
    assert language_tag(name) == tag


def test_without_the_identifier(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "py3langid", None)
    languages._identifier.cache_clear()
    try:
        arguments = [
            "compare",
            "gpt2",
            "--labels",
            "language",
            "--no-unreachable",
            "--methods",
            "none",
        ]
        assert main([*arguments, "--on", str(corpus / "German")]) == 0  # the folder tells it
        assert main([*arguments, "--on", str(corpus)]) == 2
        shown = capsys.readouterr().err
        assert "pip install 'tokenworks[languages]'" in shown and shown.count("\n") == 1
        with pytest.raises(MissingExtraError):
            identify("Das ist ein deutscher Satz.")
    finally:
        languages._identifier.cache_clear()
