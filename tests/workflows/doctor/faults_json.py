"""Faults of tokenizer.json: (name, builder, mutation, code of the finding, a word of its text or place)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import small

Mutation = Callable[[dict[str, Any]], None]
Fault = tuple[str, Callable[[], dict[str, Any]], Mutation, str, str]


def put(*path: str | int, value: Any) -> Mutation:
    """A mutation that sets the value at a path."""

    def mutate(root: dict[str, Any]) -> None:
        at: Any = root
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return mutate


def drop(*path: str | int) -> Mutation:
    """A mutation that takes away what is at a path."""

    def mutate(root: dict[str, Any]) -> None:
        at: Any = root
        for step in path[:-1]:
            at = at[step]
        del at[path[-1]]

    return mutate


def grow(*path: str | int, value: Any) -> Mutation:
    """A mutation that appends to the list at a path."""

    def mutate(root: dict[str, Any]) -> None:
        at: Any = root
        for step in path:
            at = at[step]
        at.append(value)

    return mutate


def reverse_merges(root: dict[str, Any]) -> None:
    root["model"]["merges"].reverse()


def string_merges(root: dict[str, Any]) -> None:
    root["model"]["merges"][1] = "l l"


def header_line(root: dict[str, Any]) -> None:
    merges = root["model"]["merges"]
    root["model"]["merges"] = ["#version: 0.2", *(" ".join(m) for m in merges)]


def many_added(root: dict[str, Any]) -> None:
    words = (small.added(264 + i, f"word{i}", special=False) for i in range(10_001))
    root["added_tokens"] += words


def without_bytes(root: dict[str, Any]) -> None:
    for character in ("!", "Ã"):
        del root["model"]["vocab"][character]
    root["added_tokens"] = []


PRE, POST, DEC, NORM = "pre_tokenizer", "post_processor", "decoder", "normalizer"
B, U, W = small.bpe, small.unigram, small.wordpiece


def same_once_normalized(root: dict[str, Any]) -> None:
    for number, content in enumerate(("ÅB", "åb")):
        token = small.added(len(root["model"]["vocab"]) + 50 + number, content, special=False)
        root["added_tokens"].append({**token, "normalized": True})


def nothing_once_normalized(root: dict[str, Any]) -> None:
    root["normalizer"] = {"type": "Strip", "strip_left": True, "strip_right": True}
    token = small.added(len(root["model"]["vocab"]) + 50, "\n", special=False)
    root["added_tokens"].append({**token, "normalized": True})


FAULTS: list[Fault] = [
    ("token normalized away", B, nothing_once_normalized, "added-normalized-away", "'\\n'"),
    ("tokens the same once normalized", W, same_once_normalized, "added-normalized-same", "'ÅB'"),
    ("dropout", B, put("model", "dropout", value=0.1), "dropout", "at random"),
    ("unknown section", B, put("speculator", value={}), "not-read", "speculator"),
    ("truncation of no length", B, put("truncation", value={}), "field-type", "max_length"),
    ("padding as a word", B, put("padding", value="longest"), "field-type", "padding"),
    ("added tokens null", B, put("added_tokens", value=None), "added-shape", "null"),
    ("future version", B, put("version", value="2.0"), "version-unknown", "2.0"),
    ("version as a number", B, put("version", value=1.0), "version-type", "1.0"),
    ("no model", B, drop("model"), "model-missing", "version"),
    ("model is null", B, put("model", value=None), "component-shape", "null"),
    ("model type near", B, put("model", "type", value="bpe"), "type-unknown", "'BPE'"),
    ("model type unknown", B, put("model", "type", value="Mamba"), "type-unknown", "Mamba"),
    (
        "normalizer type",
        U,
        put(NORM, "normalizers", 0, "type", value="NFCK"),
        "type-unknown",
        "normalizers[0]",
    ),
    ("pretokenizer type", B, put(PRE, "type", value="Bytelevel"), "type-unknown", "'ByteLevel'"),
    ("decoder type", B, put(DEC, "type", value="ByteLevelDecoder"), "type-unknown", "decoder.type"),
    (
        "post-processor type",
        B,
        put(POST, "type", value="TemplateProcess"),
        "type-unknown",
        "post_processor",
    ),
    ("type absent", B, drop(PRE, "type"), "type-missing", "pre_tokenizer"),
    ("no vocabulary", B, drop("model", "vocab"), "field-missing", "`vocab`"),
    ("no merges", B, drop("model", "merges"), "field-missing", "`merges`"),
    ("merges null", B, put("model", "merges", value=None), "field-type", "model.merges"),
    (
        "wordpiece prefix absent",
        W,
        drop("model", "continuing_subword_prefix"),
        "field-missing",
        "continuing",
    ),
    ("bool as string", B, put("model", "fuse_unk", value="false"), "field-type", "fuse_unk"),
    ("dropout of 2", B, put("model", "dropout", value=2), "field-type", "between 0 and 1"),
    ("trim_offsets absent", B, drop(PRE, "trim_offsets"), "field-missing", "trim_offsets"),
    (
        "null where a bool is due",
        W,
        put(NORM, "lowercase", value=None),
        "field-type",
        "normalizer.lowercase",
    ),
    (
        "prepend scheme",
        U,
        put(PRE, "prepend_scheme", value="Always"),
        "field-type",
        "first, never, always",
    ),
    (
        "metaspace of two characters",
        U,
        put(PRE, "replacement", value="▁▁"),
        "field-type",
        "exactly one",
    ),
    (
        "metaspace disagrees",
        U,
        put(PRE, "add_prefix_space", value=False),
        "metaspace-disagrees",
        "pre_tokenizer",
    ),
    ("str_rep differs", U, put(PRE, "str_rep", value="_"), "metaspace-str-rep", "str_rep"),
    (
        "pattern broken",
        B,
        put(
            PRE,
            value={
                "type": "Split",
                "pattern": {"Regex": "("},
                "behavior": "Isolated",
                "invert": False,
            },
        ),
        "pattern-broken",
        "Regex",
    ),
    (
        "pattern as a string",
        B,
        put(PRE, value={"type": "Split", "pattern": "a", "behavior": "Isolated", "invert": False}),
        "field-type",
        "pattern",
    ),
    (
        "behaviour in lower case",
        B,
        put(
            PRE,
            value={
                "type": "Split",
                "pattern": {"String": "a"},
                "behavior": "isolated",
                "invert": False,
            },
        ),
        "field-type",
        "Isolated",
    ),
    ("decoder of byte level absent", B, put(DEC, value=None), "decoder-missing", "ByteLevel"),
    ("merges mixed", B, string_merges, "merges-mixed", "merges[1]"),
    ("header among the merges", B, header_line, "merge-header", "merges[0]"),
    (
        "merge of three",
        B,
        put("model", "merges", 2, value=["h", "e", "l"]),
        "merge-shape",
        "merges[2]",
    ),
    (
        "merge of an absent piece",
        B,
        grow("model", "merges", value=["zq", "h"]),
        "merge-piece-absent",
        "merges[6]",
    ),
    (
        "merge result absent",
        B,
        grow("model", "merges", value=["z", "q"]),
        "merge-result-absent",
        "'zq'",
    ),
    ("merge repeated", B, grow("model", "merges", value=["h", "e"]), "merge-repeated", "merges[6]"),
    ("merge cyclic", B, grow("model", "merges", value=["", "h"]), "merge-cyclic", "never ends"),
    ("merges reversed", B, reverse_merges, "merge-order", "model.merges"),
    ("two tokens of one id", B, put("model", "vocab", "b", value=64), "id-shared", "64"),
    ("id negative", B, put("model", "vocab", "b", value=-1), "vocab-id", "-1"),
    ("id a float", B, put("model", "vocab", "b", value=65.0), "vocab-id", "65.0"),
    ("holes in the ids", W, put("model", "vocab", "##b", value=9), "vocab-holes", "7"),
    ("bytes missing", B, without_bytes, "byte-absent", "0x21"),
    ("unk absent", B, put("model", "unk_token", value="<unk>"), "unk-absent", "<unk>"),
    (
        "wordpiece unk absent",
        W,
        put("model", "unk_token", value="[UNKNOWN]"),
        "unk-absent",
        "[UNKNOWN]",
    ),
    (
        "wordpiece prefix unused",
        W,
        put("model", "continuing_subword_prefix", value="@@"),
        "prefix-unused",
        "@@",
    ),
    (
        "byte fallback without bytes",
        B,
        put("model", "byte_fallback", value=True),
        "byte-pieces-absent",
        "256",
    ),
    (
        "unigram as an object",
        U,
        put("model", "vocab", value={"a": 0}),
        "field-type",
        "[piece, score]",
    ),
    (
        "unigram entry of three",
        U,
        put("model", "vocab", 2, value=["a", 1, 2]),
        "unigram-shape",
        "vocab[2]",
    ),
    ("unigram unk out of range", U, put("model", "unk_id", value=9), "unk-out-of-range", "9"),
    ("unigram unk missing", U, put("model", "unk_id", value=None), "unk-missing", "unk_id"),
    (
        "unigram piece twice",
        U,
        grow("model", "vocab", value=["a", -3.0]),
        "piece-repeated",
        "vocab[5]",
    ),
    ("unigram empty", U, put("model", "vocab", value=[]), "vocab-empty", "empty"),
    ("added flag absent", B, drop("added_tokens", 0, "rstrip"), "added-field-missing", "rstrip"),
    ("added id absent", B, drop("added_tokens", 0, "id"), "added-field-missing", "`id`"),
    (
        "added flag as a number",
        B,
        put("added_tokens", 0, "special", value=1),
        "added-field-type",
        "special",
    ),
    (
        "added id of another token",
        B,
        put("added_tokens", 0, "id", value=64),
        "added-id-taken",
        "64",
    ),
    (
        "added id differs from the vocabulary",
        W,
        put("added_tokens", 1, "content", value="a"),
        "added-id-taken",
        "[UNK]",
    ),
    ("added id after a gap", B, put("added_tokens", 1, "id", value=300), "added-id-shifts", "263"),
    (
        "added twice",
        B,
        grow("added_tokens", value=small.added(264, "<s>")),
        "added-repeated",
        "added_tokens[2]",
    ),
    ("added ids shared", B, put("added_tokens", 1, "id", value=262), "added-id-shared", "262"),
    (
        "added empty",
        B,
        put("added_tokens", 1, "content", value=""),
        "added-empty",
        "added_tokens[1]",
    ),
    (
        "special is normalized",
        U,
        grow("added_tokens", value=small.added(5, "<PAD>", normalized=True)),
        "special-normalized",
        "<pad>",
    ),
    ("thousands added", B, many_added, "many-added-tokens", "10,001"),
    ("template undeclared", B, put(POST, "special_tokens", value={}), "template-undeclared", "<s>"),
    (
        "template id wrong",
        B,
        put(POST, "special_tokens", "<s>", "ids", value=[5]),
        "template-id",
        "262",
    ),
    (
        "template piece",
        B,
        put(POST, "single", 0, value={"Token": {}}),
        "template-shape",
        "single[0]",
    ),
    (
        "template token absent",
        W,
        put(POST, "cls", value=["<cls>", 2]),
        "template-token-absent",
        "<cls>",
    ),
]
