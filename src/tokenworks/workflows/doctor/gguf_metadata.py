"""The tokenizer's metadata of GGUF files: keys, arrays, ids, and the rows of the matrices."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from tokenworks.workflows.doctor.gguf_file import Gguf
from tokenworks.workflows.doctor.gguf_pre import KNOWN_PRE
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings

PREFIX = "tokenizer.ggml."
Say = Callable[..., None]


@check("gguf", "tokenizer metadata")
def check_metadata(gguf: Gguf, findings: Findings) -> None:
    """Missing or unknown keys, arrays whose lengths disagree, ids out of range, embedding rows."""
    file, meta = gguf.file, gguf.meta

    def say(severity: Any, code: str, key: str, what: str, right: str, symptom: str = "") -> None:
        findings.add(
            Finding(
                severity,
                code,
                file,
                what,
                right,
                place=PREFIX + key if not key.startswith("token_embd") else key,
                symptom=symptom,
            )
        )

    model = meta.get(PREFIX + "model")
    tokens = meta.get(PREFIX + "tokens")
    if model is None and tokens is None:
        if not findings.has("truncated"):
            say(
                "error",
                "not-a-tokenizer",
                "model",
                "the file has no tokenizer metadata",
                "tokenizer.ggml.model and tokenizer.ggml.tokens",
                "key not found in model: tokenizer.ggml.model",
            )
        return
    known = (
        "llama",
        "gpt2",
        "bert",
        "t5",
        "rwkv",
        "plamo2",
        "no_vocab",
        "none",
        "gemma4",
        "hybriddna",
    )
    if model not in known:
        say(
            "error",
            "type-unknown",
            "model",
            f"the tokenizer model is {model!r}",
            "one of " + ", ".join(known[:5]),
            "unknown tokenizer",
        )
    if not isinstance(tokens, list):
        if not findings.has("truncated"):
            say(
                "error",
                "vocab-empty",
                "tokens",
                "there are no tokens",
                "the list of tokens",
                "cannot find tokenizer vocab in model file",
            )
        return
    _arrays(meta, model, tokens, say)
    _pre_tokenizer(meta.get(PREFIX + "pre"), model, say)
    _special_ids(meta, model, len(tokens), say)
    findings.facts["tokens"] = len(tokens)
    _matrices(gguf, len(tokens), findings, say)


def _pre_tokenizer(pre: Any, model: Any, say: Say) -> None:
    if model == "gpt2" and pre is None:
        say(
            "warning",
            "pre-missing",
            "pre",
            "there is no pre-tokenizer name; llama.cpp falls back to `default` and other ids",
            "the name of the splitting rule, such as llama-bpe or qwen2",
            "missing pre-tokenizer type, using: 'default' / GENERATION QUALITY WILL BE DEGRADED",
        )
    elif pre is not None and pre not in KNOWN_PRE:
        near = get_close_matches(str(pre), KNOWN_PRE, n=1)
        say(
            "error",
            "pre-unknown",
            "pre",
            f"the pre-tokenizer {pre!r} is not known to llama.cpp",
            f"did you mean {near[0]!r}?"
            if near
            else "a known name, such as llama-bpe, qwen2, gpt-4o, tekken",
            f"unknown pre-tokenizer type: '{pre}' / BPE pre-tokenizer was not recognized",
        )


def _special_ids(meta: dict[str, Any], model: Any, tokens: int, say: Say) -> None:
    for name in ("bos", "eos", "unknown", "padding", "separator", "eot", "eom"):
        value = meta.get(f"{PREFIX}{name}_token_id")
        if isinstance(value, int) and not 0 <= value < tokens:
            say(
                "error",
                "id-out-of-range",
                f"{name}_token_id",
                f"{name}_token_id is {value} but there are {tokens:,} tokens",
                f"0 to {tokens - 1}",
            )
    if model in ("llama", "gpt2") and not isinstance(meta.get(PREFIX + "eos_token_id"), int):
        say(
            "warning",
            "eos-missing",
            "eos_token_id",
            "there is no eos_token_id; readers take a default that may be another token",
            "the id of the end token",
        )


def _matrices(gguf: Gguf, tokens: int, findings: Findings, say: Say) -> None:
    for name in ("token_embd.weight", "output.weight"):
        shape = gguf.tensors.get(name)
        if shape and len(shape) == 2:
            findings.facts[name] = list(reversed(shape))
            if shape[1] < tokens:
                say(
                    "error",
                    "ids-beyond-rows",
                    name if name.startswith("token_embd") else "tokens",
                    f"{name} has {shape[1]:,} rows for {tokens:,} tokens",
                    f"{tokens:,} rows or more",
                    "tensor has wrong shape",
                )


def _arrays(meta: dict[str, Any], model: Any, tokens: list[Any], say: Say) -> None:
    bad = next((i for i, t in enumerate(tokens) if not isinstance(t, str)), None)
    if bad is not None:
        say("error", "vocab-shape", f"tokens[{bad}]", "a token is not a string", "strings")
        return
    for key in ("scores", "token_type"):
        values = meta.get(PREFIX + key)
        if isinstance(values, list) and len(values) != len(tokens):
            say(
                "error",
                "lengths-differ",
                key,
                f"{len(values):,} {key} for {len(tokens):,} tokens",
                "one for each token",
            )
    types = meta.get(PREFIX + "token_type")
    if isinstance(types, list):
        wrong = next((i for i, t in enumerate(types) if t not in range(1, 7)), None)
        if wrong is not None:
            say(
                "error",
                "piece-type",
                f"token_type[{wrong}]",
                f"the type of {tokens[wrong] if wrong < len(tokens) else '?'!r} is {types[wrong]}",
                "1 normal, 2 unknown, 3 control, 4 user, 5 unused, 6 byte",
            )
    if model == "llama" and not isinstance(meta.get(PREFIX + "scores"), list):
        say(
            "error",
            "scores-missing",
            "scores",
            "a SentencePiece tokenizer without scores cannot merge in order",
            "one score for each token",
        )
    seen: dict[str, int] = {}
    for i, token in enumerate(tokens):
        if token in seen:
            say(
                "warning",
                "token-repeated",
                f"tokens[{i}]",
                f"the token {token[:40]!r} repeats tokens[{seen[token]}]",
                "each token once; the first id is never looked up",
            )
        seen[token] = i
    if model == "gpt2":
        _merges(meta.get(PREFIX + "merges"), seen, say)


def _merges(merges: Any, seen: dict[str, int], say: Say) -> None:
    if not isinstance(merges, list) or not merges:
        say(
            "error",
            "merges-missing",
            "merges",
            "a BPE tokenizer without merges",
            "the merges as strings 'left right'",
            "cannot find tokenizer merges in model file",
        )
        return
    for i, merge in enumerate(merges):
        cut = merge.find(" ", 1) if isinstance(merge, str) else -1
        if cut < 0:
            say(
                "error",
                "merge-shape",
                f"merges[{i}]",
                f"the merge is {str(merge)[:40]!r}",
                "'left right'",
            )
        else:
            absent = next(
                (
                    p
                    for p in (merge[:cut], merge[cut + 1 :], merge[:cut] + merge[cut + 1 :])
                    if p not in seen
                ),
                None,
            )
            if absent is not None:
                say(
                    "error",
                    "merge-piece-absent",
                    f"merges[{i}]",
                    f"the merge {merge[:40]!r} needs {absent[:30]!r}, which is not among the tokens",
                    "every piece and result among the tokens",
                )
