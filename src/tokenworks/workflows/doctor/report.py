"""What the doctor says: one `Finding` per fault, gathered in a `DoctorReport`."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}

# A fault that repeats through a file (ten thousand bad merges) is shown this often and then counted.
SHOWN_PER_FAULT = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: where it is, what is wrong, what would be right.

    `place` is a JSON path (`model.merges[123]`), a line or a byte position; `line` and `column`
    count from 1. `symptom` is the message that other libraries give for it, `writer` the version
    that writes the file so, or the version that is needed to read it.
    """

    severity: Severity
    code: str
    file: str
    what: str
    right: str = ""
    place: str = ""
    line: int | None = None
    column: int | None = None
    symptom: str = ""
    writer: str = ""
    fixable: bool = False

    @property
    def where(self) -> str:
        """The place as a reader would look for it: `model.merges[3], line 12, column 5`."""
        parts = [self.place] if self.place else []
        if self.line is not None:
            at = f"line {self.line}"
            parts.append(at if self.column is None else f"{at}, column {self.column}")
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Mend:
    """A file that `--fix` wrote beside the original, what it changed and how it was proved.

    `path` is empty where nothing was written, because the mended text does not load either.
    """

    path: str
    changes: tuple[str, ...]
    proof: str
    proved: bool

    def to_json(self) -> dict[str, Any]:
        """The mend as plain JSON values."""
        return {**asdict(self), "changes": list(self.changes)}


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """All findings about one path, worst first."""

    path: str
    kind: str
    findings: tuple[Finding, ...]
    more: dict[tuple[str, str], int] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    mends: tuple[Mend, ...] = ()

    def count(self, severity: Severity) -> int:
        """How many findings of this severity there are, those not shown included."""
        shown = [f for f in self.findings if f.severity == severity]
        codes = {(f.file, f.code) for f in shown}
        return len(shown) + sum(n for key, n in self.more.items() if key in codes)

    @property
    def healthy(self) -> bool:
        """True when there is neither an error nor a warning."""
        return not any(f.severity != "note" for f in self.findings)

    def codes(self) -> set[str]:
        """The codes of all findings."""
        return {f.code for f in self.findings}

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "path": self.path,
            "kind": self.kind,
            "healthy": self.healthy,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "notes": self.count("note"),
            "findings": [f.to_json() for f in self.findings],
            "more": [{"file": f, "code": c, "count": n} for (f, c), n in self.more.items()],
            "facts": self.facts,
            "checks": list(self.checks),
            "mends": [m.to_json() for m in self.mends],
        }


class Findings:
    """Collects findings while the checks run; keeps a few of each fault and counts the rest."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._seen: Counter[tuple[str, str]] = Counter()
        self.facts: dict[str, Any] = {}

    def add(self, finding: Finding) -> None:
        """Take a finding, or only count it when enough of its kind are kept."""
        key = (finding.file, finding.code)
        self._seen[key] += 1
        if self._seen[key] <= SHOWN_PER_FAULT:
            self._kept.append(finding)

    def count(self, file: str | Path, code: str) -> None:
        """Count a further finding of a kind that is `full`, without making it."""
        self._seen[(str(file), code)] += 1

    def full(self, file: str | Path, code: str) -> bool:
        """True when a further finding of this kind would only be counted."""
        return self._seen[(str(file), code)] >= SHOWN_PER_FAULT

    def drop(self, code: str, file: str) -> None:
        """Take back a finding that a second look has refuted."""
        self._kept = [f for f in self._kept if (f.file, f.code) != (file, code)]
        self._seen.pop((file, code), None)

    def has(self, *codes: str) -> bool:
        """True when any of these faults has been found in any file."""
        return any(code in codes for _, code in self._seen)

    def sorted(self) -> tuple[Finding, ...]:
        """The kept findings, worst first, otherwise in the order of discovery."""
        return tuple(sorted(self._kept, key=lambda f: _ORDER[f.severity]))

    def more(self) -> dict[tuple[str, str], int]:
        """How many of each kind were counted without being kept."""
        return {k: n - SHOWN_PER_FAULT for k, n in self._seen.items() if n > SHOWN_PER_FAULT}
