"""Texts aimed at the parts in which two definitions differ.

Generated text alone would miss one swapped pair of merges among 280,000. Each differing part is
turned into the texts in which it must show: for a merge that moved, the two parts followed by
whatever competes for them; for a piece, its spelling and what contains it; for a switch, the input
that the switch is about.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from tokenworks.text.hostile import Sample, hostile_texts
from tokenworks.tokenizer.definition import Bpe, Definition, WordPiece
from tokenworks.workflows.text_around import as_texts
from tokenworks.workflows.verify.definitions import Comparison, Pair

# What stands around an aimed spelling: so it lands inside a pretoken, starts one, or ends one.
CONTEXTS = (
    "{}",
    " {}",
    "a{}",
    "{}a",
    "a{}a",
    " {} ",
    "x {} x",
    "{}{}",
    "\n{}\n",
    "1{}1",
    "({})",
    "\t{}",
)
MOST = 120  # competitors tried for one merge
MOST_MERGES = 200  # changed merges aimed at; a drawn sample of them
MOST_TEXTS = 100_000


def _visible(text: str) -> str:
    """U+2581 stands for a space in SentencePiece vocabularies."""
    return text.replace("\u2581", " ")


def _around(spelling: bytes, contexts: Sequence[str] = CONTEXTS) -> Iterator[str]:
    for text in as_texts(spelling):
        for plain in dict.fromkeys((text, _visible(text), text.removeprefix("##"))):
            for context in contexts:
                yield context.replace("{}", plain)


def targeted_texts(
    a: Definition, b: Definition, comparison: Comparison, seed: int = 0
) -> Iterator[Sample]:
    """Yield texts at which the differences of two definitions should show.

    Args:
        a: the one definition.
        b: the other.
        comparison: what `compare_definitions` found.
        seed: for the drawn part; the rest is enumerated.
    """
    rng = random.Random(seed)
    named = {d.component for d in comparison.differences}
    for text in islice(_merge_texts(a, b, comparison), MOST_TEXTS):
        yield Sample("target: merges", text)
    for piece in comparison.changed_pieces:
        for text in _around(piece):
            yield Sample("target: pieces", text)
    yield from _neighbours(a, comparison.changed_pieces, rng)
    for token in comparison.changed_added:
        for text in _added_texts(token.content):
            yield Sample("target: added tokens", text)
    for text in _switch_texts(a, b, named):
        yield Sample("target: options", text)
    if "normalizer" in named:
        kinds = ("marks", "compatibility", "whitespace", "lines", "uniform", "scripts")
        yield from _as_target("normalizer", hostile_texts(seed=seed, budget=300_000, kinds=kinds))
    if "pretokenizer" in named:
        rules = (
            "digits",
            "contractions",
            "whitespace",
            "code",
            "controls",
            "uniform",
            "marks",
            "lines",
        )
        yield from _as_target("pretokenizer", hostile_texts(seed=seed, budget=400_000, kinds=rules))


def _as_target(name: str, samples: Iterator[Sample]) -> Iterator[Sample]:
    return (Sample(f"target: {name}", s.text) for s in samples)


def _merge_texts(a: Definition, b: Definition, comparison: Comparison) -> Iterator[str]:
    if not comparison.moved_merges or not isinstance(a.model, Bpe) or not isinstance(b.model, Bpe):
        return
    by_left: dict[bytes, list[Pair]] = defaultdict(list)
    by_right: dict[bytes, list[Pair]] = defaultdict(list)
    for model in (a.model, b.model):
        for left, right in model.merges.tolist():
            pair = (model.pieces[left], model.pieces[right])
            by_left[pair[0]].append(pair)
            by_right[pair[1]].append(pair)
    moved = list(comparison.moved_merges)
    random.Random(0).shuffle(moved)
    moved = moved[:MOST_MERGES]
    longer = _containing({x + y for (x, y), _, _ in moved}, a, b)
    for (x, y), _, _ in moved:
        yield from _around(x + y)
        for _, after in by_left[y][:MOST]:
            yield from _around(x + y + after, CONTEXTS[:5])
        for before, _ in by_right[x][:MOST]:
            yield from _around(before + x + y, CONTEXTS[:5])
        for piece in longer.get(x + y, ())[:MOST]:
            yield from _around(piece, CONTEXTS[:5])


def _containing(spellings: set[bytes], *sides: Definition) -> dict[bytes, list[bytes]]:
    """For each spelling the pieces that properly contain it."""
    if len(spellings) > 40:
        return {}
    every = {p for side in sides for p in side.model.pieces}
    return {s: [p for p in every if s in p and p != s] for s in spellings}


def _neighbours(a: Definition, pieces: Sequence[bytes], rng: random.Random) -> Iterator[Sample]:
    every = a.model.pieces
    inside = _containing(set(pieces), a)
    for piece in pieces[:100]:
        for other in inside.get(piece, ())[:MOST]:
            for text in _around(other, CONTEXTS[:4]):
                yield Sample("target: pieces", text)
        for _ in range(20):
            glued = rng.choice(every) + piece + rng.choice(every)
            for text in as_texts(glued):
                yield Sample("target: pieces", _visible(text))


def _added_texts(content: str) -> Iterator[str]:
    for spelled in dict.fromkeys((content, content.upper(), content.lower(), content + content)):
        for context in (
            *CONTEXTS,
            "  {}  ",
            "a {} b",
            "\n{}",
            "{}\n ",
            "_{}_",
            "é{}é",
            "\u3000{}\u3000",
            ".{}.",
        ):
            yield context.replace("{}", spelled)
    for cut in range(1, len(content)):
        yield content[:cut]
        yield content[cut:]


def _switch_texts(a: Definition, b: Definition, named: set[str]) -> Iterator[str]:
    if named & {"ignore_merges", "byte level", "continuing_subword_prefix", "end_of_word_suffix"}:
        for side in (a, b):
            for piece in side.model.pieces:
                try:
                    yield _visible(piece.decode())
                except UnicodeDecodeError:
                    continue
    if named & {
        "unknown token",
        "byte_fallback",
        "fuse_unk",
        "flavour",
        "unused pieces",
        "user-defined pieces",
    }:
        yield from (
            s.text
            for s in hostile_texts(budget=200_000, kinds=("odd", "scripts", "uniform", "emoji"))
        )
    if "max_input_chars_per_word" in named:
        limits = [
            d.model.max_input_chars_per_word for d in (a, b) if isinstance(d.model, WordPiece)
        ]
        for length in range(1, max(limits, default=100) + 3):
            yield "a" * length
    for name in ("user_defined", "unused"):
        ids = getattr(a.model, name, frozenset()) ^ getattr(b.model, name, frozenset())
        for side in (a, b):
            table = dict(zip(side.model.ids.tolist(), side.model.pieces, strict=True))
            for token in sorted(ids)[:200]:
                yield from _around(table.get(token, b""), CONTEXTS[:6])
