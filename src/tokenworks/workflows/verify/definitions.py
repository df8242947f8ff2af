"""Compare two definitions part by part: what differs, before any text is tried.

The result names components; `targets` turns them into texts at which the difference must show if it
can show at all. Two spellings of the same thing (the order of the pieces in the file, the format it
was read from) are no difference.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Step, Unigram, WordPiece
from tokenworks.workflows.verify.result import Difference

Pair = tuple[bytes, bytes]
STEPS = ("normalizer", "pretokenizer", "postprocessor", "decoder")
MOST = 2000  # changed merges kept for aiming and proofs
BESIDE = ("bos_id", "eos_id", "pad_id", "add_bos", "add_eos", "chat_template")
# Fields of the models that are compared as they are; names as people know them.
OPTIONS = {
    "byte_level": "byte level",
    "ignore_merges": "ignore_merges",
    "byte_fallback": "byte_fallback",
    "fuse_unk": "fuse_unk",
    "continuing_subword_prefix": "continuing_subword_prefix",
    "end_of_word_suffix": "end_of_word_suffix",
    "max_input_chars_per_word": "max_input_chars_per_word",
    "flavour": "flavour",
}
SETS = {"user_defined": "user-defined pieces", "unused": "unused pieces"}


@dataclass(frozen=True)
class Comparison:
    """The differences, and the material that texts can be aimed with."""

    differences: tuple[Difference, ...]
    moved_merges: tuple[tuple[Pair, int | None, int | None], ...] = ()  # pair, rank in a, rank in b
    changed_pieces: tuple[bytes, ...] = ()  # only in one, other id, or other score
    changed_added: tuple[AddedToken, ...] = ()
    permutation: bool = False  # the same tokens under other ids


def show(piece: bytes) -> str:
    """A piece as people read it in a message."""
    return json.dumps(piece.decode("utf-8", "backslashreplace"), ensure_ascii=False)


def compare_definitions(a: Definition, b: Definition) -> Comparison:
    """Name every part in which two definitions differ.

    Args:
        a: the one tokenizer.
        b: the other.

    Returns:
        The differences by component, merges that moved, pieces and added tokens that changed.
    """
    found: list[Difference] = []
    if type(a.model) is not type(b.model):
        kinds = f"{type(a.model).__name__} against {type(b.model).__name__}"
        found.append(Difference("model", f"the models are of different kinds: {kinds}"))
    changed, permutation = _vocabulary(a, b, found)
    moved = _merges(a.model, b.model, found)
    changed += _scores(a.model, b.model, found)
    _options(a, b, found)
    for part in STEPS:
        _steps(part, getattr(a, part), getattr(b, part), found)
    added = _added(a, b, found)
    for name in BESIDE:
        one, two = getattr(a, name), getattr(b, name)
        if one != two:
            said = "differs" if name == "chat_template" else f"{one} against {two}"
            found.append(Difference(name, f"{name}: {said}", effect="beside"))
    return Comparison(tuple(found), moved, tuple(changed), added, permutation)


def _pieces(d: Definition) -> dict[int, bytes]:
    return dict(zip(d.model.ids.tolist(), d.model.pieces, strict=True))


def _vocabulary(a: Definition, b: Definition, found: list[Difference]) -> tuple[list[bytes], bool]:
    one, two = _pieces(a), _pieces(b)
    if one == two:
        return [], False
    if sorted(one.values()) == sorted(two.values()) and len(a.added) == len(b.added):
        moved = [(piece, i) for i, piece in one.items() if two.get(i) != piece]
        where = {piece: i for i, piece in two.items()}
        examples = tuple(f"{show(piece)}: {i} against {where[piece]}" for piece, i in moved[:5])
        found.append(Difference("ids", f"{len(moved)} tokens have other ids", examples=examples))
        return [piece for piece, _ in moved[:200]], True
    only_a = sorted(set(one.values()) - set(two.values()))
    only_b = sorted(set(two.values()) - set(one.values()))
    summary = f"{len(only_a)} pieces only in the first, {len(only_b)} only in the second"
    examples = tuple(f"only in the first: {show(p)}" for p in only_a[:3])
    examples += tuple(f"only in the second: {show(p)}" for p in only_b[:3])
    found.append(Difference("vocabulary", summary, examples=examples))
    where = {piece: i for i, piece in two.items()}
    moved = [(p, i) for i, p in one.items() if p in where and two.get(i) != p]
    if moved:
        said = tuple(f"{show(p)}: {i} against {where[p]}" for p, i in moved[:5])
        found.append(Difference("ids", f"{len(moved)} shared pieces have other ids", examples=said))
    return only_a[:200] + only_b[:200] + [p for p, _ in moved[:200]], False


def _ranked(model: Bpe) -> dict[Pair, int]:
    pieces = model.pieces
    equal = model.merge_ranks
    order = range(len(model.merges)) if equal is None else equal.tolist()
    table: dict[Pair, int] = {}
    for rank, (left, right) in zip(order, model.merges.tolist(), strict=True):
        table.setdefault((pieces[left], pieces[right]), rank)
    return table


def _same_merges(one: Bpe, two: Bpe) -> bool:
    if one.pieces != two.pieces or not np.array_equal(one.merges, two.merges):
        return False
    if one.merge_ranks is None or two.merge_ranks is None:
        return one.merge_ranks is two.merge_ranks
    return np.array_equal(one.merge_ranks, two.merge_ranks)


def _out_of_order(places: list[int]) -> list[int]:
    """The fewest positions without which the places rise: what was moved, not what it passed."""
    tails: list[int] = []  # smallest last place of a rising run, by its length
    ends: list[int] = []  # position of that place
    before = [-1] * len(places)
    for position, value in enumerate(places):
        at = bisect_left(tails, value)
        before[position] = ends[at - 1] if at else -1
        tails[at : at + 1] = [value]
        ends[at : at + 1] = [position]
    kept = set()
    at = ends[-1] if ends else -1
    while at >= 0:
        kept.add(at)
        at = before[at]
    return [position for position in range(len(places)) if position not in kept]


def _merges(one: Any, two: Any, found: list[Difference]) -> tuple[Any, ...]:
    if not (isinstance(one, Bpe) and isinstance(two, Bpe)):
        return ()
    if _same_merges(one, two):
        return ()
    a, b = _ranked(one), _ranked(two)
    if a == b:
        return ()
    # Relative order is what counts: ranks are renumbered over the pairs that both have.
    shared_a = [p for p in a if p in b]
    shared_b = [p for p in b if p in a]
    place = {p: i for i, p in enumerate(shared_b)}
    out = [shared_a[i] for i in _out_of_order([place[p] for p in shared_a])]
    ties = [p for p in shared_a if (one.merge_ranks is None) != (two.merge_ranks is None)][:1]
    only_a = [p for p in a if p not in b]
    only_b = [p for p in b if p not in a]
    if not (out or only_a or only_b or ties):
        return ()
    texts = []
    if only_a or only_b:
        texts.append(f"{len(only_a)} only in the first, {len(only_b)} only in the second")
    if out:
        texts.append(f"{len(out)} in another place")
    if ties and not texts:
        texts.append("the ranks of equal results are tied in one of them")
    pairs = [(p, a.get(p), b.get(p)) for p in (*out[:MOST], *only_a[:MOST], *only_b[:MOST])]
    examples = tuple(
        f"{show(left)} + {show(right)}: rank {i if i is not None else 'none'} against "
        f"{j if j is not None else 'none'}"
        for (left, right), i, j in pairs[:5]
    )
    found.append(Difference("merges", "merges: " + ", ".join(texts), examples=examples))
    return tuple(pairs)


def _scores(one: Any, two: Any, found: list[Difference]) -> list[bytes]:
    if not (isinstance(one, Unigram) and isinstance(two, Unigram)):
        return []
    a = dict(zip(one.pieces, one.scores.tolist(), strict=True))
    b = dict(zip(two.pieces, two.scores.tolist(), strict=True))
    out = [p for p in a if p in b and a[p] != b[p]]
    if out:
        examples = tuple(f"{show(p)}: {a[p]:.6g} against {b[p]:.6g}" for p in out[:5])
        found.append(
            Difference("scores", f"{len(out)} pieces have other scores", examples=examples)
        )
    return out[:400]


def _options(a: Definition, b: Definition, found: list[Difference]) -> None:
    one, two = a.model, b.model
    shared = {f.name for f in fields(one)} & {f.name for f in fields(two)}
    for name, spoken in OPTIONS.items():
        if name in shared and getattr(one, name) != getattr(two, name):
            said = f"{getattr(one, name)!r} against {getattr(two, name)!r}"
            found.append(Difference(spoken, f"{spoken}: {said}"))
    if one.unk_id != two.unk_id:
        found.append(Difference("unknown token", f"unk_id: {one.unk_id} against {two.unk_id}"))
    for name, spoken in SETS.items():
        if name in shared and getattr(one, name) != getattr(two, name):
            odd = len(getattr(one, name) ^ getattr(two, name))
            found.append(Difference(spoken, f"{spoken}: {odd} in only one of them"))


def _canonical(step: Step) -> str:
    return json.dumps(step, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple | set | frozenset) else str(value)


def _steps(
    part: str, one: tuple[Step, ...], two: tuple[Step, ...], found: list[Difference]
) -> None:
    a, b = [_canonical(s) for s in one], [_canonical(s) for s in two]
    if a == b:
        return
    lost = [s for s, text in zip(one, a, strict=True) if text not in b]
    new = [s for s, text in zip(two, b, strict=True) if text not in a]
    changed = [(s, t) for s in lost for t in new if s.get("type") == t.get("type")]
    said = [
        f"only in the first: {s.get('type')}" for s in lost if not any(s is c for c, _ in changed)
    ]
    said += [
        f"only in the second: {s.get('type')}" for s in new if not any(s is c for _, c in changed)
    ]
    for s, t in changed[:3]:
        names = [k for k in {**s, **t} if s.get(k) != t.get(k)]
        values = ", ".join(f"{k} {_brief(s.get(k))} against {_brief(t.get(k))}" for k in names[:3])
        said.append(f"{s.get('type')}: {values}")
    if not said:
        said.append("the same steps in another order or number")
    found.append(Difference(part, f"{part}: " + "; ".join(said), examples=tuple(a[:3] + b[:3])))


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return text if len(text) <= 80 else text[:77] + "..."


def _added(a: Definition, b: Definition, found: list[Difference]) -> tuple[AddedToken, ...]:
    one = {t.content: t for t in a.added}
    two = {t.content: t for t in b.added}
    if one == two:
        return ()
    only_a = [t for c, t in one.items() if c not in two]
    only_b = [t for c, t in two.items() if c not in one]
    changed = [(t, two[c]) for c, t in one.items() if c in two and two[c] != t]
    said = [f"{t.content!r} only in the first" for t in only_a[:3]]
    said += [f"{t.content!r} only in the second" for t in only_b[:3]]
    for t, u in changed[:3]:
        names = [f.name for f in fields(t) if getattr(t, f.name) != getattr(u, f.name)]
        values = ", ".join(f"{n} {getattr(t, n)} against {getattr(u, n)}" for n in names)
        said.append(f"{t.content!r}: {values}")
    total = len(only_a) + len(only_b) + len(changed)
    summary = f"{total} added tokens differ: " + "; ".join(said)
    found.append(Difference("added tokens", summary, examples=tuple(said[3:])))
    return tuple(only_a + only_b + [t for pair in changed for t in pair])


def is_wordpiece(d: Definition) -> bool:
    """Whether the model is WordPiece (its pieces carry a continuation prefix)."""
    return isinstance(d.model, WordPiece)
