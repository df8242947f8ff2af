"""Writing: all or nothing, one clear error, and a manifest."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path

import pytest

from tokenworks import files
from tokenworks.errors import OptionError, WriteError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_write_and_replace(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    files.write_text(target, "één\r\n")
    assert target.read_bytes() == "één\r\n".encode()
    files.write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert names(target.parent) == ["a.txt"]


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_modes_are_those_of_an_ordinary_file(tmp_path: Path) -> None:
    target = tmp_path / "a"
    files.write_bytes(target, b"")
    (tmp_path / "b").write_bytes(b"")
    assert target.stat().st_mode == (tmp_path / "b").stat().st_mode
    target.chmod(0o640)
    files.write_bytes(target, b"x")
    assert target.stat().st_mode & 0o777 == 0o640


def test_an_error_inside_the_block_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with pytest.raises(KeyError), files.atomic_file(target) as stream:
        stream.write(b"half")
        raise KeyError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("code", "reason"), [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no permission")]
)
def test_a_failing_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(WriteError, match=f"cannot write .*: {reason}"):
        files.write_bytes(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_really_full_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        files.tempfile,
        "mkstemp",
        lambda **_: (os.open("/dev/full", os.O_WRONLY), str(tmp_path / "beside")),
    )
    with pytest.raises(WriteError, match="the disk is full"):
        files.write_bytes(tmp_path / "a", b"x" * 100_000)
    assert names(tmp_path) == []


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="it is a directory"):
        files.write_bytes(tmp_path, b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteError, match=r"not a directory|exists"):
        files.write_bytes(tmp_path / "file" / "below", b"x")


def test_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(ZeroDivisionError), files.atomic_folder(target) as folder:
        (folder / "a").write_text("x")
        raise ZeroDivisionError
    assert names(tmp_path) == []
    with files.atomic_folder(target) as folder:
        (folder / "a").write_text("x")
        assert not target.exists()
    assert names(target) == ["a"]


def test_folder_is_not_overwritten_unasked(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine").write_text("x")
    with pytest.raises(OptionError, match="not empty"), files.atomic_folder(target):
        pass
    with files.atomic_folder(target, overwrite=True) as folder:
        (folder / "new").write_text("x")
    assert names(target) == ["new"]
    assert names(tmp_path) == ["out"]
    with pytest.raises(OptionError, match="is a file"), files.atomic_folder(target / "new"):
        pass


def test_manifest(tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_bytes(b"text")
    path = files.write_manifest(
        tmp_path, inputs=[source], seed=7, command=["tokenworks", "x"], extra={"more": 1}
    )
    value = json.loads(path.read_text())
    assert value["inputs_sha256"] == {str(source): hashlib.sha256(b"text").hexdigest()}
    assert value["seed"] == 7
    assert value["command"] == ["tokenworks", "x"]
    assert value["more"] == 1
    assert value["versions"]["python"].startswith("3.")
    assert value["created"].endswith("+00:00")
