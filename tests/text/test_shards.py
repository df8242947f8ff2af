"""Parts of files read as the whole, and cuts that split no pretoken."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenworks.text import Problems, batches, chunks, documents, shards, sources
from tokenworks.text.utf8 import character_cut, line_cut, pretoken_cut, splits_pretokens

PATTERNS = {
    "gpt2": r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++"
    r"[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
# few characters, so that the dangerous neighbours meet often
HOSTILE = st.text(st.sampled_from("ab1.é漢/'\"\n\n\n\r \t\u00a0\u2028\u3000\u0301😀"), max_size=60)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=list(PATTERNS))
@given(text=HOSTILE, end=st.integers(1, 100))
@settings(max_examples=1000, deadline=None)
def test_a_pretoken_cut_splits_no_pretoken(pattern: str, text: str, end: int) -> None:
    data = text.encode()
    at = pretoken_cut(data, min(end, len(data)))
    if 0 < at < len(data) and splits_pretokens(data, at):
        head, tail = data[:at].decode(), data[at:].decode()
        split = regex.findall(pattern, text)
        assert regex.findall(pattern, head) + regex.findall(pattern, tail) == split


@given(text=HOSTILE.filter(lambda t: len(t.encode()) > 4), end=st.integers(4, 100))
def test_cuts_are_between_characters(text: str, end: int) -> None:
    data = text.encode()
    for cut in (character_cut, line_cut, pretoken_cut):
        at = cut(data, min(end, len(data)))
        assert 0 <= at <= min(end, len(data))
        data[:at].decode("utf-8")


def counted(parts: list[bytes]) -> Counter[str]:
    found: Counter[str] = Counter()
    for part in parts:
        found.update(regex.findall(PATTERNS["o200k"], part.decode()))
    return found


def lines(count: int) -> str:
    return "".join(f"  line {n} é/漢\n{'/' * (n % 3)}\r\n{' ' * (n % 4)}" for n in range(count))


def test_counts_are_those_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(lines(5000), newline="")
    whole = counted([path.read_bytes()])
    for size in (4096, 5000, 1 << 16, 1 << 20):
        parts = list(chunks(path, size, strict=True))
        assert b"".join(parts) == path.read_bytes()
        assert counted(parts) == whole
        assert max(map(len, parts)) <= size + 8
        split = shards(sources(path), size)
        parts = [part for shard in split for part in chunks([shard], 1 << 20, strict=True)]
        assert b"".join(parts) == path.read_bytes()
        assert counted(parts) == whole
        assert len(split) >= min(8, path.stat().st_size // size // 2)


@settings(max_examples=50, deadline=None)
@given(
    blocks=st.lists(st.tuples(HOSTILE, st.integers(1, 400)), max_size=6),
    size=st.integers(4096, 9000),
)
def test_shards_partition_any_file(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[tuple[str, int]], size: int
) -> None:
    data = "".join(text * times for text, times in blocks).encode()
    path = tmp_path_factory.mktemp("s") / "a.txt"
    path.write_bytes(data)
    for split in ("whole", "lines"):
        parts = shards(sources(path), size, split=split)  # type: ignore[arg-type]
        assert b"".join(c for p in parts for c in chunks([p], on_problem=Problems())) == data
        assert pickle.loads(pickle.dumps(parts)) == parts


def test_shards_of_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\ufeff" + "".join(json.dumps({"text": t}) + "\n" for t in lines(3000).split()))
    parts = shards(sources(path), 8192)
    assert len(parts) > 4
    assert len({part.key for part in parts}) == len(parts)
    whole = [d.text for d in documents(path, strict=True)]
    assert [d.text for d in documents(parts, strict=True)] == whole
    data = path.read_bytes()
    for document in documents(parts, strict=True):
        line = data[document.position :].split(b"\n", 1)[0]
        assert json.loads(line.decode("utf-8-sig"))["text"] == document.text
    assert [p for b in batches(parts) for p in b.documents()] == [t.encode() for t in whole]


def test_broken_lines_in_a_part_are_told_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "x" * 50}) + "\n"
    path.write_text(good * 500 + "broken\n" + good * 500)
    problems = Problems()
    assert sum(1 for _ in documents(shards(sources(path), 4096), on_problem=problems)) == 1000
    assert [p.place for p in problems.first] == [f"byte {len(good) * 500}"]


def test_shards_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    texts = [f"text number {n}" for n in range(5000)]
    pa.parquet.write_table(pa.table({"text": texts}), path, row_group_size=100)
    parts = shards(sources(path), 20_000)
    assert len(parts) > 3
    assert [(d.text, d.position) for d in documents(parts)] == list(
        zip(texts, range(5000), strict=True)
    )


def test_what_cannot_be_split_stays_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n" + "x\n" * 90_000)
    (tmp_path / "b.txt").write_text("x" * 100_000)
    (tmp_path / "c.parquet").write_text("not parquet" * 9999)
    (tmp_path / "d.txt").write_text("x\n" * 9000, encoding="utf-16")
    found = sources(tmp_path)
    assert shards(found, 4096) == found
