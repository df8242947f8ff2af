"""What a trained tokenizer takes to encode held-out text, and what a single pass makes different."""

from __future__ import annotations

from dataclasses import dataclass

from tokenworks.tokenizer import Tokenizer
from tokenworks.training.source import TextSource
from tokenworks.workflows.single_pass import encoded, part_of, with_single_pass


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Documents, bytes and tokens of text that was not learned from."""

    documents: int
    bytes: int
    tokens: int
    bytes_per_token: float


def measured(
    tokenizer: Tokenizer, corpus: TextSource, held_out: TextSource | None
) -> tuple[Tokenizer, HeldOut | None]:
    """Measure encoding; a tokenizer of two phases then says how far tokenizer.json alone is from it.

    Args:
        tokenizer: the trained one.
        corpus: measured where there is no held-out text.
        held_out: text that was not learned from.

    Returns:
        The tokenizer, and the figures of held-out text where there is some.
    """
    if tokenizer.definition.two_phase is None and held_out is None:
        return tokenizer, None
    parts = list(part_of((corpus if held_out is None else held_out).documents()))
    figures = None
    if held_out is not None:
        size = sum(len(text.encode("utf-8")) for text in parts)
        tokens = sum(map(len, encoded(tokenizer, parts)))
        figures = HeldOut(len(parts), size, tokens, round(size / max(tokens, 1), 4))
    where = "the corpus" if held_out is None else "held-out text"
    return with_single_pass(tokenizer, parts, where), figures
