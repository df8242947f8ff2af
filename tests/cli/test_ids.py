"""`tokenworks count`, `encode` and `decode`, with the tokenizers that ship with the package."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tokenworks import Tokenizer
from tokenworks.cli import main

TEXT = "Hello  wörld 👩‍💻\n\tif x == 1234567:\r\n नमस्ते"


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    return path


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_count(text_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = len(Tokenizer.load("gpt2").encode(TEXT))
    assert main(["count", "gpt2", str(text_file), str(text_file), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert [one["tokens"] for one in value["texts"]] == [expected, expected]
    assert value["total"] == {
        "tokens": 2 * expected,
        "bytes": 2 * len(TEXT.encode()),
        "characters": 2 * len(TEXT),
    }
    assert main(["count", "gpt2", str(text_file), str(text_file)]) == 0
    assert "total" in capsys.readouterr().out


def test_count_never_refuses_special_looking_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, b"<|endoftext|>")
    assert main(["count", "gpt2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["tokens"] > 1


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base", "qwen2.5", "tekken"])
def test_encode_and_decode_undo_each_other(
    name: str,
    text_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert main(["encode", name, str(text_file)]) == 0
    line = capfdbinary.readouterr().out
    assert line.split() == [b"%d" % i for i in Tokenizer.load(name).encode(TEXT).tolist()]
    feed(monkeypatch, line)
    assert main(["decode", name, "-"]) == 0
    assert capfdbinary.readouterr().out == TEXT.encode()


def test_json_of_encode_feeds_decode(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["encode", "gpt2", "--text", TEXT, "--json", "--spans"]) == 0
    line = capfdbinary.readouterr().out
    value = json.loads(line)
    assert value["count"] == len(value["ids"]) == len(value["spans"])
    assert value["spans"][-1][1] == len(TEXT.encode())
    feed(monkeypatch, line)
    assert main(["decode", "gpt2", "--json"]) == 0
    assert json.loads(capfdbinary.readouterr().out) == {"text": TEXT}


def test_each_line_is_a_sequence(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    ids = " ".join(map(str, Tokenizer.load("gpt2").encode("né").tolist()))
    assert main(["decode", "gpt2", "--ids", f"{ids}\n{ids}"]) == 0
    assert capfdbinary.readouterr().out == "né\nné\n".encode()


def test_bytes_that_are_no_text(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    first = str(int(Tokenizer.load("gpt2").encode("👩")[0]))
    assert main(["decode", "gpt2", "--ids", first]) == 0
    assert capfdbinary.readouterr().out == "\ufffd".encode()
    assert main(["decode", "gpt2", "--ids", first, "--errors", "bytes"]) == 0
    assert "👩".encode().startswith(capfdbinary.readouterr().out)
    assert main(["decode", "gpt2", "--ids", first, "--errors", "strict"]) == 2


def test_special_tokens_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encode", "gpt2", "--text", "a<|endoftext|>"]) == 2
    message = capsys.readouterr().err
    assert "'<|endoftext|>' at byte 1" in message
    for way in ("--text: the text spells", "--specials allow", "--specials text"):
        assert way in message
    assert main(["encode", "gpt2", "--text", "a<|endoftext|>", "--specials", "allow"]) == 0
    assert capsys.readouterr().out == "64 50256\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["count", "gpt3"], "nearest are gpt2"),
        (["count", "gpt2", "no/such/file"], "no/such/file: no such file"),
        (["count", "gpt2", "."], "is a directory"),
        (["count", "."], "no tokenizer in this folder"),
        (["count", "gpt2", "--errors", "ignore"], "is not one of strict, replace"),
        (["encode", "gpt2", "--specials", "maybe"], "is not one of error, allow, text"),
        (["encode", "gpt2", "--text", "x", "file"], "not both"),
        (["encode", "gpt2", "--text", "x", "--spans"], "--spans needs --json"),
        (["decode", "gpt2", "--ids", "1 x"], "--ids:1: 'x' is not a token id"),
        (["decode", "gpt2", "--ids", "99999999"], "from 0 to 50256"),
        (["decode", "gpt2", "--ids", "1", "file"], "not both"),
        (["count", "hf://no-such/tokenizer", "--offline"], "offline"),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_text_that_is_not_utf8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "latin1.txt"
    path.write_bytes(b"caf\xe9")
    assert main(["count", "gpt2", str(path)]) == 2
    assert "byte 0xe9 at position 3 is not UTF-8" in capsys.readouterr().err
    assert main(["count", "gpt2", str(path), "--errors", "replace", "--json"]) == 0
