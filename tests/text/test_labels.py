"""Labels from folders, file names and columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tokenworks.errors import OptionError
from tokenworks.text import documents


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("en/deep/udhr_eng.txt", "tr/udhr_tur.md", "udhr_xxx.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def labels(paths: object, rule: str) -> dict[str, str | None]:
    found = documents(paths, labels=rule, strict=True)  # type: ignore[arg-type]
    return {d.text: d.label for d in found}


def test_folders(corpus: Path) -> None:
    assert labels(corpus, "folder") == {
        "en/deep/udhr_eng.txt": "en",
        "tr/udhr_tur.md": "tr",
        "udhr_xxx.txt": corpus.name,
    }
    assert labels(f"{corpus}/*/*.md", "folder") == {"tr/udhr_tur.md": "tr"}
    assert labels(corpus / "tr" / "udhr_tur.md", "folder") == {"tr/udhr_tur.md": "tr"}


def test_folders_below_the_working_folder(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus)
    assert labels(".", "folder")["en/deep/udhr_eng.txt"] == "en"
    assert labels("*/*.md", "folder") == {"tr/udhr_tur.md": "tr"}
    assert labels("tr/udhr_tur.md", "folder") == {"tr/udhr_tur.md": "tr"}


def test_file_names(corpus: Path) -> None:
    assert labels(corpus, "file")["tr/udhr_tur.md"] == "udhr_tur"
    assert set(labels(corpus, "name:udhr_{label}.*").values()) == {"eng", "tur", "xxx"}
    assert set(labels(corpus, "name:{label}_tur.md").values()) == {"udhr", None}


def test_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"text": "a", "m": {"lang": "en"}}, {"text": "b", "m": {"lang": 3}}, {"text": "c"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert labels(path, "column:m.lang") == {"a": "en", "b": "3", "c": None}
    (tmp_path / "a.csv").write_text("lang,text\nen,x\ntr,y\n")
    assert labels(tmp_path / "a.csv", "column:lang") == {"x": "en", "y": "tr"}


def test_table_columns(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.table({"lang": ["en", None], "text": ["x", "y"]})
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    assert labels(tmp_path / "a.parquet", "column:lang") == {"x": "en", "y": None}


@pytest.mark.parametrize("rule", ["folders", "column:", "name:x", "name:{label}{label}", ""])
def test_wrong_rules(corpus: Path, rule: str) -> None:
    if rule:
        with pytest.raises(OptionError, match="label"):
            documents(corpus, labels=rule)
