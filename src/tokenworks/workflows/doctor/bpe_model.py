"""The vocabulary and the merges of a BPE model in tokenizer.json."""

from __future__ import annotations

from typing import Any

from tokenworks.workflows.doctor.components import no_variant
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.merge_order import check_order, show_pair
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.value_kinds import describe, is_id

MERGES = ("model", "merges")


def model_of(document: Document, kind: str) -> dict[str, Any] | None:
    """The model object when it is of this type (or has no type and looks like it)."""
    model = document.value.get("model") if isinstance(document.value, dict) else None
    if not isinstance(model, dict):
        return None
    name = model.get("type")
    if isinstance(name, str) and name.lower() == kind.lower():
        return model
    return model if name is None and kind == "BPE" and "merges" in model else None


@check("tokenizer.json", "vocabulary ids")
def check_vocabulary(document: Document, findings: Findings) -> None:
    """Ids that are no integers, ids that two tokens share, and holes."""
    model = document.value.get("model") if isinstance(document.value, dict) else None
    vocab = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(vocab, dict):
        return
    owner: dict[int, str] = {}
    for token, number in vocab.items():
        if not is_id(number):
            document.tell(
                findings,
                "error",
                "vocab-id",
                ("model", "vocab", token),
                f"the id of {token[:40]!r} is {describe(number)}",
                "an integer from 0 to 4294967295",
                symptom=f"{no_variant('model')}; invalid value, expected u32",
            )
        elif number in owner:
            document.tell(
                findings,
                "error",
                "id-shared",
                ("model", "vocab", token),
                f"{owner[number][:40]!r} and {token[:40]!r} both have the id {number}",
                "one id for one token; a reader keeps either, by chance",
            )
        else:
            owner[number] = token
    if not vocab:
        findings.add(
            document.finding(
                "error",
                "vocab-empty",
                ("model", "vocab"),
                "the vocabulary is empty",
                "the tokens with their ids",
            )
        )
    findings.facts.setdefault("tokens", len(vocab))
    added = document.value.get("added_tokens")
    listed = added if isinstance(added, list) else []
    taken = {t["id"] for t in listed if isinstance(t, dict) and is_id(t.get("id"))}
    holes = max(owner, default=-1) + 1 - len(owner)
    unfilled = (
        [i for i in range(max(owner, default=-1) + 1) if i not in owner and i not in taken]
        if 0 < holes < 10_000_000
        else []
    )
    if holes >= 10_000_000:
        findings.add(
            document.finding(
                "error",
                "vocab-id",
                ("model", "vocab", owner[max(owner)]),
                f"the highest id is {max(owner):,} for {len(owner):,} tokens",
                "ids without large holes",
            )
        )
    elif unfilled:
        findings.add(
            document.finding(
                "warning",
                "vocab-holes",
                ("model", "vocab"),
                f"{len(unfilled):,} ids have no token (the first is {unfilled[0]})",
                "ids from 0 without holes",
            )
        )


@check("tokenizer.json", "dropout")
def check_dropout(document: Document, findings: Findings) -> None:
    """Merges that are skipped at random, which is meant for training alone."""
    model = model_of(document, "BPE")
    dropout = model.get("dropout") if model else None
    if isinstance(dropout, float) and 0 < dropout <= 1:
        findings.add(
            document.finding(
                "warning",
                "dropout",
                ("model", "dropout"),
                f"dropout is {dropout}: merges are skipped at random, and a text has other ids each time",
                "null, but while training a model on purpose",
            )
        )


@check("tokenizer.json", "merges")
def check_merges(document: Document, findings: Findings) -> None:
    """Merges of a wrong shape, of absent pieces, repeated, cyclic, out of order or never firing."""
    model = model_of(document, "BPE")
    if (
        model is None
        or not isinstance(model.get("merges"), list)
        or not isinstance(model.get("vocab"), dict)
    ):
        return
    merges, vocab = model["merges"], model["vocab"]
    prefix = model.get("continuing_subword_prefix")
    prefix = prefix if isinstance(prefix, str) else ""
    pairs = _pairs(document, merges, findings)
    seen: dict[tuple[str, str], int] = {}
    number = {piece: i for i, piece in enumerate(vocab)}
    clean: list[tuple[int, int, int]] = []
    origin: list[int] = []
    for i, pair in pairs:
        left, right = pair
        if pair in seen:
            document.tell(
                findings,
                "warning",
                "merge-repeated",
                (*MERGES, i),
                f"the merge {show_pair(pair)} repeats the one at {seen[pair]}",
                "one merge for one pair; later readers give it the later rank",
                fixable=True,
            )
            continue
        seen[pair] = i
        # Readers cut the prefix off the right piece by its length, whatever stands there.
        result = left + right[len(prefix) :]
        if result in (left, right):
            document.tell(
                findings,
                "error",
                "merge-cyclic",
                (*MERGES, i),
                f"the merge {show_pair(pair)} makes {result[:40]!r} again: it never ends",
                "a merge of two pieces that are not empty",
                fixable=True,
            )
            continue
        absent = [piece for piece in pair if piece not in number]
        if absent:
            document.tell(
                findings,
                "error",
                "merge-piece-absent",
                (*MERGES, i),
                f"the merge {show_pair(pair)} names {absent[0][:40]!r}, which is not in the vocabulary",
                "every piece of a merge in model.vocab; the vocabulary may belong to another file",
                symptom=f"Token `{absent[0][:40]}` out of vocabulary; before 0.20 "
                f"{no_variant('model').split(' (')[0]}",
            )
        elif result not in number:
            document.tell(
                findings,
                "error",
                "merge-result-absent",
                (*MERGES, i),
                f"the merge {show_pair(pair)} makes {result[:40]!r}, which is not in the vocabulary",
                "every result of a merge in model.vocab; the vocabulary may have been cut",
                symptom=f"Token `{result[:40]}` out of vocabulary; before 0.20 "
                f"{no_variant('model').split(' (')[0]}",
            )
        else:
            clean.append((number[left], number[right], number[result]))
            origin.append(i)
    check_order(document, findings, clean, origin, list(vocab))


def _pairs(
    document: Document, merges: list[Any], findings: Findings
) -> list[tuple[int, tuple[str, str]]]:
    out: list[tuple[int, tuple[str, str]]] = []
    strings = lists = 0
    for i, merge in enumerate(merges):
        parts: Any = merge
        if isinstance(merge, str):
            strings += 1
            if merge.startswith("#version"):
                document.tell(
                    findings,
                    "error",
                    "merge-header",
                    (*MERGES, i),
                    f"the header line {merge[:30]!r} of merges.txt stands among the merges",
                    "merges only; as a merge it shifts nothing but names absent pieces",
                    fixable=True,
                    symptom="Token `#version:` out of vocabulary",
                )
                continue
            parts = merge.split(" ")
        elif isinstance(merge, list):
            lists += 1
        if (
            not isinstance(parts, list)
            or len(parts) != 2
            or not all(isinstance(p, str) for p in parts)
        ):
            document.tell(
                findings,
                "error",
                "merge-shape",
                (*MERGES, i),
                f"the merge is {describe(merge)}",
                'a string "left right" or a pair ["left", "right"]; a piece with a space needs the pair',
                symptom=f"Merges text file invalid at line {i + 1}; or {no_variant('model')}",
            )
            continue
        out.append((i, (parts[0], parts[1])))
    if strings and lists:
        odd = next(
            i for i, m in enumerate(merges) if isinstance(m, str) != isinstance(merges[0], str)
        )
        findings.add(
            document.finding(
                "error",
                "merges-mixed",
                (*MERGES, odd),
                f"{strings:,} merges are strings and {lists:,} are pairs",
                "all strings (any version) or all pairs (0.20 and later)",
                symptom="data did not match any variant of untagged enum MergeType (before 0.21: "
                "ModelWrapper)",
                fixable=True,
            )
        )
    return out
