"""What `leak` found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rate:
    """A share between 0 and 1 with its 95 % interval. at: the n of n-grams, or the fuzzy match."""

    at: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request brought out of one prompt. ratio: the fuzzy match of the prompt, 0 to 100."""

    prompt: int
    request: str
    reply: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The prompts with one defence, or with none.

    texts: the prompts as the model saw them. extraction: the share of prompts and requests whose reply
    matches the prompt so well. recall: the share of the prompt's n-grams that come out. opened: prompts
    that at least one request brings out with a match of 90. perplexity: of the prompts, geometric
    mean. copied: the probability per token of the prompt, forced as the answer. attention: of the head
    that reads the prompt off best, and uniform: of one that does not look. kept: of the answers to
    ordinary questions, the share of tokens that stay the most probable ones.
    """

    defence: str
    texts: tuple[str, ...]
    extraction: tuple[Rate, ...]
    recall: tuple[Rate, ...]
    opened: int
    perplexity: float
    copied: float
    attention: float | None
    uniform: float
    kept: Rate | None
    replies: tuple[Reply, ...]

    def rate(self, at: int) -> Rate:
        """The extraction rate at a fuzzy match."""
        return next(one for one in self.extraction if one.at == at)


@dataclass(frozen=True, slots=True)
class LeakResult:
    """The prompt without a defence, which comes first, and with each.

    units: as how many independent trials the intervals count the replies.
    """

    model: str
    prompts: int
    requests: tuple[str, ...]
    questions: int
    units: int
    measured: tuple[Measured, ...]
    warnings: tuple[str, ...]
    seed: int
    seconds: float

    @property
    def plain(self) -> Measured:
        """Without a defence."""
        return self.measured[0]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
