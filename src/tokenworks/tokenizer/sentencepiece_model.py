"""Reading SentencePiece `.model` files, without the sentencepiece package.

The file is one protobuf message: the pieces with their scores and types, what the trainer was told,
and the normalizer. BPE and Unigram are read; the result encodes as sentencepiece itself does, where
`special` pieces (`<s>`) in a text are plain text.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer import protobuf
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Origin, Step, Unigram
from tokenworks.tokenizer.score_merges import merges_from_scores
from tokenworks.tokenizer.source import read_bytes


class PieceType(IntEnum):
    """What a piece is for (the values of the file)."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


MODEL_TYPES = {1: "Unigram", 2: "BPE", 3: "WORD", 4: "CHAR"}

# Field numbers of sentencepiece_model.proto.
PIECES, TRAINER, NORMALIZER, SELF_TEST, DENORMALIZER = 1, 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of the vocabulary."""

    text: str
    score: float
    type: PieceType


@dataclass(slots=True)
class TrainerSpec:
    """The part of the trainer's settings that encoding and decoding depend on."""

    model_type: int = 1
    treat_whitespace_as_suffix: bool = False
    byte_fallback: bool = False
    unk_piece: str = "<unk>"
    bos_piece: str = "<s>"
    eos_piece: str = "</s>"
    pad_piece: str = "<pad>"
    unk_surface: str = " \u2047 "


@dataclass(slots=True)
class NormalizerSpec:
    """How text is normalized before the model sees it."""

    name: str = ""
    precompiled_charsmap: bytes = b""
    add_dummy_prefix: bool = True
    remove_extra_whitespaces: bool = True
    escape_whitespaces: bool = True


@dataclass(slots=True)
class ModelProto:
    """The parsed file."""

    pieces: list[Piece] = field(default_factory=list)
    trainer: TrainerSpec = field(default_factory=TrainerSpec)
    normalizer: NormalizerSpec = field(default_factory=NormalizerSpec)
    # Every field but the pieces, as read, in order, to write the file back unchanged.
    rest: bytes = b""
    # Whether the writer's own way of writing the pieces gives the same bytes.
    canonical: bool = True


def read(path: Path) -> Definition:
    """Read a SentencePiece `.model` file.

    Args:
        path: the file.

    Returns:
        Its definition; `origin.extra` keeps what the writer needs for the same bytes.

    Raises:
        FormatError: the file is damaged or is no SentencePiece model.
        UnsupportedError: a WORD or CHAR model, or one that cannot be read exactly.
    """
    return parse(read_bytes(path), str(path))


def parse(data: bytes, what: str) -> Definition:
    """Read the bytes of a SentencePiece `.model` file.

    Args:
        data: the bytes of the file.
        what: the name of the file, for messages and for the name of the definition.
    """
    proto = parse_proto(data, what)
    _check_pieces(proto, what)
    return Definition(
        name=Path(what).stem,
        model=_bpe(proto, what) if proto.trainer.model_type == 2 else _unigram(proto),
        normalizer=tuple(_normalizer(proto)),
        decoder=tuple(_decoder(proto)),
        added=tuple(
            AddedToken(id=index, content=piece.text)
            for index, piece in enumerate(proto.pieces)
            if piece.type in (PieceType.UNKNOWN, PieceType.CONTROL)
        ),
        bos_id=_control_id(proto, proto.trainer.bos_piece),
        eos_id=_control_id(proto, proto.trainer.eos_piece),
        pad_id=_control_id(proto, proto.trainer.pad_piece),
        origin=Origin("sentencepiece", path=what, extra=_extra(proto)),
    )


def parse_proto(data: bytes, what: str) -> ModelProto:
    """Read the message itself, without any judgement of its content.

    Raises:
        FormatError: the bytes are no such message.
    """
    proto = ModelProto()
    trainer = normalizer = denormalizer = rest = b""
    if not data:
        raise FormatError(f"{what}: the file is empty; a SentencePiece model is expected")
    for number, wire, value in protobuf.fields(data, what):
        if number == PIECES:
            raw = protobuf.as_bytes(value, wire, what)
            piece = _piece(raw, f"{what}: piece {len(proto.pieces)}")
            proto.pieces.append(piece)
            proto.canonical &= not rest and raw == encode_piece(piece)
            continue
        rest += protobuf.encode_field(number, wire, value)
        # A message that occurs twice is merged, and merging is reading the joined bytes.
        if number == TRAINER:
            trainer += protobuf.as_bytes(value, wire, what)
        elif number == NORMALIZER:
            normalizer += protobuf.as_bytes(value, wire, what)
        elif number == DENORMALIZER:
            denormalizer += protobuf.as_bytes(value, wire, what)
    if not proto.pieces:
        raise FormatError(f"{what}: no pieces; a SentencePiece model is expected")
    proto.trainer = _trainer(trainer, f"{what}: trainer_spec")
    proto.normalizer = _normalizer_spec(normalizer, f"{what}: normalizer_spec")
    if _normalizer_spec(denormalizer, f"{what}: denormalizer_spec").precompiled_charsmap:
        raise UnsupportedError(
            f"{what}: denormalizer_spec has a character map, which changes what ids decode to; "
            "only models without one can be read"
        )
    proto.rest = rest
    return proto


def _piece(raw: bytes, what: str) -> Piece:
    text, score, kind = "", 0.0, 1
    for number, wire, value in protobuf.fields(raw, what):
        if number == 1:
            text = protobuf.as_text(value, wire, what)
        elif number == 2:
            score = protobuf.as_float(value, wire, what)
        elif number == 3:
            kind = protobuf.as_int(value, wire, what)
    if kind not in PieceType._value2member_map_:
        raise FormatError(f"{what}: type {kind} where 1 (normal) to 6 (byte) is expected")
    return Piece(text, score, PieceType(kind))


def encode_piece(piece: Piece) -> bytes:
    """The message of one piece, as sentencepiece's trainer writes it."""
    raw = protobuf.encode_bytes(1, piece.text.encode("utf-8"))
    raw += protobuf.encode_float(2, piece.score)
    return raw if piece.type == PieceType.NORMAL else raw + protobuf.encode_int(3, piece.type)


def _trainer(raw: bytes, what: str) -> TrainerSpec:
    spec = TrainerSpec()
    for number, wire, value in protobuf.fields(raw, what):
        if number == 3:
            spec.model_type = protobuf.as_int(value, wire, what)
        elif number == 24:
            spec.treat_whitespace_as_suffix = protobuf.as_int(value, wire, what) != 0
        elif number == 35:
            spec.byte_fallback = protobuf.as_int(value, wire, what) != 0
        elif number == 44:
            spec.unk_surface = protobuf.as_text(value, wire, what)
        elif number == 45:
            spec.unk_piece = protobuf.as_text(value, wire, what)
        elif number == 46:
            spec.bos_piece = protobuf.as_text(value, wire, what)
        elif number == 47:
            spec.eos_piece = protobuf.as_text(value, wire, what)
        elif number == 48:
            spec.pad_piece = protobuf.as_text(value, wire, what)
    return spec


def _normalizer_spec(raw: bytes, what: str) -> NormalizerSpec:
    spec = NormalizerSpec()
    for number, wire, value in protobuf.fields(raw, what):
        if number == 1:
            spec.name = protobuf.as_text(value, wire, what)
        elif number == 2:
            spec.precompiled_charsmap = protobuf.as_bytes(value, wire, what)
        elif number == 3:
            spec.add_dummy_prefix = protobuf.as_int(value, wire, what) != 0
        elif number == 4:
            spec.remove_extra_whitespaces = protobuf.as_int(value, wire, what) != 0
        elif number == 5:
            spec.escape_whitespaces = protobuf.as_int(value, wire, what) != 0
    return spec


def _check_pieces(proto: ModelProto, what: str) -> None:
    """What sentencepiece itself demands of a model before it encodes with it."""
    kind = proto.trainer.model_type
    if kind in (3, 4):
        raise UnsupportedError(
            f"{what}: a {MODEL_TYPES[kind]} model; only BPE and Unigram models can be read"
        )
    if kind not in MODEL_TYPES:
        raise FormatError(f"{what}: trainer_spec: model_type {kind} where 1 to 4 is expected")
    first: dict[str, int] = {}
    for index, piece in enumerate(proto.pieces):
        if not piece.text:
            raise FormatError(f"{what}: piece {index} is empty")
        if "\0" in piece.text:
            raise FormatError(f"{what}: piece {index} ({piece.text!r}) holds a NUL character")
        if first.setdefault(piece.text, index) != index:
            raise FormatError(
                f"{what}: pieces {first[piece.text]} and {index} are both {piece.text!r}"
            )
        if not math.isfinite(piece.score):
            raise FormatError(f"{what}: piece {index} ({piece.text!r}) has the score {piece.score}")
    unknown = [i for i, piece in enumerate(proto.pieces) if piece.type == PieceType.UNKNOWN]
    if len(unknown) != 1:
        raise FormatError(f"{what}: {len(unknown)} pieces of type unknown; exactly 1 is expected")
    _check_bytes(proto, what)
    charsmap = proto.normalizer.precompiled_charsmap
    if charsmap and not 4 < int.from_bytes(charsmap[:4], "little") + 4 < len(charsmap):
        raise FormatError(f"{what}: normalizer_spec: the precompiled character map is damaged")
    if proto.normalizer.remove_extra_whitespaces:
        for index, piece in enumerate(proto.pieces):
            if piece.type == PieceType.USER_DEFINED and " " in piece.text:
                raise UnsupportedError(
                    f"{what}: piece {index} ({piece.text!r}) is user-defined with a space, in a "
                    "model that removes extra spaces; write the space as U+2581"
                )


def _check_bytes(proto: ModelProto, what: str) -> None:
    expected = {f"<0x{value:02X}>" for value in range(256)}
    have = {piece.text for piece in proto.pieces if piece.type == PieceType.BYTE}
    if have - expected:
        raise FormatError(
            f"{what}: byte piece {min(have - expected)!r} where <0x00> to <0xFF> is expected"
        )
    if proto.trainer.byte_fallback and have != expected:
        raise FormatError(
            f"{what}: byte_fallback without the byte piece {min(expected - have)!r}; all 256 of "
            "them are expected"
        )
    if have and not proto.trainer.byte_fallback:
        raise FormatError(f"{what}: byte piece {min(have)!r} although byte_fallback is false")


def _bpe(proto: ModelProto, what: str) -> Bpe:
    kind = np.array([piece.type for piece in proto.pieces])
    # A control symbol of one character ("q") is not found in text, so it is no piece of the model.
    symbols = np.isin(kind, (PieceType.UNKNOWN, PieceType.CONTROL))
    in_model = np.array(
        [not s or len(p.text) > 1 for s, p in zip(symbols, proto.pieces, strict=True)]
    )
    ids = np.flatnonzero(in_model)
    pieces = tuple(proto.pieces[i].text.encode("utf-8") for i in ids.tolist())
    merges, ranks = merges_from_scores(
        pieces,
        np.array([proto.pieces[i].score for i in ids.tolist()], dtype=np.float64),
        mergeable=np.isin(kind[ids], (PieceType.NORMAL, PieceType.UNUSED)),
        frozen=kind[ids] == PieceType.USER_DEFINED,
        what=what,
    )
    return Bpe(
        pieces=pieces,
        ids=ids.astype(np.uint32),
        merges=merges,
        merge_ranks=ranks,
        byte_level=False,
        byte_fallback=proto.trainer.byte_fallback,
        unk_id=int(np.flatnonzero(kind == PieceType.UNKNOWN)[0]),
        fuse_unk=True,
        user_defined=frozenset(np.flatnonzero(kind == PieceType.USER_DEFINED).tolist()),
        unused=frozenset(np.flatnonzero(kind == PieceType.UNUSED).tolist()),
    )


def _unigram(proto: ModelProto) -> Unigram:
    kind = np.array([piece.type for piece in proto.pieces])
    # Only normal and user-defined pieces are looked up in the text.
    looked_up = np.isin(kind, (PieceType.NORMAL, PieceType.USER_DEFINED))
    return Unigram(
        pieces=tuple(piece.text.encode("utf-8") for piece in proto.pieces),
        ids=np.arange(len(kind), dtype=np.uint32),
        scores=np.array([piece.score for piece in proto.pieces], dtype=np.float64),
        unk_id=int(np.flatnonzero(kind == PieceType.UNKNOWN)[0]),
        byte_fallback=proto.trainer.byte_fallback,
        user_defined=frozenset(np.flatnonzero(kind == PieceType.USER_DEFINED).tolist()),
        unused=frozenset(np.flatnonzero(~looked_up).tolist()),
        flavour="sentencepiece",
    )


def _normalizer(proto: ModelProto) -> Iterator[Step]:
    spec = proto.normalizer
    if spec.precompiled_charsmap:
        yield {
            "type": "Precompiled",
            "precompiled_charsmap": base64.b64encode(spec.precompiled_charsmap).decode("ascii"),
            "flavour": "sentencepiece",
            "protected": [p.text for p in proto.pieces if p.type == PieceType.USER_DEFINED],
        }
    yield {
        "type": "SentencePieceSpaces",
        "add_dummy_prefix": spec.add_dummy_prefix,
        "remove_extra_whitespaces": spec.remove_extra_whitespaces,
        "escape_whitespaces": spec.escape_whitespaces,
        "treat_whitespace_as_suffix": proto.trainer.treat_whitespace_as_suffix,
    }


def _decoder(proto: ModelProto) -> Iterator[Step]:
    yield {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    if proto.trainer.byte_fallback:
        yield {"type": "ByteFallback"}
    yield {"type": "Fuse"}
    spec = proto.normalizer
    if spec.add_dummy_prefix or spec.remove_extra_whitespaces:
        yield {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def _control_id(proto: ModelProto, text: str) -> int | None:
    for index, piece in enumerate(proto.pieces):
        if piece.type == PieceType.CONTROL and piece.text == text:
            return index
    return None


def _extra(proto: ModelProto) -> dict[str, Any]:
    return {
        "rest": proto.rest,
        "canonical": proto.canonical,
        "unk_surface": proto.trainer.unk_surface,
        # In the order of the ids. The scores of a BPE model are more than the ranks of its merges.
        "scores": np.array([piece.score for piece in proto.pieces], dtype=np.float32),
        "types": np.array([piece.type for piece in proto.pieces], dtype=np.uint8),
    }
