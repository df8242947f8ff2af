"""Mistral's tekken.json: ranks in JSON, with the special tokens in front of them."""

from __future__ import annotations

import base64
import binascii

from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.value_kinds import describe


def looks_like_tekken(value: object) -> bool:
    """True for an object with the config and vocab of a tekken.json."""
    return (
        isinstance(value, dict)
        and "vocab" in value
        and "model" not in value
        and ("config" in value or isinstance(value["vocab"], list))
    )


@check("tekken", "config and vocabulary")
def check_tekken(document: Document, findings: Findings) -> None:
    """Missing config fields, wrong ranks, base64, sizes that disagree, missing bytes."""
    config, vocab = document.value.get("config"), document.value.get("vocab")
    if not isinstance(config, dict):
        findings.add(
            document.finding(
                "error",
                "config-missing",
                ("config",),
                f"config is {describe(config)}",
                "an object with pattern, num_vocab_tokens, default_vocab_size, default_num_special_tokens",
            )
        )
        config = {}
    for name in ("pattern", "num_vocab_tokens", "default_vocab_size", "default_num_special_tokens"):
        value = config.get(name)
        kind = str if name == "pattern" else int
        if not isinstance(value, kind) or isinstance(value, bool):
            findings.add(
                document.finding(
                    "error",
                    "config-field",
                    ("config", name),
                    f"{name} is {describe(value)}",
                    "a regular expression" if kind is str else "an integer",
                )
            )
    if not isinstance(vocab, list) or not vocab:
        findings.add(
            document.finding(
                "error",
                "vocab-empty",
                ("vocab",),
                f"vocab is {describe(vocab)}",
                'a list of {"rank": 0, "token_bytes": "AA==", "token_str": ...}',
            )
        )
        return
    _entries(document, vocab, findings)
    stated = config.get("num_vocab_tokens")
    if isinstance(stated, int) and stated != len(vocab):
        findings.add(
            document.finding(
                "error",
                "size-differs",
                ("config", "num_vocab_tokens"),
                f"num_vocab_tokens is {stated:,} but there are {len(vocab):,} entries",
                f"{len(vocab)}; the file may be cut",
            )
        )
    size, special = config.get("default_vocab_size"), config.get("default_num_special_tokens")
    if (
        isinstance(size, int)
        and isinstance(special, int)
        and not 0 <= special < size <= len(vocab) + special
    ):
        findings.add(
            document.finding(
                "error",
                "size-differs",
                ("config", "default_vocab_size"),
                f"default_vocab_size {size:,} with {special:,} special tokens needs "
                f"{size - special:,} entries, there are {len(vocab):,}",
                "specials + ordinary tokens",
            )
        )
    listed = document.value.get("special_tokens")
    if isinstance(listed, list) and isinstance(special, int) and len(listed) > special:
        findings.add(
            document.finding(
                "error",
                "size-differs",
                ("special_tokens",),
                f"{len(listed):,} special tokens, but default_num_special_tokens is {special:,}",
                f"{len(listed)} or more",
            )
        )


def _entries(document: Document, vocab: list[object], findings: Findings) -> None:
    seen: dict[bytes, int] = {}
    for i, entry in enumerate(vocab):
        rank = entry.get("rank") if isinstance(entry, dict) else None
        text = entry.get("token_bytes") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(rank, int) or not isinstance(text, str):
            document.tell(
                findings,
                "error",
                "vocab-shape",
                ("vocab", i),
                f"the entry is {describe(entry)}",
                '{"rank": ..., "token_bytes": "base64"}',
            )
            continue
        if rank != i:
            document.tell(
                findings,
                "error",
                "rank-order",
                ("vocab", i),
                f"the entry {i} has the rank {rank}",
                "ranks 0, 1, 2 ... in order; one may be missing",
            )
        try:
            token = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            document.tell(
                findings,
                "error",
                "base64",
                ("vocab", i),
                f"{text[:30]!r} is not base64",
                "the token's bytes in standard base64",
            )
            continue
        if token in seen:
            document.tell(
                findings,
                "error",
                "token-repeated",
                ("vocab", i),
                f"the token {token[:20]!r} repeats entry {seen[token]}",
                "one entry for one token",
            )
        seen.setdefault(token, i)
    absent = [b for b in range(256) if bytes([b]) not in seen]
    if absent:
        findings.add(
            document.finding(
                "error",
                "byte-absent",
                ("vocab",),
                f"{len(absent)} of the 256 single bytes are missing (the first is {absent[0]:#04x})",
                "the 256 bytes as the first entries",
            )
        )
    findings.facts["tokens"] = len(seen)
