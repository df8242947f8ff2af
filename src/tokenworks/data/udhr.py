"""The Universal Declaration of Human Rights in 126 languages and 34 scripts: the same text, so that
the tokens which languages need can be compared."""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tokenworks.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Declaration:
    """One translation."""

    code: str  # ISO 639-3 with a variant, such as `cmn_hans`
    bcp47: str
    language: str
    script: str
    direction: str  # "ltr" or "rtl"
    title: str
    preamble: str  # empty where a translation has none
    articles: tuple[str, ...]  # thirty, paragraphs joined by line ends

    @property
    def text(self) -> str:
        """The thirty articles: the part that every translation has."""
        return "\n".join(self.articles)


@cache
def declarations() -> tuple[Declaration, ...]:
    """All translations, sorted by language."""
    packed = files("tokenworks.data").joinpath("udhr.jsonl.xz").read_bytes()
    rows = map(json.loads, lzma.decompress(packed).decode().splitlines())
    found = [Declaration(**{**row, "articles": tuple(row["articles"])}) for row in rows]
    return tuple(sorted(found, key=lambda one: one.language))


def declaration(code: str) -> Declaration:
    """The translation of this code or BCP 47 tag.

    Raises:
        UnknownNameError: there is none.
    """
    for one in declarations():
        if code in {one.code, one.bcp47}:
            return one
    raise UnknownNameError(f"there is no declaration in {code!r}; try a BCP 47 tag such as 'sw'")
