"""Writing SentencePiece `.model` files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tokenworks.tokenizer.definition import Definition
from tokenworks.tokenizer.protobuf import encode_bytes, encode_int
from tokenworks.tokenizer.sentencepiece_model import (
    NORMALIZER,
    PIECES,
    TRAINER,
    Piece,
    PieceType,
    encode_piece,
    parse,
)
from tokenworks.tokenizer.writers.same import same_definition
from tokenworks.tokenizer.writers.scored import Scored, scored


def render(definition: Definition) -> dict[str, bytes]:
    """The model file, under "".

    Args:
        definition: a BPE of characters or a Unigram model.

    Raises:
        UnsupportedError: it has something that SentencePiece has no place for.
    """
    vocabulary = scored(definition, "sentencepiece")
    types, scores = vocabulary.types, vocabulary.scores
    extra = definition.origin.extra if definition.origin.format == "sentencepiece" else {}
    if len(extra.get("types", ())) == len(types):
        types = extra["types"]
        scores = np.where(types == PieceType.NORMAL, scores, extra["scores"])
    parts = [
        encode_bytes(PIECES, encode_piece(Piece(text, score, PieceType(kind))))
        for text, score, kind in zip(vocabulary.texts, scores.tolist(), types.tolist(), strict=True)
    ]
    pieces = b"".join(parts)
    rest: bytes = extra.get("rest", b"")
    if rest and _says(definition, pieces + rest):
        return {"": pieces + rest}
    return {"": pieces + _settings(definition, vocabulary)}


def _says(definition: Definition, data: bytes) -> bool:
    """Whether a file with the settings that were read still is this tokenizer."""
    again = parse(data, definition.name)
    beside = {"chat_template": None, "add_bos": False, "add_eos": False, "postprocessor": ()}
    return same_definition(again, replace(definition, **beside))  # type: ignore[arg-type]


def _settings(definition: Definition, vocabulary: Scored) -> bytes:
    """trainer_spec and normalizer_spec, as far as encoding depends on them."""
    spaces = vocabulary.spaces
    ids = {
        "unk": definition.model.unk_id,
        "bos": definition.bos_id,
        "eos": definition.eos_id,
        "pad": definition.pad_id,
    }
    trainer = encode_int(3, 2 if vocabulary.bpe else 1) + encode_int(4, len(vocabulary.texts))
    if spaces["treat_whitespace_as_suffix"]:
        trainer += encode_int(24, 1)
    if vocabulary.byte_fallback:
        trainer += encode_int(35, 1)
    for number, token in enumerate(ids.values()):
        trainer += encode_int(40 + number, -1 if token is None else token)
    for number, token in enumerate(ids.values()):
        if token is not None:
            trainer += encode_bytes(45 + number, vocabulary.texts[token].encode())
    normalizer = encode_bytes(1, b"" if vocabulary.charsmap else b"identity")
    if vocabulary.charsmap:
        normalizer += encode_bytes(2, vocabulary.charsmap)
    normalizer += encode_int(3, spaces["add_dummy_prefix"])
    normalizer += encode_int(4, spaces["remove_extra_whitespaces"])
    normalizer += encode_int(5, spaces["escape_whitespaces"])
    return encode_bytes(TRAINER, trainer) + encode_bytes(NORMALIZER, normalizer)
