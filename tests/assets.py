"""The large public test collection: tokenizers, corpora and models that the repository does not carry.

`asset("tokenizers/gpt-2.json")` gives a path inside `.assets/`, unpacking that one entry on first
use from a folder `shared/assets` that stands in this checkout or in one of the folders above it.
Where there is no such folder the calling test is skipped. That is the only skip of the suite.
"""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UNPACKED = ROOT / ".assets"
ARCHIVES = (".tar.xz", ".tgz", ".tar")


def _packed() -> Path | None:
    for folder in (ROOT, *ROOT.parents):
        candidate = folder / "shared" / "assets"
        if (candidate / "MANIFEST.md").is_file():
            return candidate
    return None


def _partial() -> Path:
    """Where entries grow: several workers may unpack one, and nobody may see half of it."""
    folder = UNPACKED / ".partial"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _unpack_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=_partial())
    opener = lzma.open if source.suffix == ".xz" else open
    with opener(source, "rb") as packed, os.fdopen(handle, "wb") as plain:
        shutil.copyfileobj(packed, plain)
    Path(beside).replace(target)


def _unpack_archive(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=_partial()))
    with tarfile.open(source) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(beside, filter="data")
        else:  # Python before 3.11.4; the collection is trusted
            archive.extractall(beside)
    try:
        beside.rename(target)
    except OSError:  # another worker was first
        shutil.rmtree(beside)


def _concatenate(sources: list[Path], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=_partial())
    with os.fdopen(handle, "wb") as out:
        for index, source in enumerate(sources):
            out.write(b"\n\n" if index else b"")
            out.write(source.read_bytes())
    Path(beside).replace(target)


def find_asset(name: str) -> Path | None:
    """The unpacked path of an entry such as `corpora/ntrex128`, or None where it is not present."""
    target = UNPACKED / name
    packed = _packed()
    # Entry by entry: of such a folder another worker may have unpacked only a part by now.
    if packed is not None and (packed / name).is_dir():
        for source in sorted((packed / name).iterdir()):
            find_asset(f"{name}/{_plain_name(source.name)}")
        return target
    if target.exists():
        return target
    if packed is None:
        return None
    if name == "bench/en.txt":
        novels = find_asset("corpora/100_english_novels")
        if novels is None:
            return None
        _concatenate(sorted(novels.rglob("*.txt")), target)
        return target
    if name == "bench/multi.txt":
        return find_asset("corpora/multi.txt")
    for source in (packed / name, packed / f"{name}.xz"):
        if source.is_file():
            _unpack_file(source, target)
            return target
    parts = Path(name).parts
    for depth in range(1, len(parts) + 1):
        stem = "/".join(parts[:depth])
        for suffix in ARCHIVES:
            source = packed / f"{stem}{suffix}"
            if source.is_file():
                if not (UNPACKED / stem).exists():
                    _unpack_archive(source, UNPACKED / stem)
                return target if target.exists() else None
    return None


def _plain_name(name: str) -> str:
    for suffix in (*ARCHIVES, ".xz"):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def asset(name: str) -> Path:
    """The path of an entry of the collection; skips the calling test where it is not present."""
    path = find_asset(name)
    if path is None:
        pytest.skip("asset collection not present")
    return path
