"""Post-processors: the special tokens that are put around a text, and the ids they stand for."""

from __future__ import annotations

from typing import Any

from tokenworks.workflows.doctor.added_tokens import added, vocabulary
from tokenworks.workflows.doctor.components import no_variant, walk
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.value_kinds import describe, is_id


def ids_by_content(document: Document) -> dict[str, int]:
    """Every token of a tokenizer.json with its id, added tokens included."""
    return {**{t["content"]: t["id"] for _, t in added(document)}, **vocabulary(document)}


def surrounding_tokens(document: Document) -> tuple[list[str], list[str]]:
    """The special tokens that the post-processor puts before and behind a single text."""
    before: list[str] = []
    behind: list[str] = []
    top = document.value if isinstance(document.value, dict) else {}
    for value, _ in walk(top.get("post_processor"), "post_processor", ()):
        if not isinstance(value, dict):
            continue
        if value.get("type") in ("BertProcessing", "RobertaProcessing"):
            for name, side in (("cls", before), ("sep", behind)):
                if (
                    isinstance(value.get(name), list)
                    and value[name]
                    and isinstance(value[name][0], str)
                ):
                    side.append(value[name][0])
        if value.get("type") == "TemplateProcessing" and isinstance(value.get("single"), list):
            side = before
            for piece in value["single"]:
                if isinstance(piece, dict) and "Sequence" in piece:
                    side = behind
                elif isinstance(piece, dict) and isinstance(piece.get("SpecialToken"), dict):
                    side.append(str(piece["SpecialToken"].get("id")))
    return before, behind


@check("tokenizer.json", "post-processor")
def check_post_processor(document: Document, findings: Findings) -> None:
    """Templates of a wrong shape, specials that are not declared, ids of other tokens."""
    top = document.value
    if not isinstance(top, dict):
        return
    known = ids_by_content(document)
    for value, path in walk(top.get("post_processor"), "post_processor", ("post_processor",)):
        if not isinstance(value, dict):
            continue
        if value.get("type") in ("BertProcessing", "RobertaProcessing"):
            for name in ("sep", "cls"):
                pair = value.get(name)
                if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
                    _id(document, findings, pair[0], pair[1], (*path, name), known)
        if value.get("type") == "TemplateProcessing":
            _template(document, findings, value, path, known)


def _template(
    document: Document,
    findings: Findings,
    value: dict[str, Any],
    path: tuple[str | int, ...],
    known: dict[str, int],
) -> None:
    declared = value.get("special_tokens")
    declared = declared if isinstance(declared, dict) else {}
    for side in ("single", "pair"):
        pieces = value.get(side)
        for i, piece in enumerate(pieces if isinstance(pieces, list) else []):
            place = (*path, side, i)
            inner = (
                next(iter(piece.values()), None)
                if isinstance(piece, dict) and len(piece) == 1
                else None
            )
            kind = next(iter(piece), "") if isinstance(piece, dict) else ""
            if (
                kind not in ("SpecialToken", "Sequence")
                or not isinstance(inner, dict)
                or not isinstance(inner.get("id"), str)
                or not is_id(inner.get("type_id"))
            ):
                findings.add(
                    document.finding(
                        "error",
                        "template-shape",
                        place,
                        f"the template piece is {describe(piece)}"[:120],
                        '{"Sequence": {"id": "A", "type_id": 0}} or {"SpecialToken": {"id": '
                        '"<s>", "type_id": 0}}',
                        symptom=no_variant("post_processor"),
                    )
                )
            elif kind == "Sequence" and inner["id"] not in ("A", "B"):
                findings.add(
                    document.finding(
                        "error",
                        "template-shape",
                        (*place, kind, "id"),
                        f"the sequence {inner['id'][:20]!r} does not exist",
                        '"A" or "B"',
                        symptom=no_variant("post_processor"),
                    )
                )
            elif kind == "SpecialToken" and inner["id"] not in declared:
                findings.add(
                    document.finding(
                        "error",
                        "template-undeclared",
                        (*place, kind, "id"),
                        f"the template names {inner['id'][:40]!r}, which its special_tokens do "
                        "not declare: encoding with special tokens fails",
                        f"an entry {inner['id'][:40]!r} in special_tokens",
                    )
                )
    for name, entry in declared.items():
        place = (*path, "special_tokens", name)
        ids = entry.get("ids") if isinstance(entry, dict) else None
        tokens = entry.get("tokens") if isinstance(entry, dict) else None
        if (
            not isinstance(ids, list)
            or not isinstance(tokens, list)
            or not isinstance(entry.get("id"), str)
        ):
            findings.add(
                document.finding(
                    "error",
                    "template-shape",
                    place,
                    f"the entry is {describe(entry)}",
                    '{"id": "<s>", "ids": [1], "tokens": ["<s>"]}',
                    symptom=no_variant("post_processor"),
                )
            )
            continue
        if len(ids) != len(tokens):
            findings.add(
                document.finding(
                    "error",
                    "template-shape",
                    place,
                    f"{len(ids)} ids but {len(tokens)} tokens",
                    "as many ids as tokens",
                )
            )
            continue
        for k, (number, token) in enumerate(zip(ids, tokens, strict=True)):
            _id(document, findings, token, number, (*place, "ids", k), known)


def _id(
    document: Document,
    findings: Findings,
    token: Any,
    number: Any,
    place: tuple[str | int, ...],
    known: dict[str, int],
) -> None:
    if not known:
        return
    if not isinstance(token, str) or token not in known:
        findings.add(
            document.finding(
                "error",
                "template-token-absent",
                place,
                f"{str(token)[:40]!r} is not in the vocabulary",
                "a token of the vocabulary",
            )
        )
    elif known[token] != number:
        other = next((t for t, i in known.items() if i == number), None)
        findings.add(
            document.finding(
                "error",
                "template-id",
                place,
                f"{str(token)[:40]!r} is put in with the id {number}"
                + (f", which is {other[:40]!r}" if other else ", which no token has")
                + f"; its id is {known[token]}",
                f"{known[token]}",
            )
        )
