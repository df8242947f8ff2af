"""How text is prepared before merging: normalized, then split by a pattern, natively where we know it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import FormatError, OptionError, UnknownNameError
from tokenworks.text.bulk import Batch
from tokenworks.tokenizer.definition import Step
from tokenworks.training.digits import RULES, with_digits
from tokenworks.training.normalizers import Normalizer, normalizer_steps

# Patterns that leave gaps between their matches; the gaps are pretokens too.
_WITH_GAPS = frozenset(
    ("superbpe", "digits-1", "digits-3", "digits-3-right", "digit-runs", "cjk-runs")
)


@dataclass(frozen=True, slots=True)
class Pretokens:
    """A pattern that splits text.

    name: ours, or "" for a regex without one. regex: as it stands in tokenizer files.
    scanner: the name under which the native counter knows it; "" sends it through `spans`.
    digits: the rule for numbers that was put into the regex. runs: the same regex with runs of digits
    left whole, where the counter knows that one only. normalizer: steps that the text goes through
    before.
    """

    name: str
    regex: str
    scanner: str
    digits: str | None = None
    runs: str = ""
    normalizer: tuple[Step, ...] = ()
    _normalize: Normalizer = field(default_factory=Normalizer, compare=False, repr=False)

    @property
    def key(self) -> str:
        """What becomes of a text: equal keys, equal pretokens."""
        steps = [dict(step) for step in self.normalizer]
        return f"{self.regex} {json.dumps(steps, sort_keys=True)}" if steps else self.regex

    def normalized(self, batch: Batch) -> Batch:
        """The documents as the pattern sees them."""
        return self._normalize(batch) if self.normalizer else batch

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of a definition: the split, then bytes as characters.

        The regex is written so that every engine reads it alike: some take {1,3}+ for a repetition
        of the repetition. Nothing follows the digits that they could give back to.
        """
        regex = self.regex.replace("{1,3}+", "{1,3}") if self.name == "cl100k" else self.regex
        regexes = (self.runs, RULES[self.digits]) if self.runs and self.digits else (regex,)
        return (
            *(
                {
                    "type": "Split",
                    "pattern": {"Regex": one},
                    "behavior": "Isolated",
                    "invert": False,
                }
                for one in regexes
            ),
            {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": False,
            },
        )

    def spans(self, text: str) -> NDArray[np.uint64]:
        """Byte spans of the pretokens of a text, gaps included: uint64 [2 n], begin and end in turn."""
        if self.runs:
            cut = np.zeros(len(text.encode("utf-8")) + 1, dtype=np.bool_)
            cut[[0, -1]] = True
            for pattern in (self.runs, f"digits-{self.digits}"):
                cut[_native.find_matches(pattern, text).reshape(-1)] = True
            edges = np.flatnonzero(cut).astype(np.uint64)
            return np.stack([edges[:-1], edges[1:]], axis=1).reshape(-1)
        if self.name or self.scanner:
            spans = _native.find_matches(self.name or self.scanner, text)
            found = spans.reshape(-1).astype(np.uint64)
        else:
            found = _in_bytes(text, self.regex)
        edges = np.empty(len(found) + 2, dtype=np.uint64)
        edges[0], edges[1:-1] = 0, found
        edges[-1] = len(text.encode("utf-8"))
        begins, ends = edges[:-1], edges[1:]
        filled = ends > begins
        return np.stack([begins[filled], ends[filled]], axis=1).reshape(-1)


def pretokens(
    pattern: str, digits: str | None = None, normalizer: Sequence[str | Step] = ()
) -> Pretokens:
    """The pattern of this name, or the regex itself.

    Args:
        pattern: a name or a regex.
        digits: how numbers are split, in place of what the pattern says; see `digits.RULES`.
        normalizer: names or steps, as `normalizer_steps` reads them.

    Raises:
        UnknownNameError: a bare word that names no pattern; the nearest names are given.
        OptionError: it is no regular expression, or says nothing of numbers where digits are asked for.
    """
    split = _named(pattern)
    if digits is not None:
        whole = with_digits(split.regex, "none")
        split = replace(_named(with_digits(split.regex, digits)), digits=digits)
        if not split.scanner and digits != "none" and _native.knows_pattern(whole):
            split = replace(split, runs=whole)
    steps = normalizer_steps(normalizer)
    if not steps:
        return split
    return replace(split, normalizer=steps, _normalize=Normalizer(steps))


def _named(pattern: str) -> Pretokens:
    known = _native.pattern_names()
    if pattern in known:
        return Pretokens(pattern, known[pattern], "" if pattern in _WITH_GAPS else pattern)
    if pattern.replace("-", "").replace("_", "").replace(".", "").isalnum() or not pattern:
        near = difflib.get_close_matches(pattern, known, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(sorted(known))}"
        )
        raise UnknownNameError(
            f"unknown pattern {pattern!r}; {hint} A regular expression also does."
        )
    for name, regex in known.items():
        if regex == pattern and name not in _WITH_GAPS:
            return Pretokens(name, regex, name)
    if _native.knows_pattern(pattern):
        try:
            _native.Counter(pattern)
        except ValueError:
            return Pretokens("", pattern, "")
        return Pretokens("", pattern, pattern)
    try:
        _compiled(pattern)
    except FormatError as error:
        raise OptionError(f"--pattern: {error}") from None
    return Pretokens("", pattern, "")


def _compiled(pattern: str) -> None:
    from tokenworks.tokenizer.pattern_split import compiled

    compiled(pattern)


def _in_bytes(text: str, regex: str) -> NDArray[np.uint64]:
    from tokenworks.tokenizer.pattern_split import split

    found = np.array(split(regex, text), dtype=np.int64).reshape(-1)
    if text.isascii():
        return found.astype(np.uint64)
    widths = np.fromiter(_widths(text), dtype=np.uint8, count=len(text))
    offsets = np.zeros(len(text) + 1, dtype=np.uint64)
    np.cumsum(widths, out=offsets[1:])
    return offsets[found]


def _widths(text: str) -> Iterator[int]:
    for char in text:
        code = ord(char)
        yield 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
