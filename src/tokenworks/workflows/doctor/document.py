"""A JSON file with the place of every value in it, parsed as tolerantly as can be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from tokenworks.workflows.doctor.envelope import decode_text, open_envelope
from tokenworks.workflows.doctor.positions import Step, line_column, locate, path_text
from tokenworks.workflows.doctor.report import Finding, Findings, Severity


@dataclass(slots=True)
class Document:
    """A parsed JSON file; `repeated` holds keys that occur twice in one object."""

    path: Path
    text: str
    value: Any
    repeated: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The path as reports print it."""
        return str(self.path)

    def finding(
        self,
        severity: Severity,
        code: str,
        path: Sequence[Step],
        what: str,
        right: str = "",
        **more: Any,
    ) -> Finding:
        """A finding at a place of this file, with its line and column."""
        at = locate(self.text, path)
        line, column = at if at else (None, None)
        return Finding(
            severity, code, self.file, what, right, path_text(path), line, column, **more
        )

    def tell(
        self,
        findings: Findings,
        severity: Severity,
        code: str,
        path: Sequence[Step],
        what: str,
        right: str = "",
        **more: Any,
    ) -> None:
        """Add a finding of which a file may hold thousands: located only while it would be kept."""
        if findings.full(self.file, code):
            findings.count(self.file, code)
        else:
            findings.add(self.finding(severity, code, path, what, right, **more))


def read_document(path: Path, findings: Findings) -> Document | None:
    """Read a JSON file; reports and returns None when there is nothing to look at."""
    envelope = open_envelope(path, findings)
    if not envelope.readable:
        return None
    text = decode_text(str(path), envelope.data, findings)
    return None if text is None else parse_document(path, text, findings)


def parse_document(path: Path, text: str, findings: Findings) -> Document | None:
    """Parse JSON text; reports truncation, trailing data and repeated keys with their places."""
    file = str(path)
    repeated: list[str] = []
    constants: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(items)
        if len(out) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    repeated.append(key)
                seen.add(key)
        return out

    def constant(name: str) -> float:
        constants.append(name)
        return float(name)

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except JSONDecodeError as error:
        findings.add(_broken(file, text, error))
        return None
    except RecursionError:
        findings.add(
            Finding(
                "error",
                "too-deep",
                file,
                "brackets are nested deeper than any reader follows",
                "this is not a tokenizer's file",
            )
        )
        return None
    except ValueError as error:
        findings.add(
            Finding(
                "error",
                "number",
                file,
                f"a number cannot be read: {str(error)[:100]}",
                "numbers in these files are ids and scores of a few digits",
            )
        )
        return None
    for name in constants[:1]:
        index = text.find(name)
        line, column = line_column(text, index) if index >= 0 else (None, None)
        findings.add(
            Finding(
                "error",
                "not-a-number",
                file,
                f"{name} is not JSON; strict readers refuse it",
                "write a finite number",
                line=line,
                column=column,
                symptom="expected value",
            )
        )
    document = Document(path, text, value, repeated)
    for key in repeated:
        index = text.find(
            json.dumps(key, ensure_ascii=False), text.find(json.dumps(key, ensure_ascii=False)) + 1
        )
        line, column = line_column(text, index) if index >= 0 else (None, None)
        findings.add(
            Finding(
                "error",
                "repeated-key",
                file,
                f"the key {key[:60]!r} stands twice in one object; the last one silently wins",
                "keep one of them",
                place=key[:60],
                line=line,
                column=column,
            )
        )
    return document


def _broken(file: str, text: str, error: JSONDecodeError) -> Finding:
    stripped = text.rstrip()
    at_end = error.pos >= len(stripped) or (
        error.msg.startswith(("Unterminated string", "Invalid \\escape"))
        and ('"' not in stripped[error.pos + 1 :])
    )
    if at_end:
        opened = text.count("{") - text.count("}") + text.count("[") - text.count("]")
        line, column = line_column(text, len(stripped))
        return Finding(
            "error",
            "truncated-json",
            file,
            f"the file ends in the middle of the JSON, after {len(stripped):,} characters"
            + (f" with {opened} bracket{'s' if opened != 1 else ''} open" if opened > 0 else ""),
            "download or write it again",
            line=line,
            column=column,
            symptom=f"EOF while parsing a value at line {line} column {column}",
        )
    context = text[max(0, error.pos - 20) : error.pos + 20]
    if error.msg == "Extra data":
        return Finding(
            "error",
            "trailing-data",
            file,
            f"after the JSON more text follows: {context!r}",
            "keep one JSON value",
            line=error.lineno,
            column=error.colno,
            symptom=f"trailing characters at line {error.lineno} column {error.colno}",
        )
    if not text.lstrip().startswith(("{", "[")):
        return Finding(
            "error",
            "not-json",
            file,
            f"this is not JSON; it begins with {text[:40]!r}",
            "a JSON object that begins with {",
            line=error.lineno,
            column=error.colno,
            symptom="expected value at line 1 column 1",
        )
    return Finding(
        "error",
        "bad-json",
        file,
        f"{error.msg} near {context!r}",
        "valid JSON",
        line=error.lineno,
        column=error.colno,
        symptom=f"expected value at line {error.lineno} column {error.colno}",
    )
