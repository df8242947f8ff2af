"""Gold segmentations and word lists, read from the formats in which they are published."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenworks.errors import FormatError, OptionError

_ATTRIBUTES = re.compile(r"\s*\[(?P<attributes>[^\]]*)\]\s*\Z")
_ROOTS = re.compile(r"Roots\s*:\s*(?P<roots>[^;\]]+)")


@dataclass(frozen=True, slots=True)
class Segmented:
    """A word and the parts that join to it.

    >>> Segmented("unhappy", ("un", "happy")).boundaries
    (2,)
    """

    word: str
    parts: tuple[str, ...]

    @property
    def boundaries(self) -> tuple[int, ...]:
        """Where parts begin inside the word, in bytes of UTF-8."""
        found, at = [], 0
        for part in self.parts[:-1]:
            at += len(part.encode())
            found.append(at)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is valid in a language: whole words, and units (roots and affixes); lower case.

    suffixes: those that may follow a word, any number of them. turkish: fold case as Turkish does.
    """

    words: frozenset[str]
    units: frozenset[str]
    suffixes: frozenset[str] = frozenset()
    turkish: bool = False

    @classmethod
    def of_segmented(cls, items: Iterable[Segmented]) -> Lexicon:
        """Words and parts of gold segmentations."""
        kept = list(items)
        parts = {part for item in kept for part in item.parts}
        return cls(
            frozenset(item.word.lower() for item in kept), frozenset(part.lower() for part in parts)
        )


def read_segmented(
    path: str | os.PathLike[str], limit: int | None = None
) -> tuple[list[Segmented], int]:
    """Read gold segmentations: SIGMORPHON 2022, MorphyNet, Zemberek's compounds, or `word<TAB>a|b`.

    Only words whose parts join to the word itself are kept: canonical segmentations such as
    "retiring" = re + tire + ing have no place to look for a token boundary.

    Args:
        path: UTF-8, one word per line. Two or three columns: the word and its parts, separated by
            " @@", "|" or "-"; four (MorphyNet, inflections): lemma, form, features, parts; six
            (derivations): source, target, two classes, affix, "prefix" or "suffix"; a `.dict`
            file gives the words with "Roots:".
        limit: keep so many, evenly spread over the file.

    Returns:
        The words, and how many were left out because their parts do not join.

    Raises:
        FormatError: the file cannot be read, or a line has no known form.
        OptionError: limit is below 1.
    """
    if limit is not None and limit < 1:
        raise OptionError(f"limit is {limit}; expected 1 or more words")
    kept: list[Segmented] = []
    seen: set[str] = set()
    left_out = 0
    compounds = os.fspath(path).endswith(".dict")
    for number, line in _lines(path):
        if compounds:
            item = _compound(line)
            if item is None:
                continue
        else:
            item = _columns(path, number, line.split("\t"))
        if "".join(item.parts) != item.word or "" in item.parts:
            left_out += 1
        elif item.word not in seen:
            seen.add(item.word)
            kept.append(item)
    if limit is not None and len(kept) > limit:
        kept = [kept[number * len(kept) // limit] for number in range(limit)]
    return kept, left_out


def read_words(path: str | os.PathLike[str]) -> frozenset[str]:
    """Read a word list: one per line, with anything after a tab or in brackets left out.

    Raises:
        FormatError: the file cannot be read.
    """
    found = set()
    for _, line in _lines(path):
        word = _ATTRIBUTES.sub("", line).partition("\t")[0].strip()
        if word and not word.startswith("#"):
            found.add(word)
    return frozenset(found)


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    try:
        with Path(path).open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                stripped = line.rstrip("\r\n")
                if stripped.strip():
                    yield number, stripped
    except OSError as error:
        raise FormatError(f"cannot read {os.fspath(path)}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{os.fspath(path)}: not UTF-8 at byte {error.start:,}") from None


def _columns(path: str | os.PathLike[str], number: int, columns: Sequence[str]) -> Segmented:
    if len(columns) in (2, 3):
        return Segmented(columns[0], _parts(columns[1]))
    if len(columns) == 4:
        return Segmented(columns[1], _parts(columns[3]))
    if len(columns) == 6 and columns[5] in ("prefix", "suffix"):
        word, affix = columns[1], columns[4]
        if columns[5] == "prefix" and word.startswith(affix):
            return Segmented(word, (affix, word[len(affix) :]))
        if columns[5] == "suffix" and word.endswith(affix):
            return Segmented(word, (word[: len(word) - len(affix)], affix))
        return Segmented(word, (columns[0], affix))  # does not join, and is left out
    raise FormatError(
        f"{os.fspath(path)}, line {number}: {len(columns)} columns; expected a word and its parts "
        "(2 or 3), or a line of MorphyNet (4, or 6 ending in prefix or suffix)"
    )


def _parts(text: str) -> tuple[str, ...]:
    if "@@" in text:
        return tuple(part.removeprefix("@@") for part in text.split(" "))
    separator = "|" if "|" in text else "-"
    return tuple(text.split(separator)) if text != separator else (text,)


def _compound(line: str) -> Segmented | None:
    attributes = _ATTRIBUTES.search(line)
    roots = _ROOTS.search(attributes["attributes"]) if attributes else None
    if attributes is None or roots is None:
        return None
    word = line[: attributes.start()].strip()
    first = roots["roots"].strip().split("-")[0]
    # the possessive ending of the last root is part of the word: adam-kök, adamkökü
    parts = (first, word[len(first) :]) if word.startswith(first) else (first, "")
    return Segmented(word, parts)
