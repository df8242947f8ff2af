"""Which pieces of a vocabulary stay: a set closed under merges, the least used go first.

Pieces are taken away from the outside in. A piece that no other piece is built on is a leaf; the leaf
that was used least goes, its uses fall to the two parts it was merged from, and these may become
leaves in turn. So what stays always holds the parts of each of its pieces, and with them every merge
that makes the piece in any text. A Unigram model has no merges, so that every piece is a leaf.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram
from tokenworks.tokenizer.model_alone import unmerged
from tokenworks.tokenizer.piece_ids import ids_in_steps, trace_of
from tokenworks.tokenizer.two_phase import word_phase


def parts(definition: Definition) -> NDArray[np.int64]:
    """The two pieces that each piece is merged from in every text, int64 [n, 2]; -1 for none.

    A piece that merging its own spelling does not give is made by no merge (it may still be taken
    whole by `ignore_merges`).
    """
    model = definition.model
    found = np.full((len(model.pieces), 2), -1, np.int64)
    if not isinstance(model, Bpe):
        return found
    if definition.two_phase is not None:
        found = parts(word_phase(definition))
        for superword, pairs in _joined(definition).items():
            if found[superword, 0] < 0:
                found[superword] = pairs[0]
        return found
    trace = trace_of(model)
    unreached = set(unmerged(definition).tolist())
    for piece, pairs in trace.making.items():
        if piece in unreached:
            continue
        try:
            model.pieces[piece].decode()
            sure = len(pairs) == 1
        except UnicodeDecodeError:  # a part of a character, which `unmerged` did not try
            sure = False
        if sure:
            found[piece] = pairs[0]
            continue
        symbols = trace.symbols(model.pieces[piece])
        end, done = trace.run(symbols) if symbols else ([], [])
        if end == [piece] and done:
            found[piece] = done[-1].left, done[-1].right
    return found


def _joined(definition: Definition) -> dict[int, list[tuple[int, int]]]:
    """The pairs that the second phase joins to a piece, by the piece; none where there is one phase."""
    model, phases = definition.model, definition.two_phase
    found: dict[int, list[tuple[int, int]]] = {}
    if phases is None or not isinstance(model, Bpe):
        return found
    number = {piece: index for index, piece in enumerate(model.pieces)}
    for left, right in model.merges[phases.word_merges :].tolist():
        found.setdefault(number[model.pieces[left] + model.pieces[right]], []).append((left, right))
    return found


def fixed(definition: Definition) -> NDArray[np.bool_]:
    """Pieces that always stay: special ones, the alphabet, and what the model itself names."""
    model = definition.model
    assert isinstance(model, Bpe | Unigram)
    named = {token.id for token in definition.added} | ids_in_steps(definition.postprocessor)
    named |= model.user_defined | model.unused
    roles = (model.unk_id, definition.bos_id, definition.eos_id, definition.pad_id)
    named |= {number for number in roles if number is not None}
    stay = np.isin(model.ids, np.fromiter(named, np.int64, len(named)))
    bytes_as_text = {f"<0x{value:02X}>".encode() for value in range(256)}
    prefix = suffix = ""
    if isinstance(model, Bpe):
        prefix, suffix = model.continuing_subword_prefix, model.end_of_word_suffix
        # An unused piece is split into the last pair looked up that spells it, merged or not.
        for made, pairs in trace_of(model).making.items() if model.unused else ():
            if int(model.ids[made]) in model.unused:
                stay[np.array(pairs).reshape(-1)] = True
    else:  # the scores of unknown characters and of pieces matched whole are reckoned from these
        stay |= (model.scores == model.scores.min()) | (model.scores == model.scores.max())
    # A piece that comes about in several ways has more parts than the plan can follow.
    tree = parts(definition) if definition.two_phase is not None else None
    for piece_made, pairs in _joined(definition).items():
        if tree is not None and (len(pairs) > 1 or tree[piece_made].tolist() != list(pairs[0])):
            stay[piece_made] = True
            stay[np.array(pairs).reshape(-1)] = True
    for index, piece in enumerate(model.pieces):
        if isinstance(model, Bpe) and model.byte_level:
            stay[index] |= len(piece) == 1
        elif model.byte_fallback:
            stay[index] |= piece in bytes_as_text
        else:  # a character that has no piece is unknown
            text = piece.decode("utf-8", "replace").removeprefix(prefix).removesuffix(suffix)
            stay[index] |= len(text) == 1
    return stay


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """When to stop taking pieces away; without a limit only unwanted ones go.

    tokens: how many ids may stay. min_count: pieces used at least so often stay.
    outside: ids that are no pieces, and stay as well.
    """

    tokens: int | None = None
    min_count: int = 0
    outside: int = 0


def plan(
    definition: Definition,
    used: NDArray[np.int64],
    limits: Limits,
    unwanted: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """The pieces that stay, bool [n].

    Args:
        definition: its model is a `Bpe` or `Unigram`.
        used: how often each piece was used, int64 [n].
        limits: when to stop.
        unwanted: pieces that go whatever their use, unless a wanted one is built on them.

    Raises:
        OptionError: fewer ids are asked for than must stay.
    """
    tree, stay = parts(definition), fixed(definition)
    go = np.zeros(len(stay), bool) if unwanted is None else unwanted
    kept = np.ones(len(stay), bool)
    uses: list[int] = used.tolist()
    built_on = np.bincount(tree[tree >= 0], minlength=len(stay))
    left = len(stay) + limits.outside

    def entry(piece: int) -> tuple[bool, int, int]:
        # Of equally used leaves the one that was learned last goes first.
        return (not go[piece], uses[piece], -piece)

    leaves = [entry(piece) for piece in np.flatnonzero(~stay & (built_on == 0)).tolist()]
    heapq.heapify(leaves)
    while leaves:
        wanted, uses_of_leaf, negative = heapq.heappop(leaves)
        too_many = limits.tokens is not None and left > limits.tokens
        if wanted and not too_many and uses_of_leaf >= limits.min_count:
            break
        piece = -negative
        kept[piece] = False
        left -= 1
        for part in _once(tree[piece].tolist()):
            uses[part] += uses_of_leaf * (1 + (tree[piece][0] == tree[piece][1]))
            built_on[part] -= int((tree[piece] == part).sum())
            if built_on[part] == 0 and not stay[part]:
                heapq.heappush(leaves, entry(part))
    if limits.tokens is not None and left > limits.tokens:
        raise OptionError(
            f"size {limits.tokens} cannot be reached: the alphabet, special tokens and the pieces "
            f"they are merged from take {left} ids; ask for at least that"
        )
    return kept


def _once(pair: Iterable[int]) -> list[int]:
    return [part for part in dict.fromkeys(pair) if part >= 0]
