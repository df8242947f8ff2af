"""Lexicons and gold segmentations that a user names: `LANGUAGE=FILE`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tokenworks.errors import FormatError
from tokenworks.evaluation.lexicon import Lexicon, Segmented, read_segmented, read_words
from tokenworks.evaluation.tr_pure import TURKISH_SUFFIXES, turkish_lexicon

WORDS = 2000  # gold segmentations that are tokenized, as many as MorphScore has of a language
TURKISH = ("tr", "tur", "turkish", "tr-tr", "tur_latn")


@dataclass(slots=True)
class Gold:
    """What is known of a language. words, compounds: with gold boundaries; lexicon: for %TR and %Pure."""

    words: list[Segmented] = field(default_factory=list)
    compounds: list[Segmented] = field(default_factory=list)
    lexicon: Lexicon | None = None


def read_gold(given: Mapping[str, Iterable[str | os.PathLike[str]]]) -> dict[str, Gold]:
    """Read the files of each language.

    Args:
        given: files by language, as the labels of the corpus spell it. A `.dict` file holds words and
            compounds as Zemberek's do; lines with tabs are gold segmentations (SIGMORPHON 2022,
            MorphyNet, `word<TAB>a|b`); any other file is a list of words.

    Raises:
        FormatError: a file cannot be read, or has no known form.
    """
    found: dict[str, Gold] = {}
    for language, paths in given.items():
        gold = found.setdefault(language, Gold())
        turkish = language.lower() in TURKISH
        for path in paths:
            if os.fspath(path).endswith(".dict"):
                gold.compounds += read_segmented(path, WORDS)[0]
                words = read_words(path)
                lexicon = turkish_lexicon(path) if turkish else Lexicon(words, words)
            elif _segmented(path):
                items, _ = read_segmented(path)
                gold.words += (
                    [items[number * len(items) // WORDS] for number in range(WORDS)]
                    if len(items) > WORDS
                    else items
                )
                lexicon = Lexicon.of_segmented(items)
            else:
                words = read_words(path)
                lexicon = turkish_lexicon(path) if turkish else Lexicon(words, words)
            gold.lexicon = _joined(gold.lexicon, lexicon, turkish)
    return found


def _segmented(path: str | os.PathLike[str]) -> bool:
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as lines:  # noqa: PTH123
            return next((line.count("\t") > 0 for line in lines if line.strip()), False)
    except OSError as error:
        raise FormatError(f"cannot read {os.fspath(path)}: {error.strerror}") from None


def _joined(one: Lexicon | None, other: Lexicon, turkish: bool) -> Lexicon:
    words = other.words | (one.words if one else frozenset())
    units = other.units | (one.units if one else frozenset())
    suffixes = TURKISH_SUFFIXES if turkish else frozenset[str]()
    return Lexicon(words, units | suffixes, suffixes, turkish)
