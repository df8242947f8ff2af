"""A text with the labels by which figures are grouped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One document to measure on.

    text: any string; lone surrogates count as U+FFFD.
    source: the file or collection that it comes from, as it can be printed.
    language: a code or a name; None where it is not known. Documents of parallel text come in the
        same order in every language.
    domain: news, code, law, ...; None where it is not known.
    """

    text: str
    source: str = ""
    language: str | None = None
    domain: str | None = None
