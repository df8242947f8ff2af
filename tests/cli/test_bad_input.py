"""Each kind of bad input: exit code 2, one line that names it, nothing half-written."""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tokenworks.cli import main

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
RANKS = [base64.b64encode(bytes((byte,))).decode() + f" {byte}" for byte in range(256)]


def document(change: Callable[[dict[str, Any]], object]) -> str:
    vocab = {"a": 0, "b": 1, "ab": 2, "aba": 3}
    value: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": BYTE_LEVEL | {"use_regex": True},
        "decoder": BYTE_LEVEL | {"use_regex": True},
        "model": {"type": "BPE", "vocab": vocab, "merges": [["a", "b"], ["ab", "a"]]},
    }
    change(value)
    return json.dumps(value)


def _cyclic(value: dict[str, Any]) -> None:
    value["model"]["vocab"][""] = 9
    value["model"]["merges"].append(["ab", ""])


FILES: dict[str, tuple[str, str, str]] = {  # content, name of the file, what the message says
    "no tokenizer": ("hello\nworld\n", "notes.txt", "not a tokenizer"),
    "empty": ("", "tokenizer.json", "empty"),
    "truncated JSON": (document(bool)[:150], "tokenizer.json", "truncated JSON"),
    "cyclic merges": (document(_cyclic), "tokenizer.json", r"merges\[2\] is cyclic"),
    "a future version": (
        document(lambda v: v.update(version="2.0")),
        "tokenizer.json",
        "version '2.0'; known is '1.0'",
    ),
    "two tokens with one id": (
        document(lambda v: v["model"]["vocab"].update(b=0)),
        "tokenizer.json",
        "'a' and 'b' both have the id 0",
    ),
    "a rank missing": ("\n".join(RANKS[:99] + RANKS[100:]), "r.tiktoken", "rank 99 is missing"),
    "two tokens with one rank": (
        "\n".join([*RANKS, "YWI= 7"]),
        "r.tiktoken",
        "two tokens have the rank 7",
    ),
}
VERBS = {
    "count": lambda path, out: ["count", path, path],
    "encode": lambda path, out: ["encode", path, "--text", "a"],
    "convert": lambda path, out: ["convert", path, "-o", out],
    "verify": lambda path, out: ["verify", path, "gpt2"],
    "audit": lambda path, out: ["audit", path, "-o", f"{out}/report.html"],
}


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("error: ")
    return said.err


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "encode"])
def test_every_verb_refuses_a_broken_tokenizer(
    kind: str, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, name, message = FILES[kind]
    path, out = tmp_path / name, tmp_path / "out"
    path.write_text(content)
    said = refused(VERBS[verb](str(path), str(out)), capsys)
    assert str(path) in said
    assert re.search(message, said)
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", FILES)
def test_doctor_names_the_fault(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, name, _ = FILES[kind]
    (tmp_path / name).write_text(content)
    assert main(["doctor", str(tmp_path / name), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["findings"]


def test_folders_and_absent_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no tokenizer in this folder" in refused(["audit", str(tmp_path)], capsys)
    refused(["count", str(tmp_path / "absent.json"), str(tmp_path)], capsys)
    refused(["doctor", str(tmp_path / "absent.json")], capsys)


def test_a_bomb_is_not_unpacked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tokenizer.json.zst"
    with path.open("wb") as raw, zstandard.ZstdCompressor().stream_writer(raw) as stream:
        for _ in range(1000):
            stream.write(bytes(1 << 20))
    assert "decompression bomb" in refused(["audit", str(path)], capsys)


def _without_privileges() -> None:
    # root reads everything, unless these two capabilities are gone before the program begins
    if os.geteuid() == 0:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            if libc.prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP
                raise OSError(ctypes.get_errno(), "cannot drop a capability")


@pytest.mark.parametrize(
    "command",
    [
        "audit {}",
        "count {} {}",
        "count gpt2 {}",
        "verify gpt2 {}",
        "doctor {}",
        "convert {} -o {}.out",
        "audit gpt2 --on {}",
        "train {} --vocab-size 300 -o {}.out",
    ],
)
def test_no_permission(command: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(document(bool))
    path.chmod(0)
    said = subprocess.run(
        [sys.executable, "-m", "tokenworks", *command.replace("{}", str(path)).split()],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=_without_privileges,
    )
    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr.count("\n") == 1
    assert str(path) in said.stderr
    assert "permission" in said.stderr.lower()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "command",
    [
        "extend gpt2 --on {corpus} --add 1 -o {out}",
        "prune kl3m-004-char-4k-cased --on {corpus} --size 3900 -o {out}",
        "train {corpus} --vocab-size 262 -o {out}",
    ],
)
def test_a_full_disk_is_told_by_the_name_that_was_asked_for(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus, out, synced = tmp_path / "corpus.txt", tmp_path / "new" / "out", os.fsync
    corpus.write_text("zyxwv zyxwv vwxyz vwxyz\n" * 50)

    def full(handle: int) -> None:
        if str(out.parent) in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(handle)

    monkeypatch.setattr(os, "fsync", full)
    said = refused(command.format(corpus=corpus, out=out).split(), capsys)
    assert f"cannot write {out}" in said
    assert "the disk is full" in said
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [corpus]


@pytest.mark.parametrize("verb", ["verify", "audit"])
def test_a_corpus_without_text(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text("{broken\n")
    names = ["gpt2", "gpt2"][: 2 if verb == "verify" else 1]
    said = refused([verb, *names, "--on", str(path)], capsys)
    assert "holds no text" in said
    assert "line 1" in said or ":1" in said


@pytest.mark.parametrize("to", ["huggingface", "tiktoken", "gguf"])
def test_a_full_disk_leaves_nothing(
    to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, synced = tmp_path / "new" / "out", os.fsync

    def full(handle: int) -> None:
        if str(tmp_path) in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(handle)

    monkeypatch.setattr(os, "fsync", full)
    said = refused(["convert", "gpt2", "--to", to, "-o", str(out), "--budget", "2000"], capsys)
    assert "the disk is full" in said
    assert list(tmp_path.iterdir()) == []


def test_a_limit_on_file_sizes_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "gpt2.tiktoken"
    out.write_text("before")
    convert = ["convert", "gpt2", "--to", "tiktoken", "-o", str(out), "--overwrite"]
    said = subprocess.run(
        [sys.executable, "-m", "tokenworks", *convert, "--budget", "2000"],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)),
    )
    assert said.returncode == 2
    assert said.stderr.count("\n") == 1
    assert "cannot write" in said.stderr
    assert list(tmp_path.iterdir()) == [out]
    assert out.read_text() == "before"


def test_standard_output_on_a_full_disk() -> None:
    with Path("/dev/full").open("wb") as full:
        said = subprocess.run(
            [sys.executable, "-m", "tokenworks", "methods", "list"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert said.returncode == 2
    assert said.stderr == "error: cannot write the output: No space left on device\n"
