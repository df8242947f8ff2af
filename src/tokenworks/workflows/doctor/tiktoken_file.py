"""tiktoken rank files: lines of a base64 token and its rank."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path

from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.envelope import open_envelope
from tokenworks.workflows.doctor.merge_tables import MergeTable
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings
from tokenworks.workflows.doctor.value_kinds import is_id


@dataclass(slots=True)
class Ranks:
    """The readable lines of a rank file: token bytes, rank and line number."""

    path: Path
    lines: list[tuple[bytes, int, int]] = field(default_factory=list)
    reserved: frozenset[int] = frozenset()  # ids of special tokens, where the file names them

    @property
    def file(self) -> str:
        """The path as reports print it."""
        return str(self.path)


def read_ranks(path: Path, findings: Findings) -> Ranks | None:
    """Read a rank file line by line; every line that cannot be read is a finding."""
    envelope = open_envelope(path, findings)
    if not envelope.readable:
        return None
    ranks = Ranks(path)
    file, data = ranks.file, envelope.data
    lines = _lines(file, data, findings)
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r")
        if not line.strip():
            if line or number < len(lines):
                _bad(
                    findings,
                    file,
                    "blank-line",
                    number,
                    "the line is blank",
                    "no blank lines",
                    "warning",
                )
            continue
        if (found := _token_and_rank(file, number, line, findings)) is not None:
            ranks.lines.append((*found, number))
    return ranks


def _lines(file: str, data: bytes, findings: Findings) -> list[bytes]:
    """The lines without a byte order mark and without the rest of one that was cut."""
    if data.startswith(b"\xef\xbb\xbf"):
        findings.add(
            Finding(
                "error",
                "bom",
                file,
                "the file begins with a byte order mark (EF BB BF)",
                "save it without one",
                line=1,
                symptom="binascii.Error or a wrong first token",
            )
        )
        data = data[3:]
    if b"\r\n" in data[:4096]:
        findings.add(
            Finding(
                "note",
                "line-ends",
                file,
                "lines end in CR LF; tiktoken reads them, other readers may not",
                "LF",
                line=1,
            )
        )
    lines = data.split(b"\n")
    if lines and lines[-1] != b"" and b" " not in lines[-1].strip():
        findings.add(
            Finding(
                "error",
                "truncated",
                file,
                "the last line has no rank: the file was cut",
                "download it again",
                line=len(lines),
            )
        )
        lines.pop()
    return lines


def _token_and_rank(
    file: str, number: int, line: bytes, findings: Findings
) -> tuple[bytes, int] | None:
    parts = line.split()
    if len(parts) != 2 or not parts[1].isdigit():
        _bad(
            findings,
            file,
            "rank-line",
            number,
            f"the line {line[:50].decode('utf-8', 'replace')!r} is not a token and its rank",
            "`base64 rank`, such as `IQ== 0`",
        )
        return None
    try:
        token = base64.b64decode(parts[0], validate=True)
    except (binascii.Error, ValueError) as error:
        _bad(
            findings,
            file,
            "base64",
            number,
            f"{parts[0][:40].decode('utf-8', 'replace')!r} is not base64 ({error})",
            "the token's bytes in standard base64, with padding",
            symptom="binascii.Error",
        )
        return None
    if len(parts[1]) > 9:
        _bad(
            findings,
            file,
            "rank-line",
            number,
            f"the rank {parts[1][:30].decode()} is too large",
            "ranks from 0",
        )
        return None
    return token, int(parts[1])


def read_table(document: Document, findings: Findings) -> Ranks:
    """Read the JSON table of the JavaScript tiktoken package: runs of tokens and their first rank."""
    value = document.value
    runs, specials = value.get("bpe_ranks"), value.get("special_tokens", {})
    ids = specials.values() if isinstance(specials, dict) else ()
    ranks = Ranks(document.path, reserved=frozenset(i for i in ids if is_id(i)))
    if not isinstance(value.get("pat_str"), str) or not isinstance(specials, dict):
        findings.add(
            document.finding(
                "error",
                "config-field",
                (),
                "pat_str or special_tokens is missing or of a wrong type",
                "a pattern, and an object from special token to id",
            )
        )
    for number, line in enumerate(runs.split("\n") if isinstance(runs, str) else [], 1):
        parts = line.split(" ")
        if parts == [""]:
            continue
        if len(parts) < 3 or not parts[1].isdigit() or len(parts[1]) > 9:
            what = f"line {number} of bpe_ranks begins {line[:30]!r}"
            findings.add(
                document.finding(
                    "error", "rank-line", ("bpe_ranks",), what, "`! first-rank token token ...`"
                )
            )
            continue
        for step, text in enumerate(parts[2:]):
            try:
                ranks.lines.append(
                    (base64.b64decode(text, validate=True), int(parts[1]) + step, number)
                )
            except (binascii.Error, ValueError):
                what = f"{text[:40]!r} in line {number} of bpe_ranks is not base64"
                findings.add(
                    document.finding(
                        "error",
                        "base64",
                        ("bpe_ranks",),
                        what,
                        "the token's bytes in standard base64",
                    )
                )
    return ranks


def _bad(
    findings: Findings,
    file: str,
    code: str,
    line: int,
    what: str,
    right: str,
    severity: str = "error",
    symptom: str = "",
) -> None:
    findings.add(
        Finding(
            "warning" if severity == "warning" else "error",
            code,
            file,
            what,
            right,
            line=line,
            symptom=symptom,
        )
    )


@check("tiktoken", "ranks")
def check_ranks(ranks: Ranks, findings: Findings) -> None:
    """Repeated tokens and ranks, holes, missing bytes, and tokens that merging cannot make."""
    file = ranks.file
    if not ranks.lines:
        findings.add(
            Finding(
                "error",
                "not-a-tokenizer",
                file,
                "no line is a token and its rank",
                "`base64 rank` lines",
            )
        )
        return
    by_token: dict[bytes, int] = {}
    by_rank: dict[int, tuple[bytes, int]] = {}
    previous = -1
    for token, rank, line in ranks.lines:
        if not token:
            _bad(findings, file, "token-empty", line, "the token has no bytes", "at least one byte")
        if token in by_token:
            _bad(
                findings,
                file,
                "token-repeated",
                line,
                f"the token {token[:20]!r} has the rank {rank} here and {by_token[token]} before",
                "one rank for one token; tiktoken keeps the last, others the first",
                symptom="Encoder and decoder must be of equal length",
            )
        elif rank in by_rank:
            _bad(
                findings,
                file,
                "rank-repeated",
                line,
                f"{token[:20]!r} and {by_rank[rank][0][:20]!r} (line {by_rank[rank][1]}) both "
                f"have the rank {rank}",
                "one token for one rank",
                symptom="Encoder and decoder must be of equal length",
            )
        else:
            by_token[token], by_rank[rank] = rank, (token, line)
        if rank < previous:
            _bad(
                findings,
                file,
                "rank-order",
                line,
                f"the rank {rank} follows {previous}",
                "ranks in rising order",
                "warning",
            )
        previous = rank
    _holes(ranks, by_rank, findings)
    absent = [b for b in range(256) if bytes([b]) not in by_token]
    if absent:
        findings.add(
            Finding(
                "error",
                "byte-absent",
                file,
                f"{len(absent)} of the 256 single bytes have no rank (the first is {absent[0]:#04x}): "
                "text with them cannot be encoded",
                "all 256 bytes among the tokens",
                symptom="PanicException / KeyError while encoding",
            )
        )
    findings.facts["tokens"], findings.facts["highest_id"] = len(by_token), max(by_rank, default=-1)
    _reachable(file, by_rank, by_token, findings)


def _holes(ranks: Ranks, by_rank: dict[int, tuple[bytes, int]], findings: Findings) -> None:
    file, highest = ranks.file, max(by_rank)
    taken = by_rank.keys() | {i for i in ranks.reserved if i <= highest}
    holes = highest + 1 - len(taken)
    if holes <= 0:
        return
    expected = next(i for i in range(len(taken) + 1) if i not in taken)
    after = min((r for r in by_rank if r > expected), default=None)
    line = by_rank[after][1] if after is not None else None
    findings.add(
        Finding(
            "error",
            "rank-hole",
            file,
            f"{holes:,} rank{'s are' if holes > 1 else ' is'} missing, the first is {expected}",
            "ranks 0 to n - 1, every one once; a line may have been lost",
            line=line,
            symptom="KeyError: Invalid token for decoding",
        )
    )


def _reachable(
    file: str, by_rank: dict[int, tuple[bytes, int]], by_token: dict[bytes, int], findings: Findings
) -> None:
    lost = unreachable(by_rank, by_token)
    if not lost:
        return
    orphans = [r for r in lost if not _splits(by_rank[r][0], r, by_token)]
    for rank in orphans:
        token, line = by_rank[rank]
        findings.add(
            Finding(
                "warning",
                "rank-parts-absent",
                file,
                f"the token {token[:24]!r} of rank {rank} is made by no pair of "
                "better-ranked tokens: merging never reaches it",
                "the tokens of its parts with better ranks; a line may be lost or the ranks renumbered",
                line=line,
            )
        )
    rest = len(lost) - len(orphans)
    if rest:
        first = next(r for r in lost if r not in set(orphans))
        findings.add(
            Finding(
                "note",
                "token-unreachable",
                file,
                f"{rest:,} tokens are reached only as a whole pretoken, because better-ranked "
                "merges join parts of them first "
                f"(the first is {by_rank[first][0][:24]!r})",
                "nothing: tiktoken takes whole pretokens first",
                line=by_rank[first][1],
            )
        )


def _splits(token: bytes, rank: int, by_token: dict[bytes, int]) -> list[tuple[int, int]]:
    none = 1 << 60
    out = []
    for cut in range(1, len(token)):
        left, right = by_token.get(token[:cut], none), by_token.get(token[cut:], none)
        if left < rank and right < rank:
            out.append((left, right))
    return out


def unreachable(by_rank: dict[int, tuple[bytes, int]], by_token: dict[bytes, int]) -> list[int]:
    """Ranks of the tokens that no sequence of merges makes."""
    table = MergeTable(max(by_rank) + 1)
    lost = []
    for rank in sorted(by_rank):
        token = by_rank[rank][0]
        if len(token) < 2:
            continue
        reached = False
        # A token has one canonical split, but every split is a merge that may fire across a border.
        for left, right in _splits(token, rank, by_token):
            reached = table.add(left, right, rank, rank) or reached
        if not reached:
            lost.append(rank)
    return lost
