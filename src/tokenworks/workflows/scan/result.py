"""What `scan` found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """A start after which the model is abnormally sure.

    start: an id. text: what it begins, as far as it is recited, with the start itself. score: of
    forcing, the mean of 1 and of the probabilities of the first tokens. recited: tokens that follow
    with a probability of at least 0.5 each, up to the end of the text; different: those of them that
    differ. certainty: their mean probability. unit, times: the part of them that repeats most, and
    how often it stands there; repeated: tokens that so stand there again.
    """

    start: int
    token: str
    text: str
    score: float
    recited: int
    different: int
    certainty: float
    unit: str
    times: int
    repeated: int


@dataclass(frozen=True, slots=True)
class UntrainedToken:
    """A token that the model could not repeat. probability: the highest of the probe.

    similarity: of its output row to rows known to be unused. norm: of its input row.
    """

    id: int
    token: str
    probability: float
    similarity: float
    norm: float


@dataclass(frozen=True, slots=True)
class Untrained:
    """Under-trained tokens: those with suspicious rows, confirmed by a probe.

    tested: tokens that may be tested (no special ones, none that no text produces). probed: those with
    the most suspicious rows. controls: of the rest, drawn at random; failed: those of them that the
    model could not repeat either. rest_low, rest_high: the share of such tokens among the rest, a 95 %
    interval. answered: False where the model repeats no more than half of the controls, so that a
    failure says nothing.
    """

    confirmed: tuple[UntrainedToken, ...]
    tested: int
    probed: int
    controls: int
    failed: int
    rest_low: float
    rest_high: float
    answered: bool


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a model recites from a single token, and what it never learned.

    starts: tokens tried, which are all. above: starts whose score is above the threshold; the first of
    them were followed. resumed: starts taken from an earlier run.
    """

    model: str
    starts: int
    length: int
    threshold: float
    above: int
    candidates: tuple[Candidate, ...]
    untrained: Untrained | None
    warnings: tuple[str, ...]
    resumed: int
    seed: int
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
