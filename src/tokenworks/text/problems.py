"""What was wrong with the input: counted, with the first examples, and never silently lost."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import FormatError, TokenworksWarning


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was wrong in the input.

    kind: "utf-8", "json", "field", "row", "markup", "surrogate", "cut", "too long", "compression",
        "expansion", "encoding" or "unreadable".
    place: "line 12", "row 3", "byte 900", or "" for the file as a whole.
    """

    kind: str
    source: str
    place: str
    message: str

    def __str__(self) -> str:
        where = f"{self.source}, {self.place}" if self.place else self.source
        return f"{where}: {self.message}"


Report = Callable[[Problem], None]


class Problems:
    """Counts problems by kind and source and keeps the first `keep` as examples.

    >>> problems = Problems(keep=1)
    >>> problems.add(Problem("json", "a.jsonl", "line 2", "not JSON"))
    >>> problems.add(Problem("json", "a.jsonl", "line 5", "not JSON"))
    >>> print(problems.summary())
    2 problems in the input
      a.jsonl, line 2: not JSON
      and 1 more (2 json)
    """

    def __init__(self, keep: int = 20) -> None:
        self.keep = keep
        self.first: list[Problem] = []
        self.by_kind: Counter[str] = Counter()
        self.by_source: Counter[str] = Counter()

    def add(self, problem: Problem) -> None:
        """Count one problem; it is an example if there is room."""
        self.by_kind[problem.kind] += 1
        self.by_source[problem.source] += 1
        if len(self.first) < self.keep:
            self.first.append(problem)

    def merge(self, other: Problems) -> None:
        """Add the counts and examples that another shard collected."""
        self.by_kind.update(other.by_kind)
        self.by_source.update(other.by_source)
        self.first.extend(other.first[: max(0, self.keep - len(self.first))])

    @property
    def total(self) -> int:
        """The number of problems, examples or not."""
        return sum(self.by_kind.values())

    def __bool__(self) -> bool:
        return self.total > 0

    def summary(self) -> str:
        """The report as lines of text; empty when nothing was wrong."""
        if not self:
            return ""
        lines = [f"{self.total:,} problem{'s' * (self.total > 1)} in the input"]
        lines += [f"  {problem}" for problem in self.first]
        rest = self.total - len(self.first)
        if rest:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.by_kind.most_common())
            lines.append(f"  and {rest:,} more ({kinds})")
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """The same for machines."""
        return {
            "total": self.total,
            "by_kind": dict(self.by_kind),
            "by_source": dict(self.by_source),
            "first": [str(problem) for problem in self.first],
        }


def reporter(on_problem: Report | Problems | None, *, strict: bool) -> tuple[Report, Problems]:
    """The function that readers call with a problem, and the count behind it.

    With `strict` the first problem is raised as FormatError. Without `on_problem` the count is
    shown once as a warning by `warn_rest`, so that nothing is lost in silence.
    """
    own = Problems()
    if strict:

        def fail(problem: Problem) -> None:
            raise FormatError(str(problem))

        return fail, own
    if isinstance(on_problem, Problems):
        return on_problem.add, own
    return (on_problem if on_problem is not None else own.add), own


def warn_rest(own: Problems) -> None:
    """Show the problems that no caller asked to see."""
    if own:
        warnings.warn(own.summary(), TokenworksWarning, stacklevel=3)
