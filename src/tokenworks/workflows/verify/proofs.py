"""Proofs that a difference of two definitions shows in no text.

Without one, "no text was found" is all that can be said. Each proof is about one component, all
others being as they are.
"""

from __future__ import annotations

import regex

from tokenworks.tokenizer.definition import Bpe, Definition
from tokenworks.tokenizer.known_encodings import ENCODINGS
from tokenworks.tokenizer.merge_trace import MergeTrace
from tokenworks.tokenizer.model_alone import unmerged
from tokenworks.workflows.verify.definitions import MOST, Comparison, Pair

LOOKAHEAD = regex.compile(r"\(\?[!=][^()]*\)")


def proofs(a: Definition, b: Definition, comparison: Comparison) -> dict[str, str]:
    """Components whose difference provably shows in no text, each with the reason.

    A proof holds for the component alone, all other parts being as they are in both.
    """
    found: dict[str, str] = {}
    for difference in comparison.differences:
        reason = _proof(difference.component, a, b, comparison)
        if reason:
            found[difference.component] = reason
    return found


def _proof(component: str, a: Definition, b: Definition, comparison: Comparison) -> str:
    if component == "merges":
        return _merge_proof(a, b, comparison)
    one, two = a.model, b.model
    complete = all(_has_all_bytes(m) for m in (one, two) if isinstance(m, Bpe))
    if component in ("byte_fallback", "unknown token", "fuse_unk") and (
        isinstance(one, Bpe)
        and isinstance(two, Bpe)
        and one.byte_level
        and two.byte_level
        and complete
    ):
        return "all 256 bytes are pieces, so no text has an unknown character"
    if (
        component == "ignore_merges"
        and isinstance(one, Bpe)
        and isinstance(two, Bpe)
        and one.byte_level
    ):
        return _whole_proof(a, one)
    return ""


def _has_all_bytes(model: Bpe) -> bool:
    pieces = set(model.pieces)
    return all(bytes([i]) in pieces for i in range(256))


def _whole_proof(d: Definition, model: Bpe) -> str:
    for index in unmerged(d).tolist():
        if _may_be_pretoken(d, model.pieces[index].decode()):
            return ""
    return "merging makes every piece that can be a pretoken, so taking it whole gives the same"


def _may_be_pretoken(d: Definition, text: str) -> bool:
    """False only if the pretokenizer can leave this text whole in no context."""
    pattern = None
    for step in d.pretokenizer:
        if step["type"] == "Split" and step["behavior"] == "Isolated" and not step["invert"]:
            pattern = step["pattern"].get("Regex")
        elif step["type"] == "ByteLevel" and step["use_regex"]:
            pattern = ENCODINGS["r50k_base"].pattern
    if pattern is None or "(?<" in pattern:
        return True
    # Without its conditions on what follows, the pattern matches all it did and more.
    return regex.fullmatch(LOOKAHEAD.sub("", pattern), text) is not None


def _merge_proof(a: Definition, b: Definition, comparison: Comparison) -> str:
    moved = comparison.moved_merges
    if not isinstance(a.model, Bpe) or not isinstance(b.model, Bpe) or not 0 < len(moved) < MOST:
        return ""  # a longer list was cut short and proves nothing
    one, two = MergeTrace(a.model), MergeTrace(b.model)
    for (left, right), rank_a, rank_b in moved:
        for trace, rank in ((one, rank_a), (two, rank_b)):
            if rank is None:
                continue
            if trace.can_fire(trace.index_of[left], trace.index_of[right]):
                return _passing(a.model, b.model, comparison)
    return "the merges that differ can never fire: an earlier merge always takes one of their parts"


def _passing(a: Bpe, b: Bpe, comparison: Comparison) -> str:
    """One merge changed its place, and competes with none of those that it passed.

    It may pass a neighbour if the two share no part at a border, and if what either makes is used
    only by later merges; passing several is passing one after the other.
    """
    if len(comparison.moved_merges) != 1 or a.merge_ranks is not None or b.merge_ranks is not None:
        return ""
    (pair, i, j) = comparison.moved_merges[0]
    if i is None or j is None:
        return ""
    spelled = [(a.pieces[x], a.pieces[y]) for x, y in a.merges.tolist()]
    first_use: dict[bytes, int] = {}
    for rank, parts in enumerate(spelled):
        for part in parts:
            first_use.setdefault(part, rank)
    low, high = min(i, j), max(i, j)

    def late(made: Pair, rank: int) -> bool:
        return first_use.get(made[0] + made[1], len(spelled)) > rank

    if not late(pair, high):
        return ""
    for rank in range(low, high + 1):
        other = spelled[rank]
        if other == pair:
            continue
        if pair[1] == other[0] or pair[0] == other[1] or not late(other, rank):
            return ""
    return "the merge that moved competes in no text with those that it passed"
