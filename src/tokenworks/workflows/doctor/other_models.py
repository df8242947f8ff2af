"""The vocabularies of Unigram, WordPiece and WordLevel models, and unknown tokens."""

from __future__ import annotations

import math
from typing import Any

from tokenworks.workflows.doctor.bpe_model import model_of
from tokenworks.workflows.doctor.components import no_variant
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.value_kinds import describe, is_number

BYTE_PIECES = frozenset(f"<0x{b:02X}>" for b in range(256))


@check("tokenizer.json", "Unigram vocabulary")
def check_unigram(document: Document, findings: Findings) -> None:
    """Pieces without scores, repeated pieces, scores that are no log probabilities, unk_id."""
    model = model_of(document, "Unigram")
    vocab = model.get("vocab") if model else None
    if model is None or not isinstance(vocab, list):
        return
    seen: dict[str, int] = {}
    for i, item in enumerate(vocab):
        place = ("model", "vocab", i)
        if not (
            isinstance(item, list)
            and len(item) == 2
            and isinstance(item[0], str)
            and is_number(item[1])
        ):
            document.tell(
                findings,
                "error",
                "unigram-shape",
                place,
                f"the entry is {describe(item)}",
                'a pair ["piece", score]',
                symptom=f"{no_variant('model')}; invalid length",
            )
            continue
        piece, score = item
        if piece in seen:
            document.tell(
                findings,
                "error",
                "piece-repeated",
                place,
                f"the piece {piece[:40]!r} repeats entry {seen[piece]}",
                "one entry for one piece: the second id can never be produced",
            )
        seen.setdefault(piece, i)
        if not math.isfinite(score):
            document.tell(
                findings,
                "error",
                "score",
                place,
                f"the score of {piece[:40]!r} is {score}",
                "a finite log probability",
            )
    findings.facts.setdefault("tokens", len(vocab))
    if not vocab:
        findings.add(
            document.finding(
                "error",
                "vocab-empty",
                ("model", "vocab"),
                "the vocabulary is empty",
                'pairs ["piece", score]',
                symptom="Unable to load vocab EmptyVocabulary",
            )
        )
    positive = sum(
        1 for v in vocab if isinstance(v, list) and len(v) == 2 and is_number(v[1]) and v[1] > 0
    )
    if vocab and positive > len(vocab) // 2:
        findings.add(
            document.finding(
                "warning",
                "score",
                ("model", "vocab"),
                f"{positive:,} of {len(vocab):,} scores are above 0; they look like counts or ranks",
                "natural logarithms of probabilities (0 or less)",
            )
        )
    _unk_id(document, model, len(vocab), findings)
    _byte_pieces(document, findings, bool(model.get("byte_fallback")), set(seen), "Unigram")


def _unk_id(document: Document, model: dict[str, Any], pieces: int, findings: Findings) -> None:
    """There, in range, or replaced by byte pieces."""
    unk = model.get("unk_id")
    if isinstance(unk, int) and not isinstance(unk, bool):
        if not 0 <= unk < pieces:
            findings.add(
                document.finding(
                    "error",
                    "unk-out-of-range",
                    ("model", "unk_id"),
                    f"unk_id is {unk} but there are {pieces:,} pieces",
                    f"0 to {pieces - 1}, the place of <unk>",
                    symptom="Unable to load vocab UnkIdNotInVocabulary",
                )
            )
    elif unk is None and not model.get("byte_fallback"):
        findings.add(
            document.finding(
                "warning",
                "unk-missing",
                ("model",),
                "there is no unk_id: a character outside the vocabulary raises an error while encoding",
                "the place of <unk> in model.vocab",
                symptom="The `<unk>` token is missing from the vocabulary / Encountered an "
                "unknown token but `unk_id` is missing",
            )
        )


@check("tokenizer.json", "unknown token")
def check_unknown(document: Document, findings: Findings) -> None:
    """An unk_token that the vocabulary lacks; byte fallback without its 256 byte pieces."""
    for kind in ("BPE", "WordPiece", "WordLevel"):
        model = model_of(document, kind)
        if model is None or not isinstance(model.get("vocab"), dict):
            continue
        unk, vocab = model.get("unk_token"), model["vocab"]
        if isinstance(unk, str) and unk not in vocab:
            added = document.value.get("added_tokens")
            only_added = isinstance(added, list) and any(
                isinstance(t, dict) and t.get("content") == unk for t in added
            )
            findings.add(
                document.finding(
                    "error",
                    "unk-absent",
                    ("model", "unk_token"),
                    f"the unknown token {unk[:40]!r} is not in model.vocab"
                    + (
                        " (only among added_tokens, where the model cannot see it)"
                        if only_added
                        else ""
                    ),
                    "a token of model.vocab" + (", or null" if kind == "BPE" else ""),
                    symptom="WordPiece error: Missing [UNK] token from the vocabulary"
                    if kind == "WordPiece"
                    else "Unk token out of vocabulary",
                )
            )
        if kind == "BPE":
            _byte_pieces(document, findings, bool(model.get("byte_fallback")), set(vocab), kind)
            _byte_alphabet(document, findings, vocab)
        if kind == "WordPiece":
            prefix = model.get("continuing_subword_prefix")
            if (
                isinstance(prefix, str)
                and prefix
                and not any(str(t).startswith(prefix) for t in vocab)
            ):
                findings.add(
                    document.finding(
                        "warning",
                        "prefix-unused",
                        ("model", "continuing_subword_prefix"),
                        f"no token begins with the prefix {prefix[:20]!r}: every word that is "
                        f"not whole becomes {unk!r}",
                        'the prefix that the vocabulary uses, usually "##"',
                    )
                )


def _byte_pieces(
    document: Document, findings: Findings, fallback: bool, vocab: set[str], kind: str
) -> None:
    absent = sorted(BYTE_PIECES - vocab)
    if fallback and absent:
        findings.add(
            document.finding(
                "error",
                "byte-pieces-absent",
                ("model", "byte_fallback"),
                f"byte_fallback is on, but {len(absent)} of the 256 byte pieces are not in the "
                f"vocabulary (the first is {absent[0]})",
                "<0x00> to <0xFF> in the vocabulary, or byte_fallback: false",
            )
        )
    if not fallback and not absent:
        findings.add(
            document.finding(
                "warning",
                "byte-fallback-off",
                ("model",),
                "the vocabulary has all 256 byte pieces <0x00>..<0xFF>, but byte_fallback is "
                f"off: unknown characters are lost ({kind})",
                "byte_fallback: true",
                writer="converters before tokenizers 0.13.3",
            )
        )


def _byte_alphabet(document: Document, findings: Findings, vocab: dict[str, int]) -> None:
    steps = str([document.value.get(s) for s in ("pre_tokenizer", "normalizer")])
    if "'ByteLevel'" not in steps:
        return
    absent = [b for b, c in enumerate(byte_characters()) if c not in vocab]
    # Bytes that never occur in UTF-8 are often left out on purpose.
    needed = [b for b in absent if b not in (0xC0, 0xC1) and b < 0xF5]
    if needed:
        findings.add(
            document.finding(
                "warning" if any(b >= 0x20 for b in needed) else "note",
                "byte-absent",
                ("model", "vocab"),
                f"{len(needed)} of the 256 byte characters are not in the vocabulary (the first "
                f"is byte {needed[0]:#04x}): "
                "text with them loses characters without a word",
                "all 256 byte characters",
            )
        )


def byte_characters() -> list[str]:
    """The character that GPT-2's byte-level alphabet writes for each of the 256 bytes."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    shifted = iter(range(256, 512))
    return [chr(b) if b in set(plain) else chr(next(shifted)) for b in range(256)]
