"""Small valid tokenizers of every format, made in the test: what the tests then break."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np


def byte_characters() -> list[str]:
    """GPT-2's 256 byte characters."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    out, extra = [], 256
    for byte in range(256):
        if byte in plain:
            out.append(chr(byte))
        else:
            out.append(chr(extra))
            extra += 1
    return out


def added(number: int, content: str, **flags: bool) -> dict[str, Any]:
    """An added token as tokenizers writes it."""
    token = {
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    return {"id": number, "content": content, **token, **flags}


def template(token: str, number: int) -> dict[str, Any]:
    """A post-processor that puts one token in front."""
    special = {"SpecialToken": {"id": token, "type_id": 0}}
    a, b = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    return {
        "type": "TemplateProcessing",
        "single": [special, a],
        "pair": [special, a, b],
        "special_tokens": {token: {"id": token, "ids": [number], "tokens": [token]}},
    }


def bpe() -> dict[str, Any]:
    """A byte-level BPE tokenizer.json of 256 bytes, 6 merges and 2 added tokens."""
    vocab = {c: i for i, c in enumerate(byte_characters())}
    merges = [["h", "e"], ["l", "l"], ["he", "ll"], ["hell", "o"], ["Ġ", "w"], ["o", "r"]]
    for left, right in merges:
        vocab[left + right] = len(vocab)
    level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(262, "<s>"), added(263, "</s>")],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": template("<s>", 262),
        "decoder": level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": merges,
        },
    }


def unigram() -> dict[str, Any]:
    """A Unigram tokenizer.json with Metaspace."""
    vocab = [["<unk>", 0.0], ["▁", -2.0], ["a", -2.5], ["b", -3.0], ["▁ab", -1.5]]
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(0, "<unk>")],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}],
        },
        "pre_tokenizer": space,
        "post_processor": None,
        "decoder": space,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": False},
    }


def wordpiece() -> dict[str, Any]:
    """A WordPiece tokenizer.json as BERT has it."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "##a", "##b"]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [added(i, tokens[i]) for i in range(4)],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {t: i for i, t in enumerate(tokens)},
        },
    }


def ranks() -> list[str]:
    """The lines of a tiktoken file: 256 bytes and 3 merges."""
    tokens = [*(bytes([b]) for b in range(256)), b"he", b"ll", b"hell"]
    return [f"{base64.b64encode(t).decode()} {i}" for i, t in enumerate(tokens)]


def tekken() -> dict[str, Any]:
    """A tekken.json of 256 bytes, one merge and 3 special tokens."""
    tokens = [*(bytes([b]) for b in range(256)), b"he"]
    return {
        "config": {
            "pattern": ".+",
            "num_vocab_tokens": 257,
            "default_vocab_size": 260,
            "default_num_special_tokens": 3,
            "version": "v3",
        },
        "vocab": [
            {"rank": i, "token_bytes": base64.b64encode(t).decode(), "token_str": None}
            for i, t in enumerate(tokens)
        ],
    }


def sentencepiece(path: Path, **options: Any) -> Path:
    """A trained SentencePiece model."""
    import sentencepiece

    corpus = ["the cat sat on the mat", "a cat and a hat", "the hat of the cat is on the mat"] * 40
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus),
        model_prefix=str(path.with_suffix("")),
        hard_vocab_limit=False,
        **{"vocab_size": 60, "model_type": "unigram", "minloglevel": 2, **options},
    )
    path.with_suffix(".vocab").unlink(missing_ok=True)
    return path


def gguf(path: Path, drop: tuple[str, ...] = (), **changes: Any) -> Path:
    """A GGUF file with a BPE tokenizer; `changes` replace metadata, `drop` leaves it out."""
    import gguf as library

    vocab = bpe()["model"]["vocab"]
    tokens = [*vocab, "<s>", "</s>"]
    meta: dict[str, Any] = {
        "model": "gpt2",
        "pre": "gpt-2",
        "tokens": tokens,
        "token_type": [1] * (len(tokens) - 2) + [3, 3],
        "merges": [" ".join(m) for m in bpe()["model"]["merges"]],
        "bos_token_id": len(tokens) - 2,
        "eos_token_id": len(tokens) - 1,
    }
    meta = {k: v for k, v in (meta | changes).items() if k not in drop}
    rows = meta.pop("rows", len(tokens))
    writer = library.GGUFWriter(path, "llama")
    for key, value in meta.items():
        name = f"tokenizer.ggml.{key}"
        if isinstance(value, list):
            writer.add_array(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        else:
            writer.add_string(name, value)
    writer.add_tensor("token_embd.weight", np.zeros((rows, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def safetensors(path: Path, tensors: dict[str, tuple[int, ...]]) -> Path:
    """A safetensors file of zeros."""
    header: dict[str, Any] = {}
    at = 0
    for name, shape in tensors.items():
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))
    return path


CHAT = (
    "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% endif %}"
)


def model_folder(path: Path) -> Path:
    """A model folder: tokenizer, configs, chat template and weights that all agree."""
    path.mkdir()
    tokenizer = bpe()
    tokenizer["post_processor"] = None
    write(path / "tokenizer.json", tokenizer)
    write(
        path / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "chat_template": CHAT,
            "added_tokens_decoder": {"262": added(262, "<s>"), "263": added(263, "</s>")},
        },
    )
    write(
        path / "special_tokens_map.json",
        {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False}},
    )
    write(
        path / "config.json",
        {
            "architectures": ["X"],
            "vocab_size": 264,
            "bos_token_id": 262,
            "eos_token_id": 263,
            "tie_word_embeddings": False,
        },
    )
    write(path / "generation_config.json", {"bos_token_id": 262, "eos_token_id": [263]})
    safetensors(
        path / "model.safetensors",
        {"model.embed_tokens.weight": (264, 4), "lm_head.weight": (264, 4)},
    )
    return path


def write(path: Path, value: Any) -> Path:
    """Write JSON as transformers does."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2), encoding="utf-8")
    return path
