"""Text that finds faults: deterministic, seeded, from every corner where tokenizers differ.

One generator of samples serves `verify`, `audit` and the parity benchmark. A *kind* is a small
function that draws one text; kinds share the budget equally, so that no corner starves. The best
finders of faults are the kinds that know the tokenizers at hand: texts glued from their own
vocabulary, and the spellings of their special tokens cut and doubled.

Example:
    >>> from tokenworks.text.hostile import hostile_texts
    >>> [sample.kind for sample in hostile_texts(seed=1, budget=40)][:2]
    ['scripts', 'whitespace']
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tokenworks.text.hostile_alphabets import (
    APOSTROPHES,
    CODE,
    COMPATIBILITY,
    CONTROLS,
    EMOJI,
    LINES,
    ODD,
    PUNCTUATION,
    SPACES,
    WORDS,
)


class Sample(NamedTuple):
    """One generated text and the kind of generator that drew it."""

    kind: str
    text: str


class Source(NamedTuple):
    """What a kind may draw from besides the random numbers."""

    rng: random.Random
    specials: Sequence[str]
    vocabulary: Sequence[bytes]
    lines: Sequence[str]


Kind = Callable[[Source], str]

ROW = 64  # code points; every Unicode block starts at a multiple of 16 and most at one of 64


@cache
def assigned_rows() -> tuple[str, ...]:
    """Every row of 64 code points that has assigned characters, as the string of those."""
    rows = []
    for start in range(0, 0x110000, ROW):
        if 0xD800 <= start < 0xF900 or start >= 0xF0000:  # surrogates and private use: see `odd`
            continue
        row = "".join(
            c for c in map(chr, range(start, start + ROW)) if unicodedata.category(c) != "Cn"
        )
        if row:
            rows.append(row)
    return tuple(rows)


@cache
def _of_category(prefix: str) -> str:
    return "".join(c for row in assigned_rows() for c in row if unicodedata.category(c) in prefix)


@cache
def numerals() -> tuple[str, ...]:
    """The ten digits of each decimal numeral system."""
    zeros = [c for c in _of_category("Nd") if unicodedata.decimal(c) == 0]
    return tuple("".join(chr(ord(zero) + i) for i in range(10)) for zero in zeros)


def every_code_point(width: int = 16) -> Iterator[Sample]:
    """Each Unicode scalar value once, `width` to a text: alone in a row, and after a space.

    Args:
        width: code points in one text. With 16 that is 139,264 texts in all.
    """
    for start in range(0, 0x110000, width):
        if 0xD800 <= start < 0xE000:
            continue
        yield Sample("every-code-point", "".join(map(chr, range(start, start + width))))
        yield Sample("every-code-point", "".join(f" {chr(c)}" for c in range(start, start + width)))


def _draw(rng: random.Random, alphabet: Sequence[str], low: int, high: int) -> str:
    return "".join(rng.choices(alphabet, k=rng.randint(low, high)))


def _scripts(s: Source) -> str:
    row = s.rng.choice(assigned_rows())
    words = [_draw(s.rng, row, 1, 9) for _ in range(s.rng.randint(1, 6))]
    if s.rng.random() < 0.3:
        words = [w + s.rng.choice(_of_category("Mn")) for w in words]
    return s.rng.choice(["", " ", ""]) + s.rng.choice([" ", "", ", ", "-"]).join(words)


def _whitespace(s: Source) -> str:
    parts = []
    for _ in range(s.rng.randint(1, 6)):
        if s.rng.random() < 0.7:
            parts.append(_draw(s.rng, SPACES, 1, 5))
        else:
            parts.append(s.rng.choice(SPACES) * s.rng.randint(1, 40))
        parts.append(s.rng.choice(WORDS + PUNCTUATION + ("", "7", "123")))
    return "".join(parts)


def _digits(s: Source) -> str:
    parts = []
    for _ in range(s.rng.randint(1, 4)):
        system = s.rng.choice(numerals()) if s.rng.random() < 0.5 else "0123456789"
        run = _draw(s.rng, system, 1, s.rng.choice([2, 4, 7, 13, 40]))
        if s.rng.random() < 0.2:
            run = f"{int(run):,}"  # also turns other numerals into ASCII
        if s.rng.random() < 0.2:
            run += s.rng.choice(_of_category("No") + _of_category("Nl"))
        parts.append(s.rng.choice(["", " ", "-", "$", "a", "é", ".", "१", "\n"]) + run)
    return "".join(parts) + s.rng.choice(["", "", "%", "th", " ", "µs", "."])


def _contractions(s: Source) -> str:
    parts = []
    for _ in range(s.rng.randint(1, 5)):
        tail = s.rng.choice(["s", "t", "re", "ve", "m", "ll", "d", "S", "n", "l", "r", "v", ""])
        tail = "".join(s.rng.choice([c, c.upper(), "\u017f" if c in "sS" else c]) for c in tail)
        head = s.rng.choice([*WORDS, "", " ", "7", ".", "I", "IT", "\n"])
        parts.append(head + s.rng.choice(APOSTROPHES) * s.rng.choice([1, 1, 1, 2]) + tail)
        parts.append(s.rng.choice(["", " ", "er", "S", "s", "1"]))
    return "".join(parts)


def _controls(s: Source) -> str:
    pool = CONTROLS + WORDS + (" ", "\n", "\r\n", "\r")
    return _draw(s.rng, pool, 1, 10)


def _marks(s: Source) -> str:
    marks = _of_category("MnMcMe")
    parts = []
    for _ in range(s.rng.randint(1, 6)):
        base = s.rng.choice(
            ["a", "e", "o", "A", "ö", "ệ", "한", "ᄒ", "ก", "क", "ا", "か", " ", "1", "\n"]
        )
        some = s.rng.choices(
            "\u0301\u0323\u0308\u0327\u0345\u3099\u064b\u0e49\u093c\u11a8\u1161", k=3
        )
        run = some if s.rng.random() < 0.6 else s.rng.choices(marks, k=s.rng.randint(1, 6))
        parts.append(base + "".join(run))
    text = "".join(parts)
    return s.rng.choice(
        [text, unicodedata.normalize("NFD", text), unicodedata.normalize("NFC", text)]
    )


def _compatibility(s: Source) -> str:
    parts = s.rng.choices(COMPATIBILITY, k=s.rng.randint(1, 5))
    return s.rng.choice(["", " ", "a"]).join(parts)


def _emoji(s: Source) -> str:
    return _draw(s.rng, (*EMOJI, " ", "", "a"), 1, 8)


def _odd(s: Source) -> str:
    ranges = [
        (0xE000, 0xF8FF),
        (0xF0000, 0xFFFFD),
        (0x100000, 0x10FFFF),
        (0x0378, 0x0379),
        (0x2FE0, 0x2FEF),
    ]
    low, high = s.rng.choice(ranges)
    pool = (*ODD, chr(s.rng.randint(low, high)), chr(s.rng.randint(low, high)), "a", " ")
    return _draw(s.rng, pool, 1, 9)


def _uniform(s: Source) -> str:
    top = s.rng.choice([0x7F, 0x24F, 0x2FFF, 0xD7FF, 0x1FFFF, 0x10FFFF])
    points = (s.rng.randint(0, top) for _ in range(s.rng.randint(1, 24)))
    return "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000)


def _runs(s: Source) -> str:
    unit: str = s.rng.choice(
        [*"a0 \n\t-=_.é的", "ab", "'s", " a", "\r\n", "a ", "😀", "\u0301", "xyz", "A", "aA", "//"]
    )
    length: int = s.rng.choice([3, 5, 8, 16, 17, 31, 64, 99, 100, 101, 120, 130, 200, 260])
    return s.rng.choice(["", "b", " "]) + unit * length + s.rng.choice(["", "b", " ", "\n"])


def _code(s: Source) -> str:
    lines = []
    for _ in range(s.rng.randint(1, 4)):
        indent = s.rng.choice(["", "    ", "\t", "  ", "\t\t  "]) * s.rng.randint(0, 4)
        line = s.rng.choice(CODE)
        if s.rng.random() < 0.3:
            at = s.rng.randint(0, len(line))
            line = line[:at] + s.rng.choice(PUNCTUATION) + line[at:]
        lines.append(indent + line)
    return s.rng.choice(["\n", "\r\n", "\n\n", " "]).join(lines) + s.rng.choice(["", "\n"])


def _specials(s: Source) -> str:
    pool = s.specials or ("<|endoftext|>", "<s>", "[CLS]")
    parts = []
    for _ in range(s.rng.randint(1, 4)):
        token = s.rng.choice(pool)
        cut = s.rng.randint(0, len(token))
        shape = s.rng.random()
        if shape < 0.55:
            parts.append(token)
        elif shape < 0.7:
            parts.append(token[:cut])
        elif shape < 0.8:
            parts.append(token[cut:])
        elif shape < 0.9:
            parts.append(token[:cut] + s.rng.choice(pool) + token[cut:])
        else:
            parts.append(s.rng.choice([token.upper(), token.lower(), token.title(), token + token]))
        parts.append(
            s.rng.choice(
                ["", "", " ", "  ", "\n", "\t", "a", " a", "a ", "_", ".", "é", "\u3000", "1"]
            )
        )
    return s.rng.choice(["", " ", "  ", "a", "a ", "\n"]) + "".join(parts)


def _vocabulary(s: Source) -> str:
    pieces = (
        s.rng.choices(s.vocabulary, k=s.rng.randint(1, 4)) if s.vocabulary else [b"the", b" cat"]
    )
    return b"".join(pieces).decode("utf-8", s.rng.choice(["ignore", "replace"]))


def _random_ids(s: Source) -> str:
    pieces = (
        s.rng.choices(s.vocabulary, k=s.rng.randint(8, 32)) if s.vocabulary else [b"a", b"\xff"]
    )
    return b"".join(pieces).decode("utf-8", "replace")


def _cut_pieces(s: Source) -> str:
    if not s.vocabulary:
        return "an"
    one, two = s.rng.choice(s.vocabulary), s.rng.choice(s.vocabulary)
    glued = one[: s.rng.randint(0, len(one))] + two[s.rng.randint(0, len(two)) :]
    return (one + glued).decode("utf-8", "ignore")


def _lines(s: Source) -> str:
    line: str = s.rng.choice(s.lines)
    if len(line) > 200:
        start = s.rng.randint(0, len(line) - 100)
        line = line[start : start + 200]
    for _ in range(s.rng.randint(0, 3)):
        at, to = sorted((s.rng.randint(0, len(line)), s.rng.randint(0, len(line))))
        line = s.rng.choice(
            [
                line[:at] + line[to:],
                line[:at] + line[at:to].upper() + line[to:],
                line[:at] + s.rng.choice(SPACES) + line[at:],
                line[:at] + s.rng.choice(PUNCTUATION + APOSTROPHES) + line[at:],
                line[:at] + line[at:to][::-1] + line[to:],
                line[:to] + line[at:],
                unicodedata.normalize(s.rng.choice(["NFD", "NFC", "NFKC"]), line),
            ]
        )
    return line


KINDS: dict[str, Kind] = {
    "scripts": _scripts,
    "whitespace": _whitespace,
    "digits": _digits,
    "contractions": _contractions,
    "controls": _controls,
    "marks": _marks,
    "compatibility": _compatibility,
    "emoji": _emoji,
    "odd": _odd,
    "uniform": _uniform,
    "runs": _runs,
    "code": _code,
    "specials": _specials,
    "vocabulary": _vocabulary,
    "random-ids": _random_ids,
    "cut-pieces": _cut_pieces,
    "lines": _lines,
}


def _mixture(s: Source) -> str:
    kinds = s.rng.choices(list(KINDS.values()), k=s.rng.randint(2, 4))
    return s.rng.choice(["", " ", "\n"]).join(kind(s) for kind in kinds)


def hostile_texts(
    *,
    seed: int = 0,
    budget: int = 1_000_000,
    specials: Sequence[str] = (),
    vocabulary: Sequence[bytes] = (),
    lines: Sequence[str] = (),
    kinds: Sequence[str] | None = None,
) -> Iterator[Sample]:
    """Yield texts until `budget` bytes of UTF-8 are spent, each kind with an equal share of it.

    Args:
        seed: the same seed and arguments give the same texts.
        budget: bytes of UTF-8 in all; every kind gives at least one text.
        specials: spellings of special tokens to use whole, cut, doubled and in odd places.
        vocabulary: token bytes to glue texts from.
        lines: natural text to mutate; a small built-in set of languages when empty.
        kinds: the kinds to draw from, in this order; all when None.

    Yields:
        `Sample(kind, text)`; the text is never empty and has no lone surrogates.
    """
    chosen = list(kinds) if kinds is not None else [*KINDS, "mixture"]
    source = Source(random.Random(seed), specials, vocabulary, lines or LINES)
    table: dict[str, Kind] = {**KINDS, "mixture": _mixture}
    left = dict.fromkeys(chosen, budget // max(1, len(chosen)))
    while left:
        for name in list(left):
            text = table[name](source)
            # an empty draw still costs, so that a kind that can only draw nothing ends
            left[name] -= max(1, len(text.encode()))
            if left[name] <= 0:
                del left[name]
            if text:
                yield Sample(name, text)
