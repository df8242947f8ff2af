"""How tokenizers cut numbers (Singh and Strouse 2024), without a model.

Arithmetic is easier where the tokens of operands and result stand at the same distances from the
right end: right-to-left triples and single digits always do, left-to-right triples only where all
lengths agree modulo 3.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.proportion import wilson
from tokenworks.evaluation.row import Direction, Kind, Row
from tokenworks.evaluation.sample import Sample
from tokenworks.evaluation.tokens_on_text import TokenBytes, lay_texts, spelled_tokens
from tokenworks.registry import method

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

PROBLEMS = 300
LENGTHS = (7, 8, 9)  # digits of the addends, as in the paper
Side = Literal["left-to-right", "right-to-left"]


@method(
    "evaluation",
    "numbers",
    paper="arXiv:2402.14903",
    year=2024,
    summary="Grouping of digits, and whether operands and result of a sum are cut at the same places.",
    fidelity="adapted",
)
def numbers(
    tokenizers: Sequence[Tokenizer],
    samples: Iterable[Sample] | Encoded = (),
    model: object = None,
    *,
    problems: int = PROBLEMS,
    seed: int = 0,
) -> list[Row]:
    """Cut the numbers of additions and compare where the cuts stand.

    Inputs/outputs: `samples` are not used; sums a+b=c of addends of 7 to 9 digits. Rows
    `digits_per_token`; `left_to_right`, `right_to_left` and `single_digits` (percent of numbers cut
    so, in threes or in ones); `uniform_lengths` (percent of numbers cut in the most frequent way of
    their length); `aligned` (percent of sums whose cuts stand at equal distances from the right
    end), by category also for sums that are longer than both addends ("longer result") and for
    numbers with commas ("commas").
    Cost: one encoding of `problems` sums. Deviations: the paper asks models; this is the part that
    needs none. Intervals are Wilson's over sums. Raises: nothing.
    """
    sums = _sums(problems, seed)
    rows: list[Row] = []
    for name, spelled in spelled_tokens(tokenizers, samples):
        plain = _cuts(spelled, [[str(number) for number in one] for one in sums])
        comma = _cuts(spelled, [[f"{number:,}" for number in one] for one in sums])
        longer = [len(str(one[2])) > max(len(str(one[0])), len(str(one[1]))) for one in sums]
        rows.extend(_grouping(name, sums, plain))
        rows.append(_aligned(name, "all", "", plain))
        rows.append(_aligned(name, "category", "commas", comma))
        chosen = [cuts for cuts, is_longer in zip(plain, longer, strict=True) if is_longer]
        if chosen:
            rows.append(_aligned(name, "category", "longer result", chosen))
    return rows


def chunk(number: str, size: int, side: Side) -> list[str]:
    """A number in groups of digits, counted from one side.

    >>> chunk("1234567", 3, "right-to-left")
    ['1', '234', '567']
    """
    first = len(number) % size if side == "right-to-left" else 0
    starts = [0] * bool(first) + list(range(first, len(number), size))
    ends = [*starts[1:], len(number)]
    return [number[begin:end] for begin, end in zip(starts, ends, strict=False)]


def aligned(cuts: Sequence[frozenset[int]], lengths: Sequence[int]) -> bool:
    """Whether numbers are cut at the same distances from the right end, as far as each reaches."""
    for first, one in zip(cuts, lengths, strict=True):
        for second, other in zip(cuts, lengths, strict=True):
            reach = min(one, other)
            if {at for at in first if at < reach} != {at for at in second if at < reach}:
                return False
    return True


def _sums(problems: int, seed: int) -> list[tuple[int, int, int]]:
    rng = random.Random(seed)
    found = []
    for _ in range(problems):
        a, b = (rng.randrange(10 ** (k - 1), 10**k) for k in rng.choices(LENGTHS, k=2))
        found.append((a, b, a + b))
    return found


_Cuts = list[tuple[list[frozenset[int]], list[int]]]  # per sum: cuts and digits of its numbers


def _cuts(spelled: TokenBytes, sums: Sequence[Sequence[str]]) -> _Cuts:
    """Where numbers are cut, in digits from the right end (separators are no digits)."""
    texts = [f"{a}+{b}={c}" for a, b, c in sums]
    batch, laid = lay_texts(spelled, texts)
    cut = laid.cut.tolist()
    found: _Cuts = []
    for one, begin in zip(sums, batch.begins.tolist(), strict=False):
        places, lengths, at = [], [], begin
        for number in one:
            digits = len(number.replace(",", ""))
            left = digits
            own = set()
            for offset, character in enumerate(number):
                if offset and cut[at + offset]:  # also before a separator: the next digit is meant
                    own.add(left)
                left -= character != ","
            places.append(frozenset(own))
            lengths.append(digits)
            at += len(number) + 1
        found.append((places, lengths))
    return found


def _grouping(name: str, sums: Sequence[Sequence[int]], cuts: _Cuts) -> Iterator[Row]:
    flat = [
        (str(number), places)
        for one, (all_places, _) in zip(sums, cuts, strict=True)
        for number, places in zip(one, all_places, strict=True)
    ]
    total = len(flat)
    digits = sum(len(number) for number, _ in flat)
    pieces = sum(len(places) + 1 for _, places in flat)
    value = digits / pieces
    yield Row(name, "digits_per_token", "all", "", value, None, None, "digits/token", "none", total)
    ways: dict[int, Counter[frozenset[int]]] = {}
    for number, places in flat:
        ways.setdefault(len(number), Counter())[places] += 1
    uniform = sum(found.most_common(1)[0][1] for found in ways.values())
    yield _share(name, "uniform_lengths", uniform, total, "higher")
    for metric, size, side in (
        ("left_to_right", 3, "left-to-right"),
        ("right_to_left", 3, "right-to-left"),
        ("single_digits", 1, "left-to-right"),
    ):
        hits = sum(places == _places(number, size, side) for number, places in flat)  # type: ignore[arg-type]
        yield _share(name, metric, hits, total, "none")


def _places(number: str, size: int, side: Side) -> frozenset[int]:
    left, found = len(number), set()
    for part in chunk(number, size, side)[:-1]:
        left -= len(part)
        found.add(left)
    return frozenset(found)


def _aligned(name: str, kind: Kind, group: str, cuts: _Cuts) -> Row:
    hits = sum(aligned(places, lengths) for places, lengths in cuts)
    return _share(name, "aligned", hits, len(cuts), "higher", kind, group)


def _share(
    name: str,
    metric: str,
    hits: int,
    of: int,
    direction: Direction,
    kind: Kind = "all",
    group: str = "",
) -> Row:
    low, high = wilson(hits, of)
    return Row(
        name, metric, kind, group, 100 * hits / of, 100 * low, 100 * high, "%", direction, of
    )
