"""Added tokens that are looked for in normalized text: what is left of them there."""

from __future__ import annotations

from pathlib import Path

from tokenworks._native import Pipeline
from tokenworks.errors import TokenworksError
from tokenworks.tokenizer.huggingface_steps import read_steps
from tokenworks.tokenizer.pattern_split import matches
from tokenworks.workflows.doctor.added_tokens import added
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings


@check("tokenizer.json", "added tokens once normalized")
def check_normalized(document: Document, findings: Findings) -> None:
    """Tokens of which nothing is left, and tokens that become one and the same."""
    tokens = [(i, t) for i, t in added(document) if t.get("normalized") is True and t["content"]]
    normalizer = document.value.get("normalizer") if tokens else None
    if normalizer is None:
        return
    try:
        steps = read_steps(Path(document.file), "normalizer", normalizer)
        pipeline = Pipeline([dict(step) for step in steps], [], split=matches)
    except (TokenworksError, ValueError):
        return  # a step that is no step is another finding
    first: dict[bytes, str] = {}
    for i, token in tokens:
        content = token["content"]
        parts = pipeline.run(content, track=False)
        left = b"".join(data for data, _, _ in parts)
        place = ("added_tokens", i, "normalized")
        if not left:
            document.tell(
                findings,
                "error",
                "added-normalized-away",
                place,
                f"the normalizer leaves nothing of the added token {content[:40]!r}, which is looked for "
                "in normalized text: tokenizers 0.23 then finds it between all characters",
                "normalized: false",
                symptom="every character is a token of its own; or: byte index 1 is not a char boundary",
            )
        elif left in first:
            document.tell(
                findings,
                "warning",
                "added-normalized-same",
                place,
                f"the added tokens {first[left][:40]!r} and {content[:40]!r} are the same once normalized: "
                "tokenizers takes either, by chance at each load",
                "normalized: false for one of them, or one token",
            )
        first.setdefault(left, content)
