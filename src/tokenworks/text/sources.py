"""From what the user names (files, folders, globs, -, URLs) to a list of sources to read."""

from __future__ import annotations

import difflib
import glob
import os
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from ..errors import FormatError, OptionError, TokenworksWarning, UnknownNameError
from .compression import SUFFIXES as COMPRESSIONS
from .standard_input import format_of_standard_input

FORMATS = {
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".markdown": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".csv": "csv",
    ".tsv": "tsv",
    ".html": "html",
    ".htm": "html",
}
FORMAT_NAMES = ("text", "jsonl", "json", "parquet", "arrow", "csv", "tsv", "html")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive
_MAGIC = re.compile(r"[*?[]")

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or a part of it, and how to read it. Small, picklable, sent to workers.

    path: file, URL, "-" for standard input, or "hf://datasets/..." for a dataset of the Hub.
    root: the folder that the user named, or that of the file; labels are taken below it.
    compression: "gz", "zst", "xz", "bz2", or None to go by the first bytes.
    named: what the user named: this file, or the folder or pattern that it was found by.
    begin, end: the part to read, in bytes at line starts or in Parquet row groups; `end` None is
        the end of the file.
    """

    path: str
    format: str
    root: str = ""
    compression: str | None = None
    begin: int = 0
    end: int | None = None
    named: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The path as it can always be printed."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    @property
    def is_url(self) -> bool:
        """True if it is opened by a remote file system."""
        return is_url(self.path)

    @property
    def is_part(self) -> bool:
        """True if only a part of the file is meant."""
        return self.begin > 0 or self.end is not None

    @property
    def key(self) -> str:
        """A name for this source or part, for markers and error messages."""
        end = "" if self.end is None else self.end
        return f"{self.name}[{self.begin}:{end}]" if self.is_part else self.name

    @property
    def stamp(self) -> str:
        """Size and time of the file: another stamp means that it was changed. "" if unknown."""
        try:
            status = Path(self.path).stat()
        except (OSError, ValueError):
            return ""
        return f"{status.st_size}:{status.st_mtime_ns}"

    @property
    def size_on_disk(self) -> int:
        """Bytes of the file, or of the part of a text file; 0 if unknown."""
        if self.is_part and self.end is not None and self.format != "parquet":
            return self.end - self.begin
        try:
            size = Path(self.path).stat().st_size
        except (OSError, ValueError):
            return 0
        return size if self.format == "parquet" else max(0, size - self.begin)


def is_url(path: str) -> bool:
    """True for scheme://..., the only spelling that may reach a network."""
    return _URL.match(path) is not None


def format_of(path: str) -> tuple[str | None, str | None]:
    """The format and compression that a file name shows; None for an unknown ending.

    >>> format_of("a/b.jsonl.zst")
    ('jsonl', 'zst')
    """
    name = PurePath(path.lower())
    compression = COMPRESSIONS.get(name.suffix)
    if compression:
        name = name.with_suffix("")
    return FORMATS.get(name.suffix), compression


def sources(
    paths: Paths, *, format: str | None = None, offline: bool = False, quiet: bool = False
) -> list[Source]:
    """Resolve names to sources: folders recursively and sorted, globs sorted, the rest as given.

    format: read every source as this format (one of FORMAT_NAMES) whatever its name.
    offline: refuse URLs. quiet: do not warn of files in a folder whose names say no format.
    Standard input that begins with a JSON record is read as JSON lines.
    Raises UnknownNameError for a path or glob that names nothing (with the nearest name),
    FormatError for a folder without texts, OptionError for an unknown format.
    """
    if format is not None and format not in FORMAT_NAMES:
        raise OptionError(f"format is {format!r}; it must be one of {', '.join(FORMAT_NAMES)}")
    names = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not names:
        raise OptionError("no corpus given: name files, folders, globs, or - for standard input")
    found: list[Source] = []
    for name in names:
        path = os.fspath(name)
        found += [replace(one, named=path) for one in _resolve(path, format, offline, quiet)]
    return found


def _resolve(path: str, format: str | None, offline: bool, quiet: bool) -> list[Source]:
    if path == "-":
        return [Source("-", format or format_of_standard_input())]
    if "\0" in path:
        raise UnknownNameError(f"{path!r} is not a file name: it holds a NUL")
    if is_url(path):
        if offline:
            raise OptionError(f"{path} needs the network, and --offline forbids it")
        return [_source(path, path.rsplit("/", 1)[0], format)]
    if Path(path).is_dir():
        return _folder(path, format, quiet)
    if Path(path).exists():
        return [_source(path, str(Path(path).parent), format)]
    magic = _MAGIC.search(path)
    if magic is None:
        raise UnknownNameError(_missing(path))
    # not Path.glob, which takes no absolute pattern
    matches = glob.glob(path, recursive=True)  # noqa: PTH207
    files = sorted(match for match in matches if not Path(match).is_dir())
    if not files:
        raise UnknownNameError(f"the pattern {path} matches no file")
    before = path[: magic.start()]
    root = before if before.endswith("/") else str(PurePath(before).parent)
    return [_source(file, root, format) for file in files]


def _source(path: str, root: str, format: str | None) -> Source:
    if path.startswith("hf://datasets/") and format_of(path)[0] is None:
        return Source(path, "hub", root)
    named, compression = format_of(path)
    return Source(path, format or named or "text", root, compression)


def _folder(root: str, format: str | None, quiet: bool) -> list[Source]:
    found: list[Path] = []
    others: list[Path] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if not name.startswith(".") and path.is_file():
                (found if format_of(name)[0] else others).append(path)
    if not found:
        shown = f"; it has {len(others)} other files, such as {min(others)}" if others else ""
        raise FormatError(
            f"{root} holds no corpus files ({' '.join(FORMATS)}, each also with"
            f" {' '.join(COMPRESSIONS)}){shown}. The pattern '{root.rstrip('/')}/**' reads any file as text"
        )
    if others and not quiet:
        warnings.warn(
            f"{root} has {len(others):,} files whose names say no format, such as {min(others)}; they "
            f"are not read. The pattern '{root.rstrip('/')}/**' reads any file as text",
            TokenworksWarning,
            stacklevel=2,
        )
    # sorted by parts, so that the order does not depend on how the system lists a folder
    found.sort(key=lambda path: path.parts)
    return [_source(str(path), root, format) for path in found]


def _missing(path: str) -> str:
    parent = Path(path).parent
    if not parent.is_dir():
        return f"there is no folder {parent}" + _nearest(parent)
    return f"there is no file or folder {path}" + _nearest(Path(path))


def _nearest(path: Path) -> str:
    try:
        there = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, there, n=3, cutoff=0.6)
    return f"; near it: {', '.join(str(path.parent / name) for name in near)}" if near else ""
