"""Makes the small models of this folder; needs the sentencepiece package.

`python make.py` writes them beside itself. The text is our own. Types and scores that the trainer
never gives (unused pieces, equal scores) are set afterwards.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as schema

HERE = Path(__file__).parent
TEXT = """
banana bandana anagram cabbage baggage abacus aaa aaaa aabaab the then there other mother
Über größer naïve café 東京都 京都 東京 Москва москвич ΑΒΓ 12 123 2024 foo_bar (x) == !=
"""
WORDS = TEXT.split()
SENTENCES = [" ".join(WORDS[(i * k) % len(WORDS)] for k in range(1, 9)) for i in range(1, 120)]
# Several characters to one, one to several, one to none, and rules that begin alike.
RULES = ["FF21\t41", "FB01\t66 69", "00AD\t", "65 301\tE9", "3000\t20", "9\t20", "2026\t2E 2E 2E"]


def train(**options: Any) -> schema.ModelProto:
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=out,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        **options,
    )
    proto = schema.ModelProto()
    proto.ParseFromString(out.getvalue())
    return proto


def save(name: str, proto: schema.ModelProto) -> None:
    (HERE / f"{name}.model").write_bytes(proto.SerializeToString(deterministic=True))


def main() -> None:
    rules = HERE / "rules.tsv"
    rules.write_text("\n".join(RULES) + "\n", encoding="utf-8")
    llama = {
        "model_type": "bpe",
        "byte_fallback": True,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
    }
    save("bpe-byte-fallback", train(vocab_size=420, **llama))

    symbols = {
        "user_defined_symbols": ["<tool>", "ana", "anag", "é"],
        "control_symbols": ["<x>", "q"],
    }
    odd = train(vocab_size=450, pad_id=3, split_by_whitespace=False, **symbols, **llama)
    normal = [p for p in odd.pieces if p.type == p.NORMAL and len(p.piece) > 1]
    for piece in normal[::4]:
        piece.type = piece.UNUSED
    for piece in normal:
        piece.score = float(-(-int(piece.score) // 7))
    save("bpe-unused-equal-scores", odd)

    plain = {"model_type": "bpe", "vocab_size": 160, "normalization_rule_tsv": str(rules)}
    save("bpe-rules-suffix", train(treat_whitespace_as_suffix=True, **plain))
    unigram = {"model_type": "unigram", "normalization_rule_tsv": str(rules)}
    save("unigram-rules", train(vocab_size=150, user_defined_symbols=["<tool>", "Ａb"], **unigram))
    bare = train(vocab_size=400, byte_fallback=True, add_dummy_prefix=False, **unigram)
    bare.normalizer_spec.remove_extra_whitespaces = False
    several = [p for p in bare.pieces if p.type == p.NORMAL and len(p.piece) > 1]
    for piece in several[::5]:
        piece.type = piece.UNUSED
    for piece in several:
        piece.score = round(piece.score)
    save("unigram-byte-fallback", bare)
    rules.unlink()


if __name__ == "__main__":
    main()
