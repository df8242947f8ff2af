"""The `truncation` and `padding` settings of a tokenizer.json."""

from __future__ import annotations

from typing import Any

from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.value_kinds import describe, fits, is_id

DIRECTIONS = ("Left", "Right")
STRATEGIES = ("LongestFirst", "OnlyFirst", "OnlySecond")


@check("tokenizer.json", "truncation and padding")
def check_lengths(document: Document, findings: Findings) -> None:
    """Settings of a wrong shape, and a truncation that silently shortens every text."""
    top = document.value if isinstance(document.value, dict) else {}
    for name, wanted in (("truncation", _truncation), ("padding", _padding)):
        value = top.get(name)
        if value is None:
            continue
        if not isinstance(value, dict):
            _wrong(document, findings, (name,), describe(value), "an object or null")
            continue
        for field, right in wanted(value).items():
            _wrong(document, findings, (name, field), describe(value.get(field)), right)
        if not wanted(value):
            what = (
                f"every text is cut to {value['max_length']} tokens"
                if name == "truncation"
                else "texts are padded"
            )
            findings.add(
                document.finding(
                    "note",
                    f"{name}-set",
                    (name,),
                    f"{what}, also where the caller does not ask for it",
                    "null, and ask for it where it is wanted",
                    writer="saving a tokenizer after it was used with padding or truncation",
                )
            )


def _wrong(
    document: Document, findings: Findings, path: tuple[str, ...], found: str, right: str
) -> None:
    what = f"`{path[-1]}` is {found}"
    findings.add(
        document.finding(
            "error", "field-type", path, what, right, symptom="invalid type / missing field"
        )
    )


def _truncation(value: dict[str, Any]) -> dict[str, str]:
    wrong = {f: fits(value.get(f), "count") for f in ("max_length", "stride")}
    if value.get("strategy") not in STRATEGIES:
        wrong["strategy"] = "one of " + ", ".join(STRATEGIES)
    if value.get("direction", "Right") not in DIRECTIONS:
        wrong["direction"] = "Left or Right"
    return {f: right for f, right in wrong.items() if right}


def _padding(value: dict[str, Any]) -> dict[str, str]:
    strategy, multiple = value.get("strategy"), value.get("pad_to_multiple_of")
    fixed = (
        isinstance(strategy, dict)
        and list(strategy) == ["Fixed"]
        and not fits(strategy["Fixed"], "count")
    )
    wrong = {
        "strategy": ""
        if strategy == "BatchLongest" or fixed
        else '"BatchLongest" or {"Fixed": length}',
        "direction": "" if value.get("direction") in DIRECTIONS else "Left or Right",
        "pad_to_multiple_of": "" if multiple is None else fits(multiple, "count"),
        "pad_id": "" if is_id(value.get("pad_id")) else "a token's id",
        "pad_type_id": "" if is_id(value.get("pad_type_id")) else "an integer from 0",
        "pad_token": fits(value.get("pad_token"), "string"),
    }
    return {f: right for f, right in wrong.items() if right}
