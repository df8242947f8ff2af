"""Texts that contain given bytes, where the bytes may begin or end inside a character."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

# Beginnings and ends of characters, from common scripts first.
HEADS = [
    b"",
    b"\xc3",
    b"\xd0",
    b"\xe0",
    b"\xe1",
    b"\xe3",
    b"\xe4",
    b"\xe5",
    b"\xea",
    b"\xef",
    b"\xf0",
]
HEADS += [b"\xe4\xb8", b"\xe1\xba", b"\xe3\x81", b"\xec\x9d", b"\xf0\x9f", b"\xf0\x9f\x98"]
TAILS = [b"", b"\x80", b"\x81", b"\xa0", b"\xbf", b"\x80\x80", b"\xa4\xa4", b"\x9f\x80"]
TAILS += [b"\x80\x80\x80", b"\xa0\x80\x80"]
MOST = 3


def as_texts(spelling: bytes) -> list[str]:
    """A few texts that contain the bytes, completing characters that are cut at either end.

    Args:
        spelling: any bytes; inner bytes that no UTF-8 text can contain give an empty list.
    """
    out: list[str] = []
    for head, tail in itertools.product(HEADS, TAILS):
        try:
            out.append((head + spelling + tail).decode())
        except UnicodeDecodeError:
            continue
        if len(out) == MOST or (not head and not tail):
            break
    return out


def completions(spelling: bytes) -> Iterator[str]:
    """Many texts that contain the bytes: every lead byte before, every continuation after.

    A cut character is often a token only beside characters that are no tokens themselves, so the
    common completions of `as_texts` miss it.
    """
    leading = len(spelling) - len(spelling.lstrip(bytes(range(0x80, 0xC0))))
    missing = _missing(spelling[leading:]) if leading < len(spelling) else 0
    heads = [b""] if not leading else list(_heads(leading))
    tails = [b""] if not missing else list(_tails(missing))
    if leading == len(spelling):  # the inside of one character
        tails = [b"", *_tails(1)]
    for head, tail in itertools.product(heads, tails):
        try:
            text = (head + spelling + tail).decode()
        except UnicodeDecodeError:
            continue
        yield text
        yield "a" + text + "a"


def _missing(spelling: bytes) -> int:
    """How many continuation bytes the last character lacks."""
    for back in range(1, min(4, len(spelling)) + 1):
        byte = spelling[-back]
        if byte >= 0xC0:
            return max(0, (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) - back)
        if byte < 0x80:
            return 0
    return 0


def _heads(continuations: int) -> Iterator[bytes]:
    lead2 = [bytes([b]) for b in range(0xC2, 0xE0)]
    lead3 = [bytes([b]) for b in range(0xE0, 0xF0)]
    lead4 = [bytes([b]) for b in range(0xF0, 0xF5)]
    inner = [bytes([b]) for b in range(0x80, 0xC0)]
    if continuations == 1:
        yield from lead2
        yield from (a + b for a in lead3 for b in inner)
        yield from (b"\xf0\x9f" + b for b in inner)
    elif continuations == 2:
        yield from lead3
        yield from (a + b for a in lead4 for b in inner)
    else:
        yield from lead4


def _tails(missing: int) -> Iterator[bytes]:
    inner = [bytes([b]) for b in range(0x80, 0xC0)]
    if missing == 1:
        yield from inner
    elif missing == 2:
        yield from (a + b for a in inner for b in inner[::7])
    else:
        yield from (a + b + c for a in inner for b in inner[::9] for c in inner[::21])


def impossible(spelling: bytes) -> bool:
    """Whether no UTF-8 text contains these bytes."""
    return not as_texts(spelling) and next(completions(spelling), None) is None
