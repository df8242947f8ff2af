"""What a token is and how its model makes it: its bytes, and the merges that end in it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tokenworks.tokenizer.definition import Bpe, TwoPhase, Unigram
from tokenworks.tokenizer.merge_trace import MergeTrace
from tokenworks.tokenizer.pattern_split import split
from tokenworks.tokenizer.piece_ids import trace_of
from tokenworks.workflows.audit.describe import shown

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

LONGEST = 2048  # bytes of a token whose merges are followed: each step looks at all of them
_BYTE_PIECE = re.compile(rb"<0x[0-9A-Fa-f]{2}>")


@dataclass(frozen=True, slots=True)
class Step:
    """One merge: its rank (0 is the first that training found), its two parts and what they give."""

    rank: int
    left: str
    right: str
    result: str


@dataclass(frozen=True, slots=True)
class TokenSteps:
    """One token.

    bytes: what it stands for in a text; text: the same, bytes that are no UTF-8 as escapes.
    start: the symbols that merging starts from; steps: the merges, in their order.
    note: a sentence on what kind of token it is.
    """

    id: int
    bytes: bytes
    text: str
    note: str
    start: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "bytes": self.bytes.hex(" "),
            "text": self.text,
            "note": self.note,
            "start": list(self.start),
            "steps": [asdict(step) for step in self.steps],
        }


class Explainer:
    """Tells of the tokens of one tokenizer; its tables are made on first use and kept."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def explain(self, id: int) -> TokenSteps:
        """What the token of this id is, and which merges make it.

        Raises:
            OptionError: no token has this id.
        """
        data = self.tokenizer.token_bytes(id)
        definition = self.tokenizer.definition
        model = definition.model
        told = TokenSteps(id, data, shown(data), "")
        if id == model.unk_id:
            return replace(told, note="the unknown token: stands for what the vocabulary lacks")
        for token in definition.added:
            if token.id == id:
                kind = "special" if token.special else "added"
                return replace(told, note=f"{kind} token, found in the text before the model")
        index = self._indices.get(id)
        if index is None:
            return replace(told, note="outside the model: no text is cut into it")
        piece = model.pieces[index]
        spelled = not (isinstance(model, Bpe) and model.byte_level)
        if spelled and _BYTE_PIECE.fullmatch(piece):
            return replace(told, note="a single byte, of a character that the vocabulary lacks")
        if isinstance(model, Unigram):
            score = float(model.scores[index])
            note = f"natural logarithm of its probability {score:.3f}; of all cuts, the likeliest is taken"
            return replace(told, note=note)
        if not isinstance(model, Bpe):
            return replace(told, note="the longest piece of the vocabulary that matches here")
        return self._merged(told, model, index)

    @cached_property
    def _indices(self) -> dict[int, int]:
        return {
            number: at for at, number in enumerate(self.tokenizer.definition.model.ids.tolist())
        }

    @cached_property
    def _trace(self) -> MergeTrace:
        model = self.tokenizer.definition.model
        assert isinstance(model, Bpe)
        return trace_of(model)

    def _merged(self, told: TokenSteps, model: Bpe, index: int) -> TokenSteps:
        piece = model.pieces[index]
        if len(piece) > LONGEST:
            return replace(told, note=f"{len(piece):,} bytes long; its merges are not followed")
        symbols = self._trace.symbols(piece)
        if symbols is None:
            return replace(told, note="its parts are not in the vocabulary")
        start = tuple(shown(model.pieces[symbol]) for symbol in symbols)
        if len(symbols) == 1:
            unit = "byte" if model.byte_level else "character"
            return replace(told, start=start, note=f"a single {unit}: merging starts from these")
        phases = self.tokenizer.definition.two_phase
        if phases is not None:
            end, steps = self._two_phases(piece, phases)
        else:
            end, merged = self._trace.run(symbols)
            steps = [self._step(one.rank, one.left, one.right) for one in merged]
        if end != [index]:
            whole = model.ignore_merges or bool(model.user_defined)
            how = "it is taken whole where it stands alone" if whole else "no text is cut into it"
            return replace(told, note=f"merging its spelling ends elsewhere; {how}")
        noun = "merge" if len(steps) == 1 else "merges"
        return replace(told, start=start, steps=tuple(steps), note=f"made by {len(steps)} {noun}")

    def _step(self, rank: int, left: int, right: int) -> Step:
        pieces = self._trace.model.pieces
        result = self._trace.spelled(left, right)
        return Step(rank, shown(pieces[left]), shown(pieces[right]), shown(result))

    @cached_property
    def _phases(self) -> tuple[MergeTrace, MergeTrace]:
        model, phases = self._trace.model, self.tokenizer.definition.two_phase
        assert phases is not None
        ranks = np.arange(len(model.merges), dtype=np.uint32)
        parts = slice(None, phases.word_merges), slice(phases.word_merges, None)
        first, second = (
            MergeTrace(replace(model, merges=model.merges[part], merge_ranks=ranks[part]))
            for part in parts
        )
        return first, second

    def _two_phases(self, piece: bytes, phases: TwoPhase) -> tuple[list[int], list[Step]]:
        """Words first, then the merges that join whole ones (SuperBPE)."""
        first, second = self._phases
        try:
            text = piece.decode()
        except UnicodeDecodeError:  # part of a character is part of a word
            words = [piece]
        else:
            words = [text[begin:end].encode() for begin, end in split(phases.pattern, text)]
        ends: list[int] = []
        steps: list[Step] = []
        for word in words:
            end, merged = first.run(first.symbols(word) or [])
            ends += end
            steps += [self._step(one.rank, one.left, one.right) for one in merged]
        if len(ends) > 1 and len(ends) == len(words):
            ends, joined = second.run(ends)
            steps += [self._step(one.rank, one.left, one.right) for one in joined]
        return ends, steps
