"""Names: paths by content, embedded names, hf:// only when asked; hostile files with one clear line."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
import zstandard
from tests.assets import asset

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, OptionError, TokenworksError, UnknownNameError
from tokenworks.tokenizer import source

SMALL = {"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("o200kbase", "nearest are o200k_base"),
        ("Qwen/Qwen2.5-7B", "for the Hub write hf://Qwen/Qwen2.5-7B"),
        ("no/such/path.json", "no file, folder or embedded tokenizer"),
        ("a\0b", "no file"),
        ("x" * 5000, "no file"),
        ("", "not a tokenizer|no file|no tokenizer"),
    ],
)
def test_a_mistyped_name_lists_the_nearest_and_stays_offline(
    name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TokenworksError, match=says) as caught:
        Tokenizer.load(name)
    assert "\n" not in str(caught.value)


def test_a_mistyped_path_lists_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(SMALL))
    with pytest.raises(UnknownNameError, match=r"nearest are .*tokenizer\.json"):
        Tokenizer.load(tmp_path / "tokeniser.json")


def test_the_hub_is_refused_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UnknownNameError, match="network is refused"):
        Tokenizer.load("hf://nobody/nothing-here", offline=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UnknownNameError, match="network is refused"):
        Tokenizer.load("hf://nobody/nothing-here")
    with pytest.raises(UnknownNameError, match="expected hf://org/name"):
        Tokenizer.load("hf://../etc/passwd?")


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress, bytes])
def test_formats_are_recognised_by_content(tmp_path: Path, pack: Any) -> None:
    path = tmp_path / "without-an-ending"
    path.write_bytes(pack(json.dumps(SMALL).encode()))
    assert Tokenizer.load(path).n_tokens == 2
    path.write_bytes(pack(asset("tokenizers/r50k_base.tiktoken").read_bytes()))
    assert Tokenizer.load(path).encode("Hello world").tolist() == [15496, 995]
    path.write_bytes(pack(b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n##s\n"))
    assert Tokenizer.load(path).encode("Hellos").tolist() == [4, 5]


def test_folders(tmp_path: Path) -> None:
    shutil.copy(asset("tokenizers/mistral-v1.model"), tmp_path / "tokenizer.model")
    assert Tokenizer.load(tmp_path).definition.origin.format == "sentencepiece"
    (tmp_path / "tekken.json").symlink_to(asset("tokenizers/tekken-240718.json"))
    assert Tokenizer.load(tmp_path).definition.origin.format == "tekken"
    (tmp_path / "tokenizer.json").write_text(json.dumps(SMALL))
    assert Tokenizer.load(tmp_path).definition.origin.format == "huggingface"
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FormatError, match="no tokenizer in this folder"):
        Tokenizer.load(empty)
    (tmp_path / "two").mkdir()
    for name in ("a.tiktoken", "b.tiktoken"):
        (tmp_path / "two" / name).write_bytes(b"")
    with pytest.raises(FormatError, match="several tokenizers"):
        Tokenizer.load(tmp_path / "two")


def bomb(kind: str) -> bytes:
    zeros = b" " * (1 << 20)
    if kind == "gz":
        return gzip.compress(zeros * 64, 9)
    if kind == "xz":
        return lzma.compress(zeros * 64)
    writer = zstandard.ZstdCompressor(level=19).compressobj()
    return b"".join(writer.compress(zeros) for _ in range(256)) + writer.flush()


HOSTILE: list[tuple[str, Any, str]] = [
    ("empty", b"", "empty"),
    ("zeros", bytes(1000), "not a tokenizer"),
    ("picture", b"\x89PNG\r\n\x1a\n" + bytes(50), "not a tokenizer"),
    ("pickle", b"\x80\x04\x95\x10\x00", "not a tokenizer"),
    ("prose", b"It was a dark and stormy night.\n", "not a tokenizer"),
    ("truncated", json.dumps(SMALL).encode()[:-9], r"truncated JSON.*line 1, column"),
    ("broken", b'{"model": \n nonsense}', r"not JSON.*line 2, column 2"),
    ("deep", b'{"model":' * 100_000, "nested too deeply|truncated"),
    ("latin", b'{"model": "\xff"}', "byte 11 is not UTF-8"),
    ("array", b"[1, 2]", "not a tokenizer"),
    ("number", b'{"model": 1e999999}', "model"),
    ("digits", b'{"model": ' + b"9" * 10_000 + b"}", "thousands of digits"),
    ("twice", b'{"model": {"vocab": {"a": 0, "a": 1}}}', "stands twice"),
    ("vocabulary", b'{"a": 0, "b": 1}', "vocabulary alone"),
    ("nothing", b"{}", 'no "model"'),
    ("gz", lambda: bomb("gz"), "bomb"),
    ("xz", lambda: bomb("xz"), "bomb"),
    ("zst", lambda: bomb("zst"), "bomb"),
    ("short.gz", lambda: gzip.compress(b"{}" * 999)[:-9], "damaged or truncated"),
    ("short.xz", lambda: lzma.compress(b"{}" * 999)[:-9], "damaged or truncated"),
    ("short.zst", lambda: zstandard.compress(os.urandom(9999))[:-99], "damaged|not a tokenizer"),
    ("bad.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 40, "damaged or truncated"),
]


@pytest.mark.parametrize(("name", "data", "says"), HOSTILE, ids=[case[0] for case in HOSTILE])
def test_hostile_files_get_one_clear_line(tmp_path: Path, name: str, data: Any, says: str) -> None:
    path = tmp_path / f"file.{name}"
    path.write_bytes(data() if callable(data) else data)
    with pytest.raises(FormatError, match=says) as caught:
        Tokenizer.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_past_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 2000)
    with pytest.raises(FormatError, match="larger than 1,000 bytes"):
        source.read_bytes(path, max_bytes=1000)
    with pytest.raises(FormatError, match="is a directory"):
        source.read_bytes(tmp_path)
    with pytest.raises(FormatError, match="no such file"):
        source.read_bytes(tmp_path / "absent")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.json"
    path.write_text("{}")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FormatError, match="no permission"):
        Tokenizer.load(path)


def test_options_that_a_format_does_not_take(tmp_path: Path) -> None:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(SMALL))
    for name in (path, "gpt2", tmp_path):
        (tmp_path / "tokenizer.json").write_text(json.dumps(SMALL))
        with pytest.raises(OptionError, match="takes no option 'pattern'"):
            Tokenizer.load(name, pattern="x")
    with pytest.raises(OptionError, match="unknown option 'colour'"):
        Tokenizer.load(asset("tokenizers/r50k_base.tiktoken"), colour="red")
