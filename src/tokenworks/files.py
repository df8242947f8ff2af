"""Writing without half-written files, and the manifest that says how an artefact came about.

Everything is written beside its target under a temporary name, flushed to the disk and renamed.
A full disk or a missing permission gives a `WriteError` and leaves what was there before.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from tokenworks.errors import OptionError, WriteError

MANIFEST = "manifest.json"

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EROFS: "the file system is read-only",
    errno.EISDIR: "it is a directory",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EFBIG: "the file is larger than the file system allows",
}


def write_error(path: Path, error: OSError) -> WriteError:
    """The one clear error for a failed write; nothing half-written is left when it is raised."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return WriteError(f"cannot write {path}: {reason}")


def _sync_folder(folder: Path) -> None:
    # A rename is durable once its folder is; not every system can open folders.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _plain_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _missing(folder: Path) -> list[Path]:
    """The folders that must be made for this one to be there, the innermost first."""
    return [one for one in (folder, *folder.parents) if not one.exists()]


def _remove(made: list[Path]) -> None:
    for folder in made:
        with suppress(OSError):  # another file may have come into it meanwhile
            folder.rmdir()


@contextmanager
def atomic_file(path: str | Path) -> Iterator[IO[bytes]]:
    """A binary file that takes its name only when the block ends without an error.

    Args:
        path: the target; its folder is made where it is missing.

    Raises:
        WriteError: it cannot be written; an earlier file of this name is then untouched.
    """
    target = Path(path)
    beside: Path | None = None
    made: list[Path] = []
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "Is a directory")
        made = _missing(target.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
        beside = Path(name)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if os.name == "posix":  # mkstemp makes private files
            mode = target.stat().st_mode & 0o777 if target.exists() else _plain_mode()
            beside.chmod(mode)
        beside.replace(target)
        beside = None
        made.clear()
        _sync_folder(target.parent)
    except WriteError:
        raise
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)
        _remove(made)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a whole file at once, or leave what was there.

    Raises:
        WriteError: it cannot be written.
    """
    with atomic_file(path) as stream:
        stream.write(data)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with its line ends as they are, or leave what was there.

    Raises:
        WriteError: it cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write indented JSON with a final line end, or leave what was there.

    Raises:
        WriteError: it cannot be written.
    """
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def atomic_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder that takes its name only when the block ends without an error.

    Args:
        path: the target folder; it must be absent or empty unless `overwrite` is set.
        overwrite: replace a folder that holds something.

    Raises:
        OptionError: as `refuse_taken`.
        WriteError: it cannot be written; an earlier folder is then untouched.
    """
    target = Path(path)
    refuse_taken(target, overwrite=overwrite)
    beside: Path | None = None
    made: list[Path] = []
    try:
        made = _missing(target.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".", suffix=".part"))
        yield beside
        if os.name == "posix":
            beside.chmod(0o755 & (_plain_mode() | 0o111))
        if target.exists():
            old = Path(tempfile.mkdtemp(dir=target.parent, prefix=".", suffix=".old"))
            target.replace(old / "folder")
            beside.replace(target)
            shutil.rmtree(old, ignore_errors=True)
        else:
            beside.replace(target)
        beside = None
        made.clear()
        _sync_folder(target.parent)
    except WriteError as error:  # of a file inside: say the name that was asked for
        raise WriteError(str(error).replace(str(beside or target), str(target))) from error
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
        _remove(made)


def refuse_taken(target: Path, *, overwrite: bool) -> None:
    """Refuse to write a folder in the place of what must not be lost.

    What is written here are folders of files. One that holds folders is someone's own, perhaps with the
    very model that is read, and is never replaced.

    Raises:
        OptionError: the target is a file, holds something and `overwrite` is not set, or holds folders.
    """
    if target.exists() and not target.is_dir():
        raise OptionError(f"{target} is a file; name a folder")
    if not target.is_dir():
        return
    held = list(target.iterdir())
    if held and not overwrite:
        raise OptionError(f"{target} is not empty; name a new folder or ask to overwrite it")
    inner = sorted(one.name for one in held if one.is_dir())
    if inner:
        raise OptionError(
            f"{target} holds folders ({', '.join(inner[:3])}{', ...' if len(inner) > 3 else ''}), "
            "which are not overwritten; name another folder, or delete it yourself"
        )


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits, read in blocks."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hashes_of(inputs: Iterable[str | Path]) -> dict[str, str]:
    """The SHA-256 of files by name; folders stand for the files directly inside them."""
    hashes: dict[str, str] = {}
    for source in map(Path, inputs):
        files = sorted(source.iterdir()) if source.is_dir() else [source]
        hashes.update({str(file): sha256(file) for file in files if file.is_file()})
    return hashes


def manifest(
    *,
    inputs: Iterable[str | Path] | Mapping[str, str] = (),
    seed: int | None = None,
    command: list[str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """How an artefact came about: versions, hashes of the inputs, seed and command.

    Args:
        inputs: the files read; folders stand for the files directly inside them. Or their SHA-256
            by name, where it is known.
        seed: of the run.
        command: the arguments; those of this process where it is left out.
        extra: further entries, such as the sha256 of a tokenizer.
    """
    hashes = dict(inputs) if isinstance(inputs, Mapping) else hashes_of(inputs)
    versions = {"python": sys.version.split()[0]}
    for package in ("tokenworks", "numpy"):  # the metadata of packages say the same, more slowly
        found = getattr(sys.modules.get(package), "__version__", None)
        if found is not None:
            versions[package] = found
    shown = [Path(sys.argv[0]).name, *sys.argv[1:]] if command is None else command
    return {
        "command": shown,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "versions": versions,
        "inputs_sha256": hashes,
        **(extra or {}),
    }


def write_manifest(
    folder: str | Path,
    *,
    inputs: Iterable[str | Path] | Mapping[str, str] = (),
    seed: int | None = None,
    command: list[str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Path:
    """Write `manifest.json` into a folder; the arguments are those of `manifest`.

    Raises:
        WriteError: it cannot be written.
    """
    path = Path(folder) / MANIFEST
    write_json(path, manifest(inputs=inputs, seed=seed, command=command, extra=extra))
    return path
