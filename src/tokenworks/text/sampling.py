"""Samples, held-out parts and limits that are the same whatever the order and the workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from itertools import islice

from ..errors import OptionError
from .document import Document
from .utf8 import character_cut

_SPAN = 1 << 64


def text_hash(text: str, *, seed: int = 0, purpose: str = "sample") -> int:
    """A number of 64 bits from the text alone: equal texts share their fate everywhere.

    purpose: different purposes give independent numbers, so that a sample of the held-out part
    is not empty.
    """
    key = blake2b(f"{purpose}:{seed}".encode(), digest_size=32).digest()
    return int.from_bytes(blake2b(text.encode("utf-8"), digest_size=8, key=key).digest(), "big")


def _checked(fraction: float) -> int:
    if not 0.0 <= fraction <= 1.0:
        raise OptionError(f"the fraction is {fraction}; it must be between 0 and 1")
    return int(fraction * _SPAN)


def sampled(documents: Iterable[Document], fraction: float, *, seed: int = 0) -> Iterator[Document]:
    """About this fraction of the documents, chosen by their text. Raises OptionError.

    A smaller fraction with the same seed is a subset of a larger one.
    """
    limit = _checked(fraction)
    return (d for d in documents if text_hash(d.text, seed=seed) < limit)


def is_held_out(text: str, fraction: float, *, seed: int = 0) -> bool:
    """True for about this fraction of texts: the same ones in every run, file and order."""
    return text_hash(text, seed=seed, purpose="held out") < _checked(fraction)


def held_out(
    documents: Iterable[Document], fraction: float, *, seed: int = 0
) -> Iterator[Document]:
    """The held-out documents only. Equal texts are on the same side. Raises OptionError."""
    _checked(fraction)
    return (d for d in documents if is_held_out(d.text, fraction, seed=seed))


def without_held_out(
    documents: Iterable[Document], fraction: float, *, seed: int = 0
) -> Iterator[Document]:
    """The documents that `held_out` leaves."""
    _checked(fraction)
    return (d for d in documents if not is_held_out(d.text, fraction, seed=seed))


def limited(
    documents: Iterable[Document], *, max_bytes: int | None = None, max_documents: int | None = None
) -> Iterator[Document]:
    """The first documents, at most so many, and at most so many bytes of UTF-8.

    The document that crosses the limit is cut between two characters, so the limit is kept and
    nearly reached. Depends on the order; `sampled` does not.
    """
    for name, value in (("max_bytes", max_bytes), ("max_documents", max_documents)):
        if value is not None and value < 0:
            raise OptionError(f"{name} is {value}; it must not be negative")
    return _limited(documents, max_bytes, max_documents)


def _limited(
    documents: Iterable[Document], max_bytes: int | None, max_documents: int | None
) -> Iterator[Document]:
    left = max_bytes
    for document in islice(documents, max_documents):
        if left is not None:
            data = document.text.encode("utf-8")
            if len(data) > left:
                if left > 3:
                    text = data[: character_cut(data, left)].decode("utf-8")
                    yield replace(document, text=text)
                return
            left -= len(data)
        yield document
        if left == 0:
            return
