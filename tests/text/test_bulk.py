"""The bulk path gives what the documents give, on whatever a file may hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenworks.errors import FormatError
from tokenworks.text import (
    Document,
    Problems,
    batched,
    batches,
    chunks,
    documents,
    not_empty,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUE = st.one_of(TEXT, st.none(), st.integers(), st.lists(TEXT, max_size=2), st.floats())
RECORD = st.dictionaries(st.sampled_from(["text", "id", "text.x", "z"]), VALUE, max_size=3)
LINE = st.one_of(
    RECORD.map(lambda r: json.dumps(r).encode()),
    RECORD.map(lambda r: json.dumps(r, ensure_ascii=False).encode()),
    TEXT.map(lambda t: json.dumps({"text": t}).encode()),
    st.sampled_from(
        [b"", b" ", b"{", b"}", b"{}", b"[]", b'"str"', b"null", b"\xff", b"\r", b"{}{}",
         b'{"text":"a"}{"text":"b"}', b'{"text":"a",', b'"z":{"text":"b"}}', b'{"text":"\\ud800"}',
         b'{"text":"a","text":"b"}', b'{"text":"\\u0000"}', b'{"text":"a"}\r', b'\xef\xbb\xbf{}',
         b'{"text":"a"} ', b'{"text":"a","z":NaN}', b'{"text":"a","z":1e999}']
    ),
    st.binary(max_size=8),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(lines=st.lists(LINE, max_size=9), end=st.sampled_from([b"", b"\n", b"\n\n"]))
def test_json_lines_in_bulk(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes
) -> None:
    path = tmp_path_factory.mktemp("b") / "a.jsonl"
    path.write_bytes(b"\n".join(lines) + end)
    one, two = Problems(), Problems()
    texts = [d.text for d in documents(path, on_problem=one)]
    parts = [p.decode() for b in batches(path, 4096, on_problem=two) for p in b.documents()]
    assert parts == texts
    assert one.to_json() == two.to_json()


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), times=st.integers(1, 60))
@pytest.mark.parametrize(
    "name", ["a.txt", "a.jsonl", "a.json", "a.csv", "a.html", "a.parquet", "a.arrow", "a.txt.gz",
             "a.txt.zst", "a.txt.xz", "a.txt.bz2"]
)  # fmt: skip
def test_any_bytes_in_any_format_only_give_problems(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes, times: int
) -> None:
    path = tmp_path_factory.mktemp("b") / name
    path.write_bytes(data * times)
    for split in ("whole", "lines", "paragraphs"):
        one, two = Problems(), Problems()
        texts = [
            d.text for d in documents(path, split=split, max_document_bytes=4096, on_problem=one)
        ]
        assert all(text and text.encode("utf-8") for text in texts)
        parts = batches(path, 4096, split=split, max_document_bytes=4096, on_problem=two)
        assert [p.decode() for b in parts for p in b.documents()] == texts
        assert one.by_kind == two.by_kind


def test_borders_of_documents(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"text": ""}\n{"text": "bé\\n"}\n')
    (tmp_path / "b.txt").write_text("plain")
    one, two = batches(tmp_path, strict=True)
    assert one.data == "abé\n".encode()
    assert one.ends.dtype == np.uint64
    assert one.ends.tolist() == [1, 5]
    assert list(two.documents()) == [b"plain"]
    assert list(chunks(tmp_path)) == ["a\nbé\n".encode(), b"plain"]


def test_documents_can_be_batched() -> None:
    found = [Document(f"text {n} " * 20, f"f{n}", n) for n in range(200)]
    parts = list(batched(found, 4096))
    assert len(parts) > 5
    assert [p.decode() for b in parts for p in b.documents()] == [d.text for d in found]
    assert parts[0].source == "f0"


def test_an_empty_corpus_is_an_error_that_tells_why(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"body": "x"}\n')
    problems = Problems()
    stream = not_empty(documents(tmp_path, on_problem=problems), tmp_path, problems)
    with pytest.raises(FormatError, match=r"holds no text\n.*\n.*'body'"):
        list(stream)
    assert list(not_empty([Document("x", "a", 0)], "a")) == [Document("x", "a", 0)]
