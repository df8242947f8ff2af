"""The old tokens that spell a new token: its bytes encoded as they stand inside a text.

The text of a token is encoded without what tokenizers put around a whole text: no space in front of
it, no BOS, nothing stripped. Bytes that are no UTF-8 (parts of characters) go byte by byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tokenworks.tokenizer.definition import Bpe, Definition, Step, Unigram, WordPiece
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Ids
from tokenworks.transplant.matching import is_byte_piece


def pieces_of(tokenizer: Tokenizer, tokens: Sequence[bytes]) -> tuple[Ids, Ids]:
    """Spell tokens with those of another vocabulary.

    Args:
        tokenizer: of the vocabulary to spell with.
        tokens: the bytes of each token.

    Returns:
        Ids, int64 [total], and where each token's begin, int64 [len + 1]. A token that cannot be
        spelled has none; unknown tokens are left out.
    """
    return _ragged(Speller(tokenizer).spell(tokens))


class Speller:
    """Spells tokens with those of one vocabulary, again and again."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Prepare for the vocabulary to spell with."""
        self.tokenizer = tokenizer
        self._greedy = isinstance(tokenizer.definition.model, WordPiece)
        if not self._greedy:
            self._bare = Tokenizer(_bare(tokenizer.definition))
            self._single = _single_bytes(tokenizer)

    def spell(self, tokens: Sequence[bytes]) -> list[list[int]]:
        """The ids that spell each token; none for a token that cannot be spelled."""
        if self._greedy:
            return [_longest_match(self.tokenizer, token) for token in tokens]
        unknown = self.tokenizer.definition.model.unk_id
        stretches: list[str] = []
        plan: list[list[int | tuple[int]]] = []  # ids of stray bytes, and numbers of stretches
        for token in tokens:
            parts: list[int | tuple[int]] = []
            for stretch in _stretches(token):
                if isinstance(stretch, str):
                    parts.append((len(stretches),))
                    stretches.append(stretch)
                elif stretch in self._single:
                    parts.append(self._single[stretch])
            plan.append(parts)
        ids, starts = self._bare.encode_batch(stretches, specials="text")
        encoded, bounds = ids.tolist(), starts.tolist()
        spelled = []
        for parts in plan:
            found: list[int] = []
            for part in parts:
                if isinstance(part, tuple):
                    found += encoded[bounds[part[0]] : bounds[part[0] + 1]]
                else:
                    found.append(part)
            spelled.append([number for number in found if number != unknown])
        return spelled


def _ragged(lists: Sequence[Sequence[int]]) -> tuple[Ids, Ids]:
    starts = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(one) for one in lists], out=starts[1:])
    flat = [number for one in lists for number in one]
    return np.array(flat, np.int64), starts


def _stretches(token: bytes) -> list[str | int]:
    """Valid stretches of UTF-8 as text, and every byte between them as a number."""
    found: list[str | int] = []
    rest = token
    while rest:
        try:
            found.append(rest.decode())
            break
        except UnicodeDecodeError as error:
            if error.start:
                found.append(rest[: error.start].decode())
            found += list(rest[error.start : error.end])
            rest = rest[error.end :]
    return found


def _single_bytes(tokenizer: Tokenizer) -> dict[int, int]:
    """Tokens of a single byte; of two, the one that is made for it (`<0xE4>`)."""
    model = tokenizer.definition.model
    falls_back = isinstance(model, Bpe | Unigram) and model.byte_fallback
    found: dict[int, int] = {}
    for number, piece in zip(model.ids.tolist(), model.pieces, strict=True):
        spelled = tokenizer.token_bytes(number)
        if len(spelled) == 1 and (spelled[0] not in found or (falls_back and is_byte_piece(piece))):
            found[spelled[0]] = number
    return found


def _bare(definition: Definition) -> Definition:
    """The tokenizer without what it does to the ends of a text."""
    kept = [_without_prefix(step) for step in definition.normalizer]
    split = [_without_prefix(step) for step in definition.pretokenizer]
    return replace(
        definition,
        normalizer=tuple(step for step in kept if step is not None),
        pretokenizer=tuple(step for step in split if step is not None),
        postprocessor=(),
        add_bos=False,
        add_eos=False,
    )


def _without_prefix(step: Step) -> Step | None:
    kind = step["type"]
    if kind in ("Prepend", "Strip"):
        return None
    if kind == "SentencePieceSpaces":
        return {**step, "add_dummy_prefix": False, "remove_extra_whitespaces": False}
    if kind == "Metaspace":
        return {**step, "prepend_scheme": "never"}
    if kind == "ByteLevel":
        return {**step, "add_prefix_space": False}
    return step


def _longest_match(tokenizer: Tokenizer, token: bytes) -> list[int]:
    """WordPiece spells greedily; " a" begins a word there and "a" continues one."""
    found: list[int] = []
    start = 0
    while start < len(token):
        for end in range(len(token), start, -1):
            number = tokenizer.id_of(token[start:end])
            if number is not None:
                found.append(number)
                start = end
                break
        else:
            start += 1
    return found
