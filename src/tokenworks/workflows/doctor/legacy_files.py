"""The older pair vocab.json and merges.txt, and vocab.txt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tokenworks.workflows.doctor.envelope import decode_text, open_envelope
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings, Severity


@dataclass(frozen=True, slots=True)
class Lines:
    """A text file by lines, and the vocabulary that lies beside it, if any."""

    path: Path
    lines: list[str]
    vocab: dict[str, int]


def read_lines(path: Path, vocab: dict[str, int], findings: Findings) -> Lines | None:
    """Read a text file of one entry a line."""
    envelope = open_envelope(path, findings)
    text = decode_text(str(path), envelope.data, findings) if envelope.readable else None
    return None if text is None else Lines(path, text.split("\n"), vocab)


def _say(
    findings: Findings, severity: Severity, code: str, file: str, line: int, what: str, right: str
) -> None:
    findings.add(Finding(severity, code, file, what, right, line=line))


@check("merges.txt", "merges")
def check_merge_lines(subject: Lines, findings: Findings) -> None:
    """Lines that are no pair, repeated merges, CR LF, and pieces that vocab.json lacks."""
    file = str(subject.path)
    seen: dict[str, int] = {}
    if subject.lines and subject.lines[0].endswith("\r"):
        _say(
            findings,
            "error",
            "line-ends",
            file,
            1,
            "lines end in CR LF: readers keep the CR in the second piece of every merge",
            "LF",
        )
    for number, raw in enumerate(subject.lines, 1):
        line = raw.rstrip("\r")
        if not line:
            if number < len(subject.lines):
                _say(
                    findings,
                    "warning",
                    "blank-line",
                    file,
                    number,
                    "the line is blank",
                    "no blank lines",
                )
            continue
        if line.startswith("#version"):
            if number > 1:
                _say(
                    findings,
                    "error",
                    "merge-header",
                    file,
                    number,
                    f"a header line {line[:30]!r} in the middle: two files were joined",
                    "one header, in line 1",
                )
            continue
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            _say(
                findings,
                "error",
                "merge-shape",
                file,
                number,
                f"the line {line[:50]!r} is not two pieces with one space between",
                "`left right`",
            )
            continue
        if line in seen:
            _say(
                findings,
                "warning",
                "merge-repeated",
                file,
                number,
                f"the merge {line[:50]!r} repeats line {seen[line]}",
                "each merge once",
            )
        seen.setdefault(line, number)
        if subject.vocab:
            absent = next((p for p in (*parts, "".join(parts)) if p not in subject.vocab), None)
            if absent is not None and not findings.full(file, "merge-piece-absent"):
                _say(
                    findings,
                    "error",
                    "merge-piece-absent",
                    file,
                    number,
                    f"the merge {line[:50]!r} needs {absent[:30]!r}, which vocab.json does not have",
                    "the vocab.json of the same training",
                )
            elif absent is not None:
                findings.count(file, "merge-piece-absent")


@check("vocab.txt", "tokens")
def check_token_lines(subject: Lines, findings: Findings) -> None:
    """Repeated tokens, blank lines and a missing unknown token."""
    file = str(subject.path)
    seen: dict[str, int] = {}
    for number, raw in enumerate(subject.lines, 1):
        token = raw.rstrip("\r")
        if not token and number == len(subject.lines):
            continue
        if not token:
            _say(
                findings,
                "warning",
                "blank-line",
                file,
                number,
                "the line is blank: it is a token without characters",
                "a token on every line",
            )
        elif token in seen:
            _say(
                findings,
                "error",
                "token-repeated",
                file,
                number,
                f"the token {token[:40]!r} repeats line {seen[token]}: later readers give it the later id",
                "each token once; a lost line moves all ids",
            )
        seen.setdefault(token, number)
    if not seen:
        _say(
            findings,
            "error",
            "vocab-empty",
            file,
            1,
            "there are no tokens",
            "one token on each line",
        )
    elif "[UNK]" not in seen and "<unk>" not in seen:
        _say(
            findings,
            "warning",
            "unk-missing",
            file,
            1,
            "there is neither [UNK] nor <unk>",
            "the unknown token among the lines",
        )
    findings.facts["tokens"] = len(seen)
