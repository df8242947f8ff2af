"""The laws that every method of a family must pass, run on any method, also a stranger's.

A family states its laws in `tokenworks/<family>/laws.py`, each a function under `@law`:

    @law("the size is exactly what was asked for")
    def exact_size(train): ...

    @law("any bytes survive", when="lossless")     # only for methods that declare it
    def lossless(train): ...

The function receives the method and raises AssertionError where the law is broken.
`check("training/bpe")` runs them all and raises one readable error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

from tokenworks.errors import UnknownNameError
from tokenworks.registry import MethodInfo, find, resolve

Outcome = Literal["held", "broken", "not declared"]


@dataclass(frozen=True, slots=True)
class Law:
    """A statement that holds for every method of a family (or those that declare `when`)."""

    name: str
    statement: str
    test: Callable[[Any], None]
    when: str | None = None

    def __call__(self, item: Any) -> None:
        self.test(item)


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one law on one method."""

    law: Law
    outcome: Outcome
    message: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """The outcome of every law of a family on one method."""

    method: MethodInfo
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.outcome == "broken")

    def __str__(self) -> str:
        signs = {"held": "held        ", "broken": "BROKEN      ", "not declared": "not declared"}
        lines = [f"{self.method.key} ({self.method.target})"]
        for finding in self.findings:
            lines.append(f"  {signs[finding.outcome]}  {finding.law.name}: {finding.law.statement}")
            lines.extend(f"                  {line}" for line in finding.message.splitlines())
        return "\n".join(lines)


class LawBrokenError(AssertionError):
    """A method breaks a law of its family; the message lists every law and its outcome."""


def law(statement: str, *, when: str | None = None) -> Callable[[Callable[[Any], None]], Law]:
    """State a law of a family.

    Args:
        statement: what holds, as one sentence.
        when: the property that a method must declare for the law to apply; None for all methods.
    """

    def state(test: Callable[[Any], None]) -> Law:
        return Law(test.__name__.replace("_", " "), statement, test, when)

    return state


def laws_of(family: str) -> tuple[Law, ...]:
    """The laws stated in `tokenworks/<family>/laws.py`, in the order of the file.

    Raises:
        UnknownNameError: the family states no laws.
    """
    module = f"tokenworks.{family}.laws"
    if find_spec(f"tokenworks.{family}") is None or find_spec(module) is None:
        raise UnknownNameError(f"family {family!r} states no laws (there is no module {module})")
    return tuple(item for item in vars(import_module(module)).values() if isinstance(item, Law))


def examine(item: Any, laws: Iterable[Law] | None = None) -> Examination:
    """Run every law of the family on a method and return the outcomes; raises for none of them.

    Args:
        item: a decorated function or class, or the name of a registered method.
        laws: other laws than those of the family.
    """
    if isinstance(item, str):
        info = find(item)
        item = resolve(info.key)
    else:
        declared = getattr(item, "method_info", None)
        if not isinstance(declared, MethodInfo):
            raise UnknownNameError(f"{item!r} is not a method: decorate it with @method(...)")
        info = declared
    findings = []
    for one in laws_of(info.family) if laws is None else laws:
        if one.when is not None and one.when not in info.declares:
            findings.append(Finding(one, "not declared"))
            continue
        try:
            one(item)
        except Exception as error:  # whatever a method raises under a law breaks that law
            reason = str(error) or "the assertion failed without a message"
            if not isinstance(error, AssertionError):
                reason = f"raised {type(error).__name__}: {error}"
            findings.append(Finding(one, "broken", reason))
        else:
            findings.append(Finding(one, "held"))
    return Examination(info, tuple(findings))


def check(item: Any, laws: Iterable[Law] | None = None) -> Examination:
    """Run every law of the family on a method.

    Args:
        item: a decorated function or class, or the name of a registered method.
        laws: other laws than those of the family.

    Raises:
        LawBrokenError: at least one law is broken; the message lists all outcomes.
    """
    examination = examine(item, laws)
    if examination.broken:
        raise LawBrokenError(f"{len(examination.broken)} laws broken by {examination}")
    return examination
