"""Faults of files as files: downloads, encodings, archives, truncation."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor import doctor

sys.path.insert(0, str(Path(__file__).parent))
import small

GOOD = json.dumps(small.bpe(), ensure_ascii=False, indent=2)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9085657\n"

FILES: list[tuple[str, Callable[[], bytes], str, str]] = [
    ("empty", lambda: b"", "empty", "0 bytes"),
    ("zeros", lambda: bytes(5000), "all-zero", "5,000"),
    ("byte order mark", lambda: b"\xef\xbb\xbf" + GOOD.encode(), "bom", "EF BB BF"),
    ("utf-16", lambda: GOOD.encode("utf-16"), "encoding", "UTF-16"),
    ("latin-1", lambda: GOOD.encode("latin-1", "replace"), "encoding", "not UTF-8"),
    (
        "web page",
        lambda: b"<!DOCTYPE html><html><body>Log in</body></html>",
        "html-page",
        "web page",
    ),
    ("git-lfs pointer", lambda: LFS, "lfs-pointer", "9085657"),
    ("gzip", lambda: gzip.compress(GOOD.encode()), "compressed", "gzip"),
    ("zip", lambda: b"PK\x03\x04" + bytes(50), "compressed", "ZIP"),
    ("pickle", lambda: b"\x80\x04\x95" + bytes(50), "compressed", "pickle"),
    ("cut in a list", GOOD[:-2000].encode, "truncated-json", "middle"),
    (
        "cut in a string",
        GOOD[: GOOD.index('"merges"') + 4].encode,
        "truncated-json",
        "middle",
    ),
    ("two values", lambda: GOOD.encode() + b"\n{}", "trailing-data", "more text"),
    (
        "a comma too much",
        lambda: GOOD.replace('"version": "1.0",', '"version": "1.0",,').encode(),
        "bad-json",
        "near",
    ),
    ("not JSON", lambda: b"hello world", "not-json", "hello"),
    (
        "NaN",
        lambda: json.dumps(
            {
                "version": "1.0",
                "model": {"type": "Unigram", "vocab": [["a", float("nan")]], "unk_id": 0},
            }
        ).encode(),
        "not-a-number",
        "NaN",
    ),
    (
        "key twice",
        lambda: GOOD.replace('"h": 104', '"h": 104, "h": 105').encode(),
        "repeated-key",
        "'h'",
    ),
    ("a list", lambda: b"[1, 2]", "not-a-tokenizer", "list"),
    (
        "a config",
        lambda: b'{"model_type": "llama", "architectures": ["X"]}',
        "not-a-tokenizer",
        "config",
    ),
    ("deep", lambda: b"[" * 200_000, "too-deep", "nested"),
    ("huge number", lambda: b'{"version": ' + b"9" * 10_000 + b"}", "number", "cannot be read"),
]


@pytest.mark.parametrize("case", FILES, ids=[c[0] for c in FILES])
def test_the_file_itself_is_wrong(
    case: tuple[str, Callable[[], bytes], str, str], tmp_path: Path
) -> None:
    _, make, code, word = case
    path = tmp_path / "tokenizer.json"
    path.write_bytes(make())
    report = doctor(path)
    assert not report.healthy
    assert any(f.code == code and word in f.what for f in report.findings), report.findings


def test_truncation_names_the_last_position(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    text = GOOD[: GOOD.index('"hell"')].rstrip()
    path.write_text(text, encoding="utf-8")
    (finding,) = doctor(path).findings
    assert finding.line == text.count("\n") + 1


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").mkdir()
    assert "is-directory" in doctor(tmp_path).codes()


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        doctor(tmp_path / "absent.json")
    with pytest.raises(FormatError):
        doctor("a\0b")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "not-a-tokenizer" in doctor(tmp_path).codes()
