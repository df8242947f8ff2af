"""SentencePiece .model files, read from the protobuf bytes."""

from __future__ import annotations

import math
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tokenworks.workflows.doctor.envelope import open_envelope
from tokenworks.workflows.doctor.other_models import BYTE_PIECES
from tokenworks.workflows.doctor.protobuf import BrokenMessageError, fields
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
# What protobuf leaves out because it is the default of the trainer spec.
DEFAULT_IDS = {"unk_id": 0, "bos_id": 1, "eos_id": 2}
MODELS = {1: "Unigram", 2: "BPE", 3: "word", 4: "char"}


@dataclass(slots=True)
class Proto:
    """The parts of a SentencePiece model that the checks look at."""

    path: Path
    pieces: list[tuple[bytes, float, int, int]] = field(
        default_factory=list
    )  # piece, score, type, position
    trainer: dict[int, int] = field(default_factory=dict)  # varints of the trainer_spec

    @property
    def file(self) -> str:
        """The path as reports print it."""
        return str(self.path)


def read_proto(path: Path, findings: Findings) -> Proto | None:
    """Read a .model file; what can be read of a broken one is returned, with a finding."""
    envelope = open_envelope(path, findings)
    if not envelope.readable:
        return None
    data, proto = envelope.data, Proto(path)
    if data[:1] != b"\x0a":
        kind = (
            "JSON"
            if data.lstrip()[:1] in (b"{", b"[")
            else "GGUF"
            if data[:4] == b"GGUF"
            else "something else"
        )
        findings.add(
            Finding(
                "error",
                "not-a-tokenizer",
                proto.file,
                f"this is not a SentencePiece model ({kind}; it begins with {data[:8]!r})",
                "a ModelProto, whose first byte is 0x0a",
                symptom="could not parse ModelProto",
            )
        )
        return None
    try:
        for number, wire, value, place in fields(data):
            if wire == 2 and isinstance(value, tuple):
                if number == 1:
                    proto.pieces.append((*_piece(data, *value), place))
                elif number == 2:
                    proto.trainer = {
                        n: v for n, w, v, _ in fields(data, *value) if w == 0 and isinstance(v, int)
                    }
    except BrokenMessageError as error:
        cut = "past the end" in error.what or "data end" in error.what
        findings.add(
            Finding(
                "error",
                "truncated" if cut else "proto-broken",
                proto.file,
                f"the model breaks off: {error.what} at byte {error.position:,} of "
                f"{len(data):,}, after {len(proto.pieces):,} pieces",
                "download or copy it again (in binary mode)",
                place=f"byte {error.position}",
                symptom="could not parse ModelProto",
            )
        )
        if not proto.pieces:
            return None
    return proto


def _piece(data: bytes, begin: int, end: int) -> tuple[bytes, float, int]:
    text, score, kind = b"", 0.0, NORMAL
    for number, wire, value, _ in fields(data, begin, end):
        if number == 1 and wire == 2 and isinstance(value, tuple):
            text = data[value[0] : value[1]]
        elif number == 2 and wire == 5 and isinstance(value, tuple):
            (score,) = struct.unpack("<f", data[value[0] : value[1]])
        elif number == 3 and wire == 0 and isinstance(value, int):
            kind = value
    return text, score, kind


@check("sentencepiece", "pieces")
def check_pieces(proto: Proto, findings: Findings) -> None:
    """Missing unk, repeated pieces, scores, byte pieces and ids that the trainer spec names."""
    file = proto.file
    if not proto.pieces:
        findings.add(
            Finding(
                "error",
                "vocab-empty",
                file,
                "the model has no pieces",
                "a trained model",
                symptom="ModelProto has no pieces",
            )
        )
        return
    _each_piece(proto, findings)
    counts = Counter(kind for _, _, kind, _ in proto.pieces)
    if counts[UNKNOWN] == 0:
        findings.add(
            Finding(
                "error",
                "unk-missing",
                file,
                "no piece has the type UNKNOWN",
                "exactly one, usually <unk>",
                symptom="unk is not defined",
            )
        )
    if counts[UNKNOWN] > 1:
        findings.add(
            Finding(
                "error",
                "unk-repeated",
                file,
                f"{counts[UNKNOWN]} pieces have the type UNKNOWN",
                "exactly one",
                symptom="unk is already defined",
            )
        )
    findings.facts["tokens"] = len(proto.pieces)
    _spec(proto, counts, findings)


def _each_piece(proto: Proto, findings: Findings) -> None:
    """Empty, repeated and broken pieces, and their scores and types."""
    file = proto.file
    seen: dict[bytes, int] = {}
    for i, (piece, score, kind, place) in enumerate(proto.pieces):
        where = f"pieces[{i}], byte {place}"
        shown = piece[:40].decode("utf-8", "replace")
        if not piece:
            findings.add(
                Finding(
                    "error",
                    "piece-empty",
                    file,
                    f"piece {i} is empty",
                    "a piece of one or more characters",
                    where,
                    symptom="piece must not be empty",
                )
            )
        elif piece in seen:
            findings.add(
                Finding(
                    "error",
                    "piece-repeated",
                    file,
                    f"piece {i} {shown!r} repeats piece {seen[piece]}",
                    "each piece once",
                    where,
                    symptom=f"{shown} is already defined",
                )
            )
        seen.setdefault(piece, i)
        if not math.isfinite(score):
            findings.add(
                Finding(
                    "error",
                    "score",
                    file,
                    f"the score of {shown!r} is {score}",
                    "a finite number",
                    where,
                )
            )
        if kind not in (NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE):
            findings.add(
                Finding(
                    "error", "piece-type", file, f"the type of {shown!r} is {kind}", "1 to 6", where
                )
            )
        try:
            piece.decode("utf-8")
        except UnicodeDecodeError:
            findings.add(
                Finding(
                    "error",
                    "encoding",
                    file,
                    f"piece {i} is not UTF-8: {piece[:20]!r}",
                    "UTF-8",
                    where,
                )
            )


def _spec(proto: Proto, counts: Counter[int], findings: Findings) -> None:
    file, spec = proto.file, proto.trainer
    model = spec.get(3, 1)
    if spec and model not in MODELS:
        findings.add(
            Finding(
                "error",
                "type-unknown",
                file,
                f"trainer_spec.model_type is {model}",
                "1 unigram, 2 bpe, 3 word, 4 char",
                "trainer_spec.model_type",
            )
        )
    stated = spec.get(4)
    if stated is not None and stated != len(proto.pieces):
        findings.add(
            Finding(
                "note",
                "size-differs",
                file,
                f"trainer_spec.vocab_size says {stated:,}, the model has {len(proto.pieces):,} pieces",
                "nothing, if pieces were added or pruned on purpose",
                "trainer_spec.vocab_size",
            )
        )
    _byte_pieces(proto, counts[BYTE], findings)
    _named_ids(proto, findings)


def _byte_pieces(proto: Proto, bytes_given: int, findings: Findings) -> None:
    """All 256 where byte_fallback is on, none where it is off."""
    file, fallback = proto.file, bool(proto.trainer.get(35, 0))
    if fallback and bytes_given != 256:
        absent = BYTE_PIECES - {
            p.decode("utf-8", "replace") for p, _, kind, _ in proto.pieces if kind == BYTE
        }
        findings.add(
            Finding(
                "error",
                "byte-pieces-absent",
                file,
                f"byte_fallback is on, but {len(absent)} of the 256 byte pieces are missing"
                + (f" (the first is {min(absent)})" if absent else ""),
                "<0x00> to <0xFF> with the type BYTE",
                "trainer_spec.byte_fallback",
                symptom="there are not 256 byte pieces although `byte_fallback` is true",
            )
        )
    if not fallback and bytes_given:
        findings.add(
            Finding(
                "error",
                "byte-fallback-off",
                file,
                f"there are {bytes_given} byte pieces but byte_fallback is off",
                "byte_fallback: true",
                "trainer_spec.byte_fallback",
            )
        )


def _named_ids(proto: Proto, findings: Findings) -> None:
    """The ids that the trainer spec names are there, and of the right type."""
    file, spec = proto.file, proto.trainer
    for number, name in ((40, "unk_id"), (41, "bos_id"), (42, "eos_id"), (43, "pad_id")):
        value = spec.get(number, DEFAULT_IDS.get(name)) if spec else None
        if value is None:
            continue
        signed = value - (1 << 64) if value >= 1 << 63 else value
        if signed >= len(proto.pieces):
            findings.add(
                Finding(
                    "error",
                    "id-out-of-range",
                    file,
                    f"{name} is {signed} but there are {len(proto.pieces):,} pieces",
                    f"-1 (none) to {len(proto.pieces) - 1}",
                    f"trainer_spec.{name}",
                )
            )
        elif signed >= 0 and number == 40 and proto.pieces[signed][2] != UNKNOWN:
            findings.add(
                Finding(
                    "warning",
                    "unk-differs",
                    file,
                    f"unk_id is {signed}, but that piece is "
                    f"{proto.pieces[signed][0][:30].decode('utf-8', 'replace')!r} and not of the "
                    "type UNKNOWN",
                    "the place of <unk>",
                    f"trainer_spec.{name}",
                )
            )
        elif signed >= 0 and number in (41, 42) and proto.pieces[signed][2] != CONTROL:
            findings.add(
                Finding(
                    "warning",
                    "special-not-control",
                    file,
                    f"{name} is {signed}, but "
                    f"{proto.pieces[signed][0][:30].decode('utf-8', 'replace')!r} is not a "
                    "control piece: text can produce it",
                    "type CONTROL",
                    f"pieces[{signed}]",
                )
            )
