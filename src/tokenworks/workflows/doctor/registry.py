"""The register of checks: a check is a function that looks at one kind of subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tokenworks.workflows.doctor.report import Finding, Findings


@dataclass(frozen=True, slots=True)
class Check:
    """A named check of one kind of subject."""

    kind: str
    name: str
    run: Callable[[Any, Findings], None]


CHECKS: list[Check] = []


def check(kind: str, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function `(subject, findings) -> None` as a check of `kind`."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        CHECKS.append(Check(kind, name, function))
        return function

    return register


def run_checks(kind: str, subject: Any, file: str, findings: Findings) -> list[str]:
    """Run every check of a kind; a file too strange for a check gets a finding, not a traceback."""
    ran = []
    for item in CHECKS:
        if item.kind != kind:
            continue
        ran.append(f"{kind}: {item.name}")
        try:
            item.run(subject, findings)
        except (
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            RecursionError,
            OSError,
        ) as error:
            findings.add(
                Finding(
                    "warning",
                    "shape-unknown",
                    file,
                    f"the check of {item.name} could not be made: the values have a shape that no "
                    f"known version writes ({type(error).__name__}: {str(error)[:120]})",
                    "mend the other findings first, then run the doctor again",
                )
            )
    return ran
