"""Added tokens of a tokenizer.json: the ids that readers will really give them, and their flags."""

from __future__ import annotations

import unicodedata
from typing import Any

from tokenworks.workflows.doctor.components import walk
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.value_kinds import describe, is_id

FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


def vocabulary(document: Document) -> dict[str, int]:
    """Token to id of the model of a tokenizer.json, whatever its type; empty if unreadable."""
    model = document.value.get("model") if isinstance(document.value, dict) else None
    vocab = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocab, dict):
        return {t: i for t, i in vocab.items() if is_id(i)}
    if isinstance(vocab, list):
        return {
            v[0]: i
            for i, v in enumerate(vocab)
            if isinstance(v, list) and v and isinstance(v[0], str)
        }
    return {}


def added(document: Document) -> list[tuple[int, dict[str, Any]]]:
    """The well-formed added tokens with their places in the list."""
    tokens = document.value.get("added_tokens") if isinstance(document.value, dict) else None
    if not isinstance(tokens, list):
        return []
    return [
        (i, t)
        for i, t in enumerate(tokens)
        if isinstance(t, dict) and isinstance(t.get("content"), str) and is_id(t.get("id"))
    ]


@check("tokenizer.json", "added tokens")
def check_added(document: Document, findings: Findings) -> None:
    """Missing flags, empty or repeated contents, and ids that readers will not honour."""
    tokens = document.value.get("added_tokens") if isinstance(document.value, dict) else None
    if tokens is None and not (
        isinstance(document.value, dict) and "added_tokens" in document.value
    ):
        return
    if not isinstance(tokens, list):
        findings.add(
            document.finding(
                "error",
                "added-shape",
                ("added_tokens",),
                f"added_tokens is {describe(tokens)}",
                "a list of objects",
                symptom="invalid type, expected a sequence",
            )
        )
        return
    for i, token in enumerate(tokens):
        _fields(document, findings, i, token)
    _ids(document, findings)
    _normalized(document, findings)


def _fields(document: Document, findings: Findings, i: int, token: Any) -> None:
    place = ("added_tokens", i)
    if not isinstance(token, dict):
        findings.add(
            document.finding(
                "error",
                "added-shape",
                place,
                f"the added token is {describe(token)}",
                'an object {"id": ..., "content": ..., "special": ...}',
            )
        )
        return
    for name in ("id", "content", *FLAGS):
        if name not in token:
            findings.add(
                document.finding(
                    "error",
                    "added-field-missing",
                    place,
                    f"the added token {str(token.get('content'))[:40]!r} lacks `{name}`",
                    f"`{name}`: "
                    + (
                        "its id"
                        if name == "id"
                        else "its text"
                        if name == "content"
                        else "true or false"
                    ),
                    symptom=f"missing field `{name}`",
                    fixable=name in FLAGS,
                    writer="another program than tokenizers",
                )
            )
        elif name in FLAGS and not isinstance(token[name], bool):
            findings.add(
                document.finding(
                    "error",
                    "added-field-type",
                    (*place, name),
                    f"`{name}` is {describe(token[name])}",
                    "true or false",
                    symptom="invalid type, expected a boolean",
                    fixable=token[name] in (0, 1),
                )
            )
        elif name == "id" and not is_id(token[name]):
            findings.add(
                document.finding(
                    "error",
                    "added-field-type",
                    (*place, name),
                    f"the id is {describe(token[name])}",
                    "an integer from 0 to 4294967295",
                    symptom="invalid value, expected u32",
                )
            )
        elif name == "content" and not isinstance(token[name], str):
            findings.add(
                document.finding(
                    "error",
                    "added-field-type",
                    (*place, name),
                    f"the content is {describe(token[name])}",
                    "a string",
                )
            )
    if token.get("content") == "":
        findings.add(
            document.finding(
                "error",
                "added-empty",
                (*place, "content"),
                f"the added token of id {token.get('id')} has no content: readers drop it and "
                "later ids move",
                "its text, or no entry",
            )
        )


def assigned_ids(vocab: dict[str, int], tokens: list[tuple[int, dict[str, Any]]]) -> dict[int, int]:
    """Place in the list -> the id that tokenizers gives it: its own ids are not read, but counted."""
    known: dict[str, int] = {}
    out: dict[int, int] = {}
    following = len(vocab)
    for i, token in tokens:
        content = token["content"]
        if content == "":
            continue
        given = known.get(content, vocab.get(content))
        if given is None:
            given, following = following, following + 1
        known[content] = out[i] = given
    return out


def _ids(document: Document, findings: Findings) -> None:
    vocab, tokens = vocabulary(document), added(document)
    by_id = {number: token for token, number in vocab.items()}
    contents: dict[str, int] = {}
    owners: dict[int, str] = {}
    real = assigned_ids(vocab, tokens)
    for i, token in tokens:
        content, number, place = token["content"], token["id"], ("added_tokens", i)
        if content in contents and content:
            findings.add(
                document.finding(
                    "error",
                    "added-repeated",
                    place,
                    f"the content {content[:40]!r} repeats added_tokens[{contents[content]}]",
                    "one entry for one content",
                )
            )
            continue
        contents[content] = i
        if number in owners:
            findings.add(
                document.finding(
                    "error",
                    "added-id-shared",
                    (*place, "id"),
                    f"{owners[number][:40]!r} and {content[:40]!r} both have the id {number}",
                    "one id for one token",
                )
            )
            continue
        owners[number] = content
        gets = real.get(i, number)
        if by_id.get(number, content) != content:
            findings.add(
                document.finding(
                    "error",
                    "added-id-taken",
                    (*place, "id"),
                    f"{content[:40]!r} has the id {number}, which is {by_id[number][:40]!r} in "
                    f"model.vocab; tokenizers will give it {gets}",
                    f"an id that is free ({gets})",
                    symptom="Token was expected to have ID ... but was given ID ...",
                )
            )
        elif content in vocab and vocab[content] != number:
            findings.add(
                document.finding(
                    "error",
                    "added-id-differs",
                    (*place, "id"),
                    f"{content[:40]!r} has the id {number} here and {vocab[content]} in "
                    "model.vocab, which wins",
                    f"{vocab[content]} in both",
                    symptom="Token was expected to have ID ... but was given ID ...",
                )
            )
        elif gets != number:
            findings.add(
                document.finding(
                    "error",
                    "added-id-shifts",
                    (*place, "id"),
                    f"{content[:40]!r} has the id {number}, but tokenizers numbers added tokens "
                    f"by itself and will give it {gets}",
                    "added ids that follow the vocabulary without a gap, in order",
                    symptom="Token was expected to have ID ... but was given ID ...",
                )
            )
    if owners:
        findings.facts.setdefault("added_tokens", len(owners))
        findings.facts["highest_id"] = max([*owners, *by_id])


def _normalized(document: Document, findings: Findings) -> None:
    kinds = {
        v["type"]
        for v, _ in walk(document.value.get("normalizer"), "normalizer", ())
        if isinstance(v, dict) and isinstance(v.get("type"), str)
    }
    lower = "Lowercase" in kinds or any(
        v.get("lowercase") is True
        for v, _ in walk(document.value.get("normalizer"), "normalizer", ())
        if isinstance(v, dict)
    )
    for i, token in added(document):
        if not (token.get("special") is True and token.get("normalized") is True):
            continue
        content = token["content"]
        after = content.lower() if lower else content
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            if form in kinds:
                after = unicodedata.normalize(form, after)
        if after != content:
            findings.add(
                document.finding(
                    "warning",
                    "special-normalized",
                    ("added_tokens", i, "normalized"),
                    f"the special token {content[:40]!r} is matched after normalization, which "
                    f"turns it into {after[:40]!r}: "
                    "ordinary text of that spelling becomes the special token",
                    "normalized: false",
                    fixable=True,
                )
            )
