"""Broken input is counted and told by file and line; the rest is read."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import zstandard

from tokenworks.errors import FormatError, TokenworksWarning
from tokenworks.text import Problems, batches, chunks, documents

from .writing import COMPRESSORS


def read(path: Path | list[Path], **options: object) -> tuple[list[str], Problems]:
    problems = Problems()
    texts = [d.text for d in documents(path, on_problem=problems, **options)]  # type: ignore[arg-type]
    bulk = Problems()
    parts = [
        part.decode("utf-8")
        for batch in batches(path, on_problem=bulk, **options)  # type: ignore[arg-type]
        for part in batch.documents()
    ]
    assert parts == texts
    assert bulk.by_kind == problems.by_kind
    assert [str(p) for p in bulk.first] == [str(p) for p in problems.first]
    return texts, problems


def test_broken_utf8_is_replaced_and_told_once_for_each_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\nb\xff\xfed\nfine \xc3\xa9\ncut \xe2\x82")
    texts, problems = read(path)
    assert texts == ["good\nb\ufffd\ufffdd\nfine é\ncut \ufffd"]
    assert [p.place for p in problems.first] == ["line 2", "line 4"]
    assert "0xff" in problems.first[0].message
    with pytest.raises(FormatError, match=r"a\.txt, line 2: not UTF-8"):
        list(documents(path, strict=True))


BAD_LINES = {
    b'{"text": "a\xff"}': "utf-8",
    b'{"text": "\\ud800"}': "surrogate",
    b'{"text": 1}': "field",
    b'{"text": null}': "field",
    b'{"other": "x"}': "field",
    b"[1, 2]": "field",
    b"{broken": "json",
    b'{"text": "a"} {"text": "b"}': "json",
    b"[" * 100_000: "json",
    b'{"n": ' + b"1" * 10_000 + b"}": "json",
    b'{"text": "tab\tinside"}': "json",
}


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: repr(line[:24]))
def test_a_broken_record_is_told_by_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "before"}\n\n' + line + b'\n{"text": "after"}')
    texts, problems = read(path)
    assert texts[0] == "before"
    assert texts[-1] == "after"
    assert problems.by_kind == {BAD_LINES[line]: 1}
    assert problems.first[0].place == "line 3"
    with pytest.raises(FormatError, match=r"a\.jsonl, line 3"):
        list(documents(path, strict=True))


def test_the_field_message_names_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "x", "title": "y"}\n')
    assert "'body', 'title'" in str(read(path)[1].first[0])
    path = tmp_path / "a.csv"
    path.write_text("texts,title\nx,y\n")
    assert "did you mean 'texts'" in str(read(path)[1].first[0])
    path = tmp_path / "a.parquet"
    pa.parquet.write_table(pa.table({"body": ["x"], "text": [[1]]}), path)
    assert "'body'" in str(read(path, field="t")[1].first[0])
    assert "list" in str(read(path)[1].first[0])


def test_rows_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pa.parquet.write_table(pa.table({"text": pa.array([b"a", None, b"\xff", b"d"])}), path)
    texts, problems = read(path)
    assert texts == ["a", "\ufffd", "d"]
    assert [p.place for p in problems.first] == ["row 1", "row 2"]
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"x"\n2\n3,y,z\n\n4,w\n5,"never\nends\n')
    texts, problems = read(path)
    assert texts[:2] == ["x", "w"]
    assert [p.place for p in problems.first][:2] == ["line 3", "line 4"]


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".feather"])
def test_hostile_tables_are_told_and_the_rest_is_read(tmp_path: Path, ending: str) -> None:
    good = tmp_path / "z.txt"
    good.write_text("good")
    for index, data in enumerate(
        (b"", b"PAR1", b"PAR1" * 100, b"ARROW1\0\0" * 9, os.urandom(999), b"FEA1....FEA1")
    ):
        bad = tmp_path / f"bad{index}{ending}"
        bad.write_bytes(data)
        texts, problems = read([bad, good])
        assert texts == ["good"]
        assert problems.by_kind == {"unreadable": 1}


@pytest.mark.parametrize("ending", [e for e in COMPRESSORS if e])
def test_cut_and_broken_compressed_files(tmp_path: Path, ending: str) -> None:
    data = COMPRESSORS[ending](b"".join(b"line %d\n" % n for n in range(200_000)))
    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(data[: len(data) // 2])
    problems = read(path)[1]
    assert problems.total == 1
    assert "too early" in str(problems.first[0])
    path.write_bytes(b"not compressed at all, but long enough to be looked at")
    assert read(path)[1].total == 1
    with pytest.raises(FormatError, match=str(path)):
        list(documents(path, strict=True))


def test_what_was_read_before_the_cut_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = b"".join(json.dumps({"text": f"{n} {os.urandom(40).hex()}"}).encode() + b"\n"
                     for n in range(50_000))  # fmt: skip
    path.write_bytes(gzip.compress(lines)[:-100_000])
    texts, problems = read(path)
    assert len(texts) > 40_000
    assert set(problems.by_kind) == {"compression", "json"}


def test_utf16_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("hello", encoding="utf-16")
    texts, problems = read(path)
    assert texts == []
    assert "iconv" in str(problems.first[0])


def test_one_unreadable_file_among_many(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    os.mkfifo(tmp_path / "pipe.txt")  # a pipe in a folder would wait for ever
    (tmp_path / "b.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "c.txt").write_text("c")
    assert read(tmp_path)[0] == ["a", "c"]
    gone = tmp_path / "a.txt"
    stream = documents([gone, tmp_path / "c.txt"], on_problem=(problems := Problems()))
    gone.unlink()
    assert [d.text for d in stream] == ["c"]
    assert problems.by_kind == {"unreadable": 1}


def test_without_a_listener_a_warning_tells_the_count(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("x\n" * 50)
    with pytest.warns(TokenworksWarning, match="and 30 more"):
        assert list(documents(path)) == []


def test_a_bomb_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.zst"
    compressor = zstandard.ZstdCompressor(level=19).compressobj()
    with path.open("wb") as file:
        for _ in range(600):
            file.write(compressor.compress(b"\0" * (1 << 20)))
        file.write(compressor.flush())
    problems = Problems()
    tracemalloc.start()
    total = sum(map(len, chunks(path, 1 << 20, on_problem=problems)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problems.by_kind["expansion"] == 1
    assert total < 400 << 20
    assert peak < 100 << 20


def test_a_huge_xz_window_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29}]
    path = tmp_path / "a.txt.xz"
    data = lzma.compress(b"x", filters=filters)
    path.write_bytes(data)
    assert read(path)[1].by_kind == {"unreadable": 1}


@pytest.mark.parametrize("compression", ["", ".gz"])
def test_a_huge_line_is_cut_between_characters_in_bounded_memory(
    tmp_path: Path, compression: str
) -> None:
    path = tmp_path / f"a.txt{compression}"
    line = "aé漢😀" * (32 << 17)  # 40 MiB without a newline
    data = line.encode() + b"\nend\n"
    path.write_bytes(gzip.compress(data, 1) if compression else data)
    problems = Problems()
    tracemalloc.start()
    total = 0
    for chunk in chunks(path, 1 << 20, on_problem=problems):
        chunk.decode("utf-8")
        total += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == len(data)
    assert peak < 16 << 20
    assert [str(p).split(": ")[1] for p in problems.first] == [
        "a line longer than 1,048,576 bytes was cut; raise max_document_bytes to keep it"
    ]


def test_a_huge_record_is_left_out_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("w") as file:
        file.write('{"text": "before"}\n{"text": "')
        for _ in range(80):
            file.write("x" * (1 << 20))
        file.write('"}\n{"text": "after"}\n')
    tracemalloc.start()
    texts, problems = read(path, max_document_bytes=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts == ["before", "after"]
    assert [p.place for p in problems.first] == ["line 2"]
    assert peak < 40 << 20


def test_long_texts_are_cut_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = "".join(f"line {n} é\n" for n in range(1000))
    path.write_text(json.dumps({"text": text}) + "\n")
    texts, problems = read(path, max_document_bytes=8192)
    assert "".join(texts) == text
    assert max(len(t.encode()) for t in texts) <= 8192
    assert problems.by_kind == {"cut": 1}
