"""What `verify` found, as data: for the command line, for JSON and for other workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

# shown: a text was found that tells. proved-none: no text can tell, for the stated reason.
# not-found: a text may exist; none of those tried told. beside: no text is involved at all.
Effect = Literal["unknown", "shown", "proved-none", "not-found", "beside"]
Verdict = Literal["equal", "permuted", "different"]


@dataclass(frozen=True)
class Difference:
    """One part in which two definitions differ, and whether a text can tell."""

    component: str
    summary: str
    effect: Effect = "unknown"
    reason: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Segment:
    """One token of the counterexample."""

    id: int
    bytes: bytes


@dataclass(frozen=True)
class Counterexample:
    """The shortest text found that the two tokenizers do not treat alike.

    `aspect` says in which use: `text` (special tokens as plain text), `allow` (special tokens as
    such), `template` (with the tokens that the post-processor adds), `trained` (ids as the model
    saw them) or `decode` (ids back to text; `text` is then the text whose ids were decoded).
    """

    text: str
    aspect: str
    a: tuple[Segment, ...]
    b: tuple[Segment, ...]
    source: str
    found_in: int  # characters of the text in which it was found
    cause: str | None = None
    decoded_a: str | None = None
    decoded_b: str | None = None


@dataclass(frozen=True)
class VerifyResult:
    """The outcome of `verify`: `equal` is what matters, the rest is the evidence."""

    a: str
    b: str
    verdict: Verdict
    mode: Literal["ids", "bytes"]
    aspects: tuple[str, ...]
    texts: int
    bytes: int
    seconds: float
    by_source: Mapping[str, int]  # texts tried
    differences: tuple[Difference, ...] = ()
    counterexample: Counterexample | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def equal(self) -> bool:
        """No text was found that tells the two apart."""
        return self.verdict == "equal"

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the parts in which the definitions differ."""
        return tuple(d.component for d in self.differences)

    def sentence(self) -> str:
        """The result in one line."""
        tried = f"{self.texts:,} texts, {self.bytes:,} bytes tried"
        if self.verdict == "different":
            return f"different ({tried})"
        if self.verdict == "permuted":
            return f"same tokens under other ids ({tried})"
        open_ones = [d for d in self.differences if d.effect in ("not-found", "unknown")]
        if open_ones:
            return f"definitions differ, but no text was found that tells ({tried})"
        if any(d.effect == "proved-none" for d in self.differences):
            return f"definitions differ, but no text can tell ({tried})"
        return f"equal ({tried})"

    def to_json(self) -> dict[str, Any]:
        """Plain data; bytes as text with a replacement for what is not UTF-8, and as hex."""
        data = asdict(self)
        data["equal"] = self.equal
        data["sentence"] = self.sentence()
        if self.counterexample is not None:
            for side in ("a", "b"):
                data["counterexample"][side] = [
                    {"id": s.id, "text": s.bytes.decode("utf-8", "replace"), "hex": s.bytes.hex()}
                    for s in getattr(self.counterexample, side)
                ]
        return data
