"""Thousands of added tokens that should be vocabulary, and what they cost at every load."""

from __future__ import annotations

import json
import time

from tokenworks.workflows.doctor.added_tokens import added
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings

MANY = 1000
# From here on it is a fault: added tokens are matched apart from the model, in every text.
COSTLY_SECONDS, COSTLY_NUMBER = 0.5, 10_000
# Where nothing can be measured: about what tokenizers 0.23 needs for one added token.
SECONDS_EACH = 4e-6


@check("tokenizer.json", "number of added tokens")
def check_many(document: Document, findings: Findings) -> None:
    """Report many ordinary added tokens, with the load time with and without them."""
    ordinary = [t for _, t in added(document) if t.get("special") is not True]
    if len(ordinary) < MANY:
        return
    cost, how = load_cost(document, len(ordinary))
    findings.facts["added_tokens_seconds"] = cost
    findings.add(
        document.finding(
            "warning" if cost >= COSTLY_SECONDS or len(ordinary) >= COSTLY_NUMBER else "note",
            "many-added-tokens",
            ("added_tokens",),
            f"{len(ordinary):,} of the added tokens are not special: they are cut out of the "
            "text before the model sees it, "
            f"and cost {cost:.2f} s of every load ({how})",
            "ordinary tokens in model.vocab (with merges), learned by a trainer",
        )
    )


def load_cost(document: Document, ordinary: int) -> tuple[float, str]:
    """Seconds that the ordinary added tokens add to loading, and how that was found."""
    try:
        import tokenizers
    except ImportError:
        return ordinary * SECONDS_EACH, "estimated; `pip install tokenizers` to measure"
    without = {
        **document.value,
        "added_tokens": [t for t in document.value["added_tokens"] if t.get("special") is True],
    }
    try:
        return max(
            0.0, _seconds(tokenizers, document.text) - _seconds(tokenizers, json.dumps(without))
        ), f"measured with tokenizers {tokenizers.__version__}"
    except BaseException as error:  # a Rust panic is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return ordinary * SECONDS_EACH, "estimated; the file does not load"


def _seconds(tokenizers: object, text: str) -> float:
    best = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        tokenizers.Tokenizer.from_str(text)  # type: ignore[attr-defined]
        best = min(best, time.perf_counter() - start)
    return best
