"""`extend`: new merges on top of a tokenizer, with every old token and merge kept.

The law, and why it holds: *write every new token of an encoding as the old tokens it was merged from,
and you have the encoding of the old tokenizer.* Merges apply by rank, the new ones rank behind all
old ones, and no old merge takes or makes a new piece: so within a pretoken all old merges happen
first, exactly as before, and new ones then join their results. A piece comes about in one way only,
wherever it stands, so this is also true where a whole pretoken that is a piece is taken at once
(`ignore_merges`). A text in which no new token occurs is therefore encoded exactly as before.
Where superwords are joined in a second phase, new merges are the last of the first phase: a pretoken
that becomes one token by them was several before, which no old merge of the second phase joined, and
none of those knows the new token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError, UnsupportedError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition
from tokenworks.tokenizer.piece_ids import inherited
from tokenworks.training.counted_words import Words
from tokenworks.training.merges import learn_merges
from tokenworks.workflows.base_words import base_words
from tokenworks.workflows.extension_proof import (
    ExtensionProof,
    Sample,
    new_merges_at,
    prove_extension,
    sample,
)
from tokenworks.workflows.grown_folder import require_bpe, write_grown
from tokenworks.workflows.single_pass import part_of, with_single_pass


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What the new tokens save on text that they were not learned from."""

    documents: int  # parts of documents of some 1 KB
    bytes: int
    tokens_before: int
    tokens_after: int

    @property
    def saved(self) -> float:
        """The fraction of tokens saved."""
        return 1 - self.tokens_after / self.tokens_before if self.tokens_before else 0.0

    def to_json(self) -> dict[str, Any]:
        """The figures as plain data."""
        return {
            "parts": self.documents,
            "bytes": self.bytes,
            "tokens_before": self.tokens_before,
            "tokens_after": self.tokens_after,
            "saved": round(self.saved, 6),
        }


@dataclass(frozen=True, slots=True)
class ExtendResult:
    """The extended tokenizer, and the evidence."""

    tokenizer: Tokenizer
    base: str
    added: int
    first_id: int
    rows: int  # an embedding matrix needs at least: the highest id + 1
    special: dict[str, int]
    held_out: HeldOut | None  # None where the corpus is too small to hold a part out
    proof: ExtensionProof
    files: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as plain data."""
        return {
            "base": self.base,
            "added": self.added,
            "first_id": self.first_id,
            "rows": self.rows,
            "special": self.special,
            "held_out": self.held_out.to_json() if self.held_out else None,
            "proof": self.proof.to_json(),
            "sha256": self.tokenizer.sha256,
            "files": list(self.files),
        }


def extend(
    base: Tokenizer | str | Path,
    on: str | Path | Sequence[str | Path],
    add: int,
    out: str | Path | None = None,
    *,
    min_count: int = 2,
    max_token_bytes: int | None = None,
    special: Sequence[str] = (),
    held_out: float = 0.05,
    field: str = "text",
    seed: int = 0,
    overwrite: bool = False,
    command: list[str] | None = None,
) -> ExtendResult:
    """Learn new tokens for a corpus on top of a tokenizer; old ids, merges and encodings stay.

    Args:
        base: a byte pair encoding tokenizer, or its name or path.
        on: the corpus: files, folders, globs.
        add: how many new tokens, special ones apart.
        out: the folder to write; nothing is written where it is left out.
        min_count: pairs that the corpus holds less often are not merged.
        max_token_bytes: longer pieces are not made.
        special: contents of new special tokens; they get the ids after the new pieces.
        held_out: fraction of the corpus that is kept from learning, to measure what is saved.
        field: where records of the corpus hold their text.
        seed: of the held-out part and of the generated texts of the proof.
        overwrite: replace what the folder holds.
        command: for the manifest; the arguments of this process where it is left out.

    Returns:
        The new tokenizer, tokens on the held-out part before and after, and the proof.

    Raises:
        UnsupportedError: the model is not byte pair encoding, or has pieces that are split again.
        OptionError: an option out of range, or a corpus too small for `add`.
        FormatError: the corpus holds no text.
    """
    old = base if isinstance(base, Tokenizer) else Tokenizer.load(str(base))
    model = _extendable(old)
    _check(add, min_count, max_token_bytes, held_out)
    _check_specials(old, special)
    parts = sample(on, held_out, field=field, seed=seed)
    words = base_words(old, parts.learn())
    made = _learn(old.definition, model, words, add, min_count, max_token_bytes)
    new = Tokenizer.from_definition(_extended(old.definition, model, made, special))
    proof = prove_extension(old, new, parts.kept, seed=seed)
    measured = _measure(old, new, parts)
    new = with_single_pass(new, list(part_of(parts.kept)), "held-out text")
    files: tuple[str, ...] = ()
    first = old.max_id_plus_one
    if out is not None:
        said = {
            "added": len(made),
            "first_id": first,
            "proof": proof.to_json(),
            "held_out": measured.to_json() if measured else None,
        }
        files = write_grown(
            new,
            old,
            out,
            said=said,
            corpus=[on] if isinstance(on, str | Path) else on,
            seed=seed,
            overwrite=overwrite,
            command=command,
        )
    return ExtendResult(
        tokenizer=new,
        base=old.name,
        added=len(made),
        first_id=first,
        rows=new.max_id_plus_one,
        special={content: new.specials[content] for content in special},
        held_out=measured,
        proof=proof,
        files=files,
    )


def _extendable(tokenizer: Tokenizer) -> Bpe:
    model = require_bpe(tokenizer, "extend")
    if model.continuing_subword_prefix:
        raise UnsupportedError(
            f"{tokenizer.name} marks pieces inside words with {model.continuing_subword_prefix!r}; "
            "extend is exact for pieces that are spelled as they stand in the text"
        )
    if model.unused:
        raise UnsupportedError(
            f"{tokenizer.name} splits {len(model.unused)} unused pieces again after merging; what new "
            "merges make of them would not be exact"
        )
    return model


def _check(add: int, min_count: int, max_token_bytes: int | None, held_out: float) -> None:
    if add < 1:
        raise OptionError(f"add is {add}; it must be 1 or more")
    if min_count < 1:
        raise OptionError(f"min_count is {min_count}; it must be 1 or more")
    if max_token_bytes is not None and max_token_bytes < 2:
        raise OptionError(f"max_token_bytes is {max_token_bytes}; it must be 2 or more")
    if not 0 <= held_out < 1:
        raise OptionError(f"held_out is {held_out}; it must be from 0 to below 1")


def _check_specials(tokenizer: Tokenizer, special: Sequence[str]) -> None:
    known = {token.content: token.id for token in tokenizer.definition.added}
    spelled = {
        _spelling(tokenizer.definition, piece) for piece in tokenizer.definition.model.pieces
    }
    for position, content in enumerate(special):
        if not content or content in special[:position]:
            raise OptionError(f"special token {content!r}: contents must differ and not be empty")
        if content in known:
            raise OptionError(
                f"special token {content!r} is there already, with the id {known[content]}"
            )
        if content in spelled:
            raise OptionError(
                f"special token {content!r} would shadow the piece of that spelling, which text "
                "uses; choose another"
            )


def _spelling(definition: Definition, piece: bytes) -> str:
    """A piece as tokenizer.json spells it, where pieces and added tokens share their names."""
    model = definition.model
    if isinstance(model, Bpe) and model.byte_level:
        return to_characters(piece)
    return piece.decode("utf-8", "replace")


Made = list[tuple[int, int]]  # piece indices, counted on past the old pieces


def _learn(
    definition: Definition,
    model: Bpe,
    words: Words,
    add: int,
    min_count: int,
    max_token_bytes: int | None,
) -> Made:
    """New merges over the old tokens, in the order in which they are learned.

    A pair that spells an old piece is never merged: that piece has other parts where it is made, and
    making it here as well would let old merges follow new ones.
    """
    names = {token.content for token in definition.added}
    strings = list(model.pieces)
    known = len(strings)
    asked = add
    while True:
        learned = learn_merges(
            words,
            strings,
            np.arange(known, dtype=np.int64),
            known + asked,
            min_frequency=min_count,
            reuse=False,
        )
        made: Made = []
        index = {token: token for token in range(known)}
        spelled = list(strings)
        for (left, right), token in zip(
            learned.pairs.tolist(), learned.tokens.tolist(), strict=True
        ):
            if token < known or left not in index or right not in index:
                continue
            piece = spelled[index[left]] + spelled[index[right]]
            too_long = max_token_bytes is not None and len(piece) > max_token_bytes
            if too_long or _spelling(definition, piece) in names:
                continue
            made.append((index[left], index[right]))
            index[token] = len(spelled)
            spelled.append(piece)
            if len(made) == add:
                return made
        if len(learned) < asked and int(learned.tokens.max(initial=0)) + 1 < known + asked:
            raise OptionError(
                f"add {add} cannot be reached: the corpus gives {len(made)} new tokens seen at least "
                f"{min_count} times; ask for at most that, give more text, or a lower min_count"
            )
        asked += max(add - len(made), asked // 2)


def _extended(definition: Definition, model: Bpe, made: Made, special: Sequence[str]) -> Definition:
    pieces = list(model.pieces)
    for left, right in made:
        pieces.append(pieces[left] + pieces[right])
    first = Tokenizer.from_definition(definition).max_id_plus_one
    fresh = np.arange(first, first + len(made), dtype=np.uint32)
    at = new_merges_at(definition)
    merges = np.insert(model.merges.reshape(-1, 2), at, np.array(made, np.uint32), axis=0)
    phases = definition.two_phase
    if phases is not None:
        phases = replace(phases, word_merges=at + len(made), single_pass=None)
    after = first + len(made)
    return replace(
        definition,
        name=f"{definition.name}-extended",
        model=replace(
            model,
            pieces=tuple(pieces),
            ids=np.concatenate([model.ids, fresh]),
            merges=np.ascontiguousarray(merges, np.uint32),
            merge_ranks=_ranks(model, len(made)),
        ),
        added=(
            *definition.added,
            *(AddedToken(after + k, content) for k, content in enumerate(special)),
        ),
        origin=inherited(definition.origin),
        two_phase=phases,
    )


def _ranks(model: Bpe, added: int) -> NDArray[np.uint32] | None:
    if model.merge_ranks is None:
        return None
    first = int(model.merge_ranks.max(initial=0)) + 1
    behind = np.arange(first, first + added, dtype=np.uint32)
    ranks: NDArray[np.uint32] = np.concatenate([model.merge_ranks, behind])
    return ranks


def _measure(old: Tokenizer, new: Tokenizer, parts: Sample) -> HeldOut | None:
    if not parts.kept:
        return None
    before, _ = old.encode_batch(parts.kept, specials="text")
    after, _ = new.encode_batch(parts.kept, specials="text")
    size = sum(len(text.encode()) for text in parts.kept)
    return HeldOut(len(parts.kept), size, len(before), len(after))
