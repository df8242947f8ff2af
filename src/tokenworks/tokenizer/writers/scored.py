"""A tokenizer as SentencePiece and GGUF's "llama" and "t5" see it: every id with score and type."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import UnsupportedError
from tokenworks.tokenizer.definition import Bpe, Definition, Step, Unigram
from tokenworks.tokenizer.sentencepiece_model import PieceType


@dataclass(frozen=True, slots=True)
class Scored:
    """The vocabulary by id, and the normalizer in SentencePiece's terms."""

    texts: list[str]
    scores: NDArray[np.float32]  # [n]
    types: NDArray[np.uint8]  # [n], of PieceType
    spaces: Step  # a SentencePieceSpaces step
    charsmap: bytes
    byte_fallback: bool
    bpe: bool


def scored(definition: Definition, format: str) -> Scored:
    """Say a tokenizer with scores.

    Args:
        definition: a BPE of characters, or a Unigram model.
        format: the name of the format that is written, for the message.

    Returns:
        The vocabulary. The scores of a BPE are those it was read with, or else the order in which
        its merges first make each piece.

    Raises:
        UnsupportedError: it has something that SentencePiece has no place for.
    """

    def refuse(reason: str) -> UnsupportedError:
        return UnsupportedError(
            f"{definition.name}: cannot be said in {format}: {reason}; write it as huggingface"
        )

    model = definition.model
    if not isinstance(model, Bpe | Unigram) or (isinstance(model, Bpe) and model.byte_level):
        kind = "byte-level BPE" if isinstance(model, Bpe) else type(model).__name__
        raise refuse(f"it is a {kind} model, and SentencePiece has BPE of characters and Unigram")
    if isinstance(model, Bpe) and (model.continuing_subword_prefix or model.end_of_word_suffix):
        raise refuse("pieces have a prefix or suffix inside words")
    if isinstance(model, Bpe) and model.ignore_merges:
        raise refuse("a whole piece is taken before merging (ignore_merges)")
    if definition.pretokenizer:
        raise refuse(f"text is split first ({definition.pretokenizer[0]['type']})")
    for token in definition.added:
        if token.lstrip or token.rstrip or token.single_word:
            raise refuse(f"{token.content!r} also takes or needs the text around it")
    spaces, charsmap = _normalizer(definition, refuse)
    count = 1 + max([*model.ids.tolist(), *(token.id for token in definition.added)])
    texts: list[str | None] = [None] * count
    for piece, number in zip(model.pieces, model.ids.tolist(), strict=True):
        texts[number] = piece.decode()
    types = np.full(count, PieceType.NORMAL, np.uint8)
    for token in definition.added:
        if texts[token.id] not in (None, token.content):
            raise refuse(f"the id {token.id} has two tokens")
        texts[token.id] = token.content
        types[token.id] = PieceType.CONTROL if token.special else PieceType.USER_DEFINED
    missing = next((number for number, text in enumerate(texts) if text is None), None)
    if missing is not None:
        raise refuse(f"no token has the id {missing}, and it numbers all of them")
    if model.unk_id is None:
        raise refuse("it has no unknown token")
    names = [text or "" for text in texts]
    _set_types(model, names, types)
    return Scored(
        texts=names,
        scores=_scores(definition, names),
        types=types,
        spaces=spaces,
        charsmap=charsmap,
        byte_fallback=model.byte_fallback,
        bpe=isinstance(model, Bpe),
    )


def _set_types(model: Bpe | Unigram, names: list[str], types: NDArray[np.uint8]) -> None:
    for numbers, kind in (
        (model.unused, PieceType.UNUSED),
        (model.user_defined, PieceType.USER_DEFINED),
    ):
        for number in numbers:
            # What a Unigram model leaves out as control or byte piece is not unused for that.
            if types[number] == PieceType.NORMAL:
                types[number] = kind
    spelled = {f"<0x{value:02X}>" for value in range(256)}
    for number, name in enumerate(names):
        if model.byte_fallback and name in spelled:
            types[number] = PieceType.BYTE
    assert model.unk_id is not None
    types[model.unk_id] = PieceType.UNKNOWN


def _scores(definition: Definition, names: list[str]) -> NDArray[np.float32]:
    model = definition.model
    if isinstance(model, Unigram):
        scores = np.zeros(len(names), np.float32)
        scores[model.ids] = model.scores
        return scores
    assert isinstance(model, Bpe)
    kept = definition.origin.extra.get("scores")
    kept = getattr(kept, "value", kept)
    if kept is not None and len(kept) == len(names):
        return np.asarray(kept, np.float32)
    # A piece of no merge keeps the lowest score, which no pair that could make it will reach.
    ranks = np.arange(len(model.merges)) if model.merge_ranks is None else model.merge_ranks
    first: dict[str, int] = {}
    for (left, right), rank in zip(model.merges.tolist(), ranks.tolist(), strict=True):
        first.setdefault((model.pieces[left] + model.pieces[right]).decode(), rank)
    order = {text: number for number, text in enumerate(first)}
    return np.array([-float(order.get(name, len(order))) for name in names], np.float32)


def _normalizer(definition: Definition, refuse: Any) -> tuple[Step, bytes]:
    charsmap = b""
    steps = list(definition.normalizer)
    if steps and steps[0]["type"] == "Precompiled":
        if steps[0].get("flavour") != "sentencepiece":
            raise refuse("its character map is read by grapheme, as only tokenizers does")
        charsmap = base64.b64decode(steps.pop(0)["precompiled_charsmap"])
    if len(steps) == 1 and steps[0]["type"] == "SentencePieceSpaces":
        return steps[0], charsmap
    mark = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    prepend = {"type": "Prepend", "prepend": "▁"}
    plain = [dict(step) for step in steps]
    if plain not in ([], [mark], [prepend, mark]):
        names = ", ".join(step["type"] for step in steps)
        raise refuse(f"text is normalized by {names}")
    return {
        "type": "SentencePieceSpaces",
        "add_dummy_prefix": prepend in plain,
        "remove_extra_whitespaces": False,
        "escape_whitespaces": mark in plain,
        "treat_whitespace_as_suffix": False,
    }, charsmap
