"""Every format in every compression gives back the texts that were written."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import pytest
import zstandard

from tokenworks.errors import FormatError, OptionError, TokenworksWarning, UnknownNameError
from tokenworks.text import Problems, Source, batches, chunks, documents, sources

from .writing import COMPRESSORS, TEXTS, write

RECORDS = (".jsonl", ".ndjson", ".json", ".parquet", ".arrow", ".feather", ".csv", ".tsv")
WHOLE = (".txt", ".md", ".html")


def joined(found: list[str], texts: list[str]) -> bool:
    return found == texts


@pytest.mark.parametrize("compression", COMPRESSORS)
@pytest.mark.parametrize("ending", RECORDS)
def test_records_come_back(tmp_path: Path, ending: str, compression: str) -> None:
    path = write(tmp_path, ending, compression, TEXTS)
    problems = Problems()
    assert [d.text for d in documents(path, on_problem=problems)] == TEXTS
    found = [part for batch in batches(path, on_problem=problems) for part in batch.documents()]
    assert found == [text.encode() for text in TEXTS]
    assert not problems


@pytest.mark.parametrize("compression", COMPRESSORS)
@pytest.mark.parametrize("ending", WHOLE)
@pytest.mark.parametrize("text", [text.strip() for text in TEXTS])
def test_pages_come_back(tmp_path: Path, ending: str, compression: str, text: str) -> None:
    path = write(tmp_path, ending, compression, [text])
    assert [d.text for d in documents(path, strict=True)] == [text]
    assert b"".join(chunks(path, strict=True)) == text.encode()


def test_positions(tmp_path: Path) -> None:
    texts = ["one", "two\nlines", "three"]
    where = {
        ending: [
            (d.position, d.unit) for d in documents(write(tmp_path, ending, "", texts), strict=True)
        ]
        for ending in RECORDS
    }
    assert where[".jsonl"] == [(1, "line"), (2, "line"), (3, "line")]
    assert where[".json"] == [(1, "record"), (2, "record"), (3, "record")]
    assert where[".parquet"] == where[".arrow"] == [(0, "row"), (1, "row"), (2, "row")]
    assert where[".csv"] == [(2, "line"), (3, "line"), (5, "line")]


def test_splits(tmp_path: Path) -> None:
    text = "a\nb\r\n\nc\n \n\n d\n"
    plain = write(tmp_path, ".txt", "", [text])
    record = write(tmp_path, ".jsonl", "", [text])
    assert [d.text for d in documents(plain, split="lines")] == ["a", "b", "c", " ", " d"]
    assert [d.position for d in documents(plain, split="lines")] == [1, 2, 4, 5, 7]
    assert [d.text for d in documents(record, split="lines")] == ["a", "b", "c", " ", " d"]
    assert [d.text for d in documents(plain, split="paragraphs")] == ["a\nb", "c", " d"]
    assert [d.position for d in documents(plain, split="paragraphs")] == [1, 4, 7]
    assert [d.text for d in documents(record, split="paragraphs")] == ["a\nb", "c", " d"]


def test_a_byte_order_mark_is_dropped_and_nul_and_line_ends_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfa\0b\r\nc\rd\n")
    (document,) = documents(path, strict=True)
    assert document.text == "a\0b\r\nc\rd\n"
    assert document.position == 3
    assert list(chunks(path)) == [b"a\0b\r\nc\rd\n"]
    (tmp_path / "b.csv").write_bytes(b"\xef\xbb\xbftext\r\nx\r\n")
    assert [d.text for d in documents(tmp_path / "b.csv", strict=True)] == ["x"]


def test_members_of_a_compressed_file_follow_each_other(tmp_path: Path) -> None:
    for ending, compress in COMPRESSORS.items():
        path = tmp_path / f"a.txt{ending}"
        path.write_bytes(compress(b"one\n") + compress(b"two\n"))
        assert b"".join(chunks(path, strict=True)) == b"one\ntwo\n"


def test_compression_is_seen_without_an_ending(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(gzip.compress(b"hidden\n"))
    assert [d.text for d in documents(path, strict=True)] == ["hidden\n"]


def test_folders_are_sorted_and_hidden_files_left_out(tmp_path: Path) -> None:
    for name in ("b/x.txt", "a/y.md", "a.txt", ".hidden/z.txt", ".z.txt", "a/z.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    with pytest.warns(TokenworksWarning, match=r"1 files whose names say no format.*z\.bin"):
        assert [d.text for d in documents(tmp_path)] == ["a/y.md", "a.txt", "b/x.txt"]
    assert [d.text for d in documents(f"{tmp_path}/**/*.txt")] == ["a.txt", "b/x.txt"]
    assert [d.text for d in documents(str(tmp_path / "a" / "*.bin"))] == ["a/z.bin"]


def test_a_file_named_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a[1].txt").write_text("odd")
    assert [d.text for d in documents(tmp_path / "a[1].txt")] == ["odd"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b'{"text": "in"}\n')

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert [d.text for d in documents("-", format="jsonl")] == ["in"]
    assert not Stdin.buffer.closed


LINES = b"".join(json.dumps({"text": f"{n} " + "word " * 40}).encode() + b"\n" for n in range(900))


@pytest.mark.parametrize(
    "data",
    [LINES, b"\xef\xbb\xbf" + LINES, gzip.compress(LINES), zstandard.compress(LINES)],
    ids=["plain", "mark", "gz", "zst"],
)
def test_standard_input_that_holds_records_is_read_as_records(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    found = [d.text for d in documents("-", strict=True)]
    assert found == [json.loads(line)["text"] for line in LINES.splitlines()]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert b"".join(chunks("-", strict=True)).count(b"word") == 36_000


@pytest.mark.parametrize(
    "text",
    ['{"not json\nnext line', "{a: 1}\n", '{"a": 1} and more\n', "plain\n", "[1]\n", "", "{"],
)
def test_standard_input_that_holds_none_is_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert "".join(d.text for d in documents("-", strict=True)) == text


def test_one_long_record_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"text": "x" * 500_000}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line)))
    assert [len(d.text) for d in documents("-", strict=True)] == [500_000]


@pytest.mark.parametrize("head", [b"PAR1", b"ARROW1\0\0"])
def test_tables_through_standard_input_are_refused(
    head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(head + b"\0\xff" * 99)))
    with pytest.raises(FormatError, match="cannot be read through a pipe"):
        documents("-")


def test_a_url_is_opened_by_fsspec() -> None:
    import fsspec

    with fsspec.open("memory://corpus/a.jsonl.gz", "wb") as file:
        file.write(gzip.compress(b'{"text": "far"}\n'))
    assert [d.text for d in documents("memory://corpus/a.jsonl.gz", strict=True)] == ["far"]
    with pytest.raises(OptionError, match="offline"):
        documents("memory://corpus/a.jsonl.gz", offline=True)


def test_dotted_fields_and_other_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"a": {"b": "deep"}, "content": "flat"}) + "\n")
    assert [d.text for d in documents(path, field="a.b", strict=True)] == ["deep"]
    assert [d.text for d in documents(path, field="content", strict=True)] == ["flat"]
    assert b"".join(chunks(path, field="a.b", strict=True)) == b"deep"


def test_json_values_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"text": "one"}\n{"text": "two"}\nnot json\n"three"')
    problems = Problems()
    assert [d.text for d in documents(path, on_problem=problems)] == ["one", "two", "three"]
    assert problems.by_kind == {"json": 1}


def test_missing_paths_name_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "corpus.txt").write_text("x")
    with pytest.raises(UnknownNameError, match=r"corpus\.txt"):
        documents(tmp_path / "corpsu.txt")
    with pytest.raises(UnknownNameError, match="no folder"):
        documents(tmp_path / "none" / "corpus.txt")
    with pytest.raises(UnknownNameError, match="matches no file"):
        documents(f"{tmp_path}/*.jsonl")
    with pytest.raises(UnknownNameError, match="NUL"):
        documents("a\0b")


def test_empty_folders_and_wrong_options(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_text("x")
    with pytest.raises(FormatError, match=r"a\.bin"):
        documents(tmp_path)
    with pytest.raises(OptionError, match="split"):
        documents(tmp_path, split="words")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="format"):
        documents(tmp_path / "a.bin", format="doc")
    with pytest.raises(OptionError, match="no corpus"):
        documents([])
    with pytest.raises(OptionError, match="size"):
        batches(tmp_path / "a.bin", size=1)


def test_sources_can_be_read_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, ".jsonl", ".gz", TEXTS)
    found = sources(path)
    assert found == [Source(str(path), "jsonl", str(tmp_path), "gz")]
    assert [d.text for d in documents(found)] == TEXTS
