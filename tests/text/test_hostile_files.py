"""Mutated and malicious files give problems, never a crash, and both ways of reading agree."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tokenworks.text import Problems, batches, documents

from .writing import TEXTS, encoded

WORDS = [b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff\xff\xff\xff", b"\0\0\0\0"]


def mutated(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed))
        kind = rng.random()
        if kind < 0.6:
            changed[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        elif kind < 0.8:
            changed[at : at + 4] = rng.choice(WORDS)
        elif kind < 0.9:
            del changed[max(1, at) :]
        else:
            del changed[max(1, at) : at + rng.randint(1, 8)]
    return bytes(changed)


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".feather", ".json", ".jsonl", ".csv"])
def test_mutated_files(tmp_path: Path, ending: str) -> None:
    rng = random.Random(ending)
    whole = encoded(ending, TEXTS * 3)
    path = tmp_path / f"a{ending}"
    told = 0
    for _ in range(150):
        path.write_bytes(mutated(rng, whole))
        one, two = Problems(), Problems()
        texts = [d.text for d in documents(path, on_problem=one)]
        parts = [p.decode() for b in batches(path, on_problem=two) for p in b.documents()]
        assert parts == texts
        assert one.by_kind == two.by_kind
        told += bool(one)
        list(documents(path, labels="column:id", on_problem=Problems()))
    assert told > 20


def test_broken_statistics_do_not_end_the_process(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": TEXTS})
    pa.parquet.write_table(table, path)
    whole = path.read_bytes()
    for at in range(len(whole) - 700, len(whole) - 8):
        path.write_bytes(whole[:at] + b"\x7f" + whole[at + 1 :])
        list(documents(path, on_problem=Problems()))
    path.write_bytes(whole)
    assert [d.text for d in documents(path)] == list(TEXTS)


JSON = {
    "[" * 1_000_000: [],
    '[{"text": "a"}, {"text": "b"': ["a"],
    '[{"text": "a"}, {"text": b}, {"text": "c"}]': ["a"],
    '[{"text": "a"}, {"text": "\\ud83d': ["a"],
    '["a", "b", 3, null, ["c"], {"text": "d"}]': ["a", "b", "d"],
    '{"text": "a"}': ["a"],
    '{"text": "a"} {"text": "b"}': ["a", "b"],
    "": None,
    "  \n": None,
    "[]": None,
    "[1": [],
    '"a': [],
    "nonsense": [],
}


@pytest.mark.parametrize("text", JSON, ids=lambda text: repr(text[:40]))
def test_json_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    problems = Problems()
    began = time.perf_counter()
    found = [d.text for d in documents(path, on_problem=problems)]
    assert time.perf_counter() - began < 20
    assert found == (JSON[text] or [])
    whole = JSON[text] is None or text.startswith('{"text": "a"}')
    assert bool(problems) == (not whole)


def test_a_huge_json_record_ends_the_file_and_not_the_program(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write('["before", "')
        for _ in range(20):
            file.write("x" * (1 << 20))
        file.write('", "after"]')
    problems = Problems()
    assert [d.text for d in documents(path, max_document_bytes=1 << 20, on_problem=problems)] == [
        "before"
    ]
    assert "raise max_document_bytes" in str(problems.first[0])


def test_a_csv_quote_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text\ngood\n"never closed\n' + "row\n" * 2_000_000)
    problems = Problems()
    found = [d.text for d in documents(path, max_document_bytes=1 << 20, on_problem=problems)]
    assert found[0] == "good"
    assert problems.by_kind["row"] >= 1
    assert "quote" in str(problems.first[0])
