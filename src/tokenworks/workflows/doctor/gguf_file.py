"""GGUF files: the header and the tokenizer's metadata, read without loading any tensor."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor.envelope import outer_fault, read_bytes
from tokenworks.workflows.doctor.gguf_pre import KNOWN_PRE
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
# Metadata of real files end before this; what lies behind are tensors, which nobody asks for.
HEADER_LIMIT = 512 << 20


class GgufError(ValueError):
    """The header cannot be read on; `position` is a byte offset."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position = position


@dataclass(slots=True)
class Gguf:
    """The metadata of a GGUF file and the shapes of its tensors."""

    path: Path
    meta: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The path as reports print it."""
        return str(self.path)


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, n: int) -> bytes:
        if n < 0 or self.at + n > len(self.data):
            raise GgufError(
                self.at, f"{n:,} bytes are announced, {len(self.data) - self.at:,} are left"
            )
        out = self.data[self.at : self.at + n]
        self.at += n
        return out

    def number(self, code: str) -> Any:
        size = struct.calcsize("<" + code)
        return struct.unpack("<" + code, self.take(size))[0]

    def string(self) -> str:
        return self.take(self.number("Q")).decode("utf-8", "surrogateescape")

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY or depth > 4:
            raise GgufError(self.at, f"the value type {kind} does not exist (0 to 12)")
        inner, count = self.number("I"), self.number("Q")
        if inner in _SCALARS:
            code = _SCALARS[inner]
            raw = self.take(count * struct.calcsize("<" + code))
            return list(struct.unpack(f"<{count}{code}", raw))
        if count > len(self.data):
            raise GgufError(self.at, f"an array of {count:,} values is announced")
        return [self.value(inner, depth + 1) for _ in range(count)]


def read_gguf(path: Path, findings: Findings) -> Gguf | None:
    """Read the header; everything readable before a fault is returned, with a finding."""
    file = str(path)
    try:
        data = read_bytes(path, HEADER_LIMIT)
    except FormatError as error:
        findings.add(Finding("error", "unreadable", file, str(error), "give read permission"))
        return None
    if outer_fault(file, data, findings):
        return None
    if data[:4] != b"GGUF":
        old = data[:4] in (b"lmgg", b"fmgg", b"tjgg", b"algg")
        findings.add(
            Finding(
                "error",
                "bad-magic",
                file,
                f"the file begins with {data[:4]!r}, not GGUF"
                + (" (an old GGML file)" if old else ""),
                "convert it with the current converter" if old else "a GGUF file",
                place="byte 0",
                symptom="invalid magic characters",
            )
        )
        return None
    gguf, cursor = Gguf(path), _Cursor(data)
    cursor.at = 4
    try:
        version = cursor.number("I")
        if version not in (2, 3):
            swapped = int.from_bytes(version.to_bytes(4, "little"), "big")
            findings.add(
                Finding(
                    "error",
                    "version-unknown",
                    file,
                    f"GGUF version {version}"
                    + (f" (big-endian file of version {swapped})" if swapped in (2, 3) else ""),
                    "2 or 3, little-endian",
                    place="byte 4",
                    symptom=f"unsupported GGUF version {version}",
                )
            )
            return None
        tensors, keys = cursor.number("Q"), cursor.number("Q")
        for _ in range(keys):
            place = cursor.at
            key = cursor.string()
            if key in gguf.meta:
                findings.add(
                    Finding(
                        "error",
                        "repeated-key",
                        file,
                        f"the key {key[:60]} stands twice",
                        "each key once",
                        place=f"byte {place}",
                    )
                )
            gguf.meta[key] = cursor.value(cursor.number("I"))
        for _ in range(tensors):
            name = cursor.string()
            shape = tuple(cursor.number("Q") for _ in range(min(cursor.number("I"), 8)))
            cursor.number("I")
            cursor.number("Q")
            gguf.tensors[name] = shape
    except GgufError as error:
        findings.add(
            Finding(
                "error",
                "truncated",
                file,
                f"the header breaks off at byte {error.position:,} of {len(data):,}: {error}, "
                f"after {len(gguf.meta)} keys",
                "download it again",
                place=f"byte {error.position}",
                symptom="failed to read GGUF header",
            )
        )
    return gguf


@check("gguf", "tokenizer metadata")
def check_metadata(gguf: Gguf, findings: Findings) -> None:
    """Missing or unknown keys, arrays whose lengths disagree, ids out of range, embedding rows."""
    file, meta = gguf.file, gguf.meta
    prefix = "tokenizer.ggml."

    def say(severity: Any, code: str, key: str, what: str, right: str, symptom: str = "") -> None:
        findings.add(
            Finding(
                severity,
                code,
                file,
                what,
                right,
                place=prefix + key if not key.startswith("token_embd") else key,
                symptom=symptom,
            )
        )

    model = meta.get(prefix + "model")
    tokens = meta.get(prefix + "tokens")
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
    pre = meta.get(prefix + "pre")
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
    for name in ("bos", "eos", "unknown", "padding", "separator", "eot", "eom"):
        value = meta.get(f"{prefix}{name}_token_id")
        if isinstance(value, int) and not 0 <= value < len(tokens):
            say(
                "error",
                "id-out-of-range",
                f"{name}_token_id",
                f"{name}_token_id is {value} but there are {len(tokens):,} tokens",
                f"0 to {len(tokens) - 1}",
            )
    if model in ("llama", "gpt2") and not isinstance(meta.get(prefix + "eos_token_id"), int):
        say(
            "warning",
            "eos-missing",
            "eos_token_id",
            "there is no eos_token_id; readers take a default that may be another token",
            "the id of the end token",
        )
    findings.facts["tokens"] = len(tokens)
    for name in ("token_embd.weight", "output.weight"):
        shape = gguf.tensors.get(name)
        if shape and len(shape) == 2:
            findings.facts[name] = list(reversed(shape))
            if shape[1] < len(tokens):
                say(
                    "error",
                    "ids-beyond-rows",
                    name if name.startswith("token_embd") else "tokens",
                    f"{name} has {shape[1]:,} rows for {len(tokens):,} tokens",
                    f"{len(tokens):,} rows or more",
                    "tensor has wrong shape",
                )


def _arrays(meta: dict[str, Any], model: Any, tokens: list[Any], say: Any) -> None:
    prefix = "tokenizer.ggml."
    bad = next((i for i, t in enumerate(tokens) if not isinstance(t, str)), None)
    if bad is not None:
        say("error", "vocab-shape", f"tokens[{bad}]", "a token is not a string", "strings")
        return
    for key in ("scores", "token_type"):
        values = meta.get(prefix + key)
        if isinstance(values, list) and len(values) != len(tokens):
            say(
                "error",
                "lengths-differ",
                key,
                f"{len(values):,} {key} for {len(tokens):,} tokens",
                "one for each token",
            )
    types = meta.get(prefix + "token_type")
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
    if model == "llama" and not isinstance(meta.get(prefix + "scores"), list):
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
    merges = meta.get(prefix + "merges")
    if model == "gpt2":
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
