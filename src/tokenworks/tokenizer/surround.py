"""The post-processor that puts BOS before and EOS after a text, from the ids alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenworks.tokenizer.definition import Step


def surround(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[Step, ...]:
    """The steps that add special tokens around a text.

    Args:
        before: contents and ids of the tokens before the text, in order.
        after: those after it (and after each of a pair).

    Returns:
        No step where there is nothing to add, otherwise one TemplateProcessing.
    """
    if not before and not after:
        return ()

    def item(content: str, kind: int) -> dict[str, Any]:
        return {"SpecialToken": {"id": content, "type_id": kind}}

    def around(name: str, kind: int) -> list[dict[str, Any]]:
        return [
            *(item(content, kind) for content in before),
            {"Sequence": {"id": name, "type_id": kind}},
            *(item(content, kind) for content in after),
        ]

    return (
        {
            "type": "TemplateProcessing",
            "single": around("A", 0),
            "pair": [*around("A", 0), *around("B", 1)],
            "special_tokens": {
                content: {"id": content, "ids": [number], "tokens": [content]}
                for content, number in {**before, **after}.items()
            },
        },
    )
