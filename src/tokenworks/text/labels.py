"""Labels (language, domain) from folders, file names or a column."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

from ..errors import OptionError
from .sources import Source, format_of


class Labels:
    """How documents get their label.

    "folder": the first folder below the one that was named (data/en/a.txt of data: en); for a
        file named itself, the folder that holds it.
    "file": the file name without its format endings (udhr_tur.txt.gz: udhr_tur).
    "named": what was named of the corpus (data/en, data/en/** and data/en.txt: en).
    "column:NAME": the value of that column or key; dotted paths of keys are allowed.
    "name:PATTERN": the {label} part of a file name, * for anything ("name:udhr_{label}.*").

    >>> Labels("name:udhr_{label}.txt").of(Source("x/udhr_tur.txt", "text"))
    'tur'
    """

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self._pattern: re.Pattern[str] | None = None
        if rule.startswith("name:"):
            pattern = rule.removeprefix("name:")
            if pattern.count("{label}") != 1:
                raise OptionError(f"labels is {rule!r}; the pattern must hold {{label}} once")
            regex = re.escape(pattern).replace(re.escape("{label}"), "(.+?)")
            self._pattern = re.compile(regex.replace(r"\*", ".*") + r"\Z")
        elif rule not in ("folder", "file", "named") and not rule.startswith("column:"):
            raise OptionError(
                f"labels is {rule!r}; it must be folder, file, named, column:NAME or name:PATTERN with"
                " {label} in it"
            )
        elif rule == "column:":
            raise OptionError("labels is 'column:'; it must name a column, as in column:lang")

    def of(self, source: Source) -> str | None:
        """The label that the path gives; None where it gives none (or a column decides)."""
        if self.rule.startswith("column:") or source.path == "-":
            return None
        if self.rule == "named":
            return named_label(source.named or source.path)
        name = source.name.rsplit("/", 1)[-1]
        if self._pattern is not None:
            match = self._pattern.match(name)
            return match[1] if match else None
        if self.rule == "file":
            return _stem(name)
        return _folder(source)


def named_label(path: str) -> str:
    """The label by "named": the last part of a path that is no mere pattern, without its endings.

    >>> [named_label(name) for name in ("data/en", "data/en/**/*", "data/en.jsonl.gz")]
    ['en', 'en', 'en']
    """
    parts = [part for part in path.split("/") if part]
    while len(parts) > 1 and not parts[-1].strip("*."):
        parts.pop()
    name = parts[-1] if parts else path
    if name in (".", ".."):
        name = Path(path).resolve().name or name
    return _stem(name)


def _stem(name: str) -> str:
    kind, compression = format_of(name)
    for known in (compression, kind):
        if known:
            name = PurePath(name).stem
    return name


def _folder(source: Source) -> str | None:
    root, path = PurePath(source.root or "."), PurePath(source.path)
    try:
        below = path.relative_to(root).parts
    except ValueError:
        below = path.parts[-1:]
    if len(below) > 1:
        return below[0]
    return Path(source.path).absolute().parent.name or None
