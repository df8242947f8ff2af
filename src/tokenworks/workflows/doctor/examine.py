"""`doctor(path)`: find out what the path is, run the checks for it, and mend what can be mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor.document import Document, parse_document
from tokenworks.workflows.doctor.envelope import decode_text, open_envelope, read_bytes
from tokenworks.workflows.doctor.folder import open_folder
from tokenworks.workflows.doctor.gguf_file import read_gguf
from tokenworks.workflows.doctor.legacy_files import read_lines
from tokenworks.workflows.doctor.mend import mend_file
from tokenworks.workflows.doctor.registry import run_checks
from tokenworks.workflows.doctor.report import DoctorReport, Finding, Findings, Mend
from tokenworks.workflows.doctor.safetensors_header import read_header
from tokenworks.workflows.doctor.sentencepiece_file import read_proto
from tokenworks.workflows.doctor.tekken_file import looks_like_tekken
from tokenworks.workflows.doctor.tiktoken_file import read_ranks, read_table
from tokenworks.workflows.doctor.value_kinds import is_id

# The tokenizer files that are looked at inside a folder, by name or ending.
_IN_FOLDER = ("tokenizer.json", "tekken.json", "vocab.json", "merges.txt", "vocab.txt")
_ENDINGS = (".model", ".tiktoken", ".gguf")


def doctor(path: str | Path, *, fix: bool = False) -> DoctorReport:
    """Look for faults in a tokenizer file, a tokenizer folder or a model folder.

    Args:
        path: a file (tokenizer.json, tiktoken ranks, .model, .gguf, tekken.json, merges.txt,
            vocab.txt, .safetensors) or a folder. Files are read raw; nothing in them is executed,
            chat templates are rendered in a sandbox in a process of their own.
        fix: write the mended, older or newer form of each tokenizer.json beside it.

    Returns:
        The findings, worst first; `report.healthy` is True without errors and warnings.

    Raises:
        FormatError: the path does not exist or cannot be read at all.
        WriteError: with `fix`, the mended file cannot be written.
    """
    path = Path(path)
    try:
        there = path.exists()
    except (OSError, ValueError) as error:
        raise FormatError(f"{str(path)[:200]!r} is not a path: {error}") from None
    if not there:
        raise FormatError(
            f"{path}: there is no such file or folder; name a tokenizer file or a folder with one"
        )
    findings = Findings()
    checks: list[str] = []
    documents: dict[str, Document] = {}
    mends: list[Mend] = []
    if path.is_dir():
        kind = "folder"
        try:
            entries = sorted(path.iterdir())
        except OSError as error:
            raise FormatError(f"{path}: the folder cannot be listed: {error.strerror}") from None
        for entry in entries:
            if entry.name in _IN_FOLDER or entry.name.endswith(_ENDINGS):
                _file(entry, findings, checks, documents)
        folder = open_folder(path, documents, findings)
        kind = "model folder" if folder.is_model else "tokenizer folder"
        checks += run_checks("folder", folder, str(path), findings)
    else:
        read_bytes(path, 1)
        kind = _file(path, findings, checks, documents)
    if fix:
        files = [path] if path.is_file() else [path / "tokenizer.json"]
        mends = [
            m
            for file in files
            if file.is_file()
            and (kind == "tokenizer.json" or path.is_dir() or file.suffix == ".json")
            for m in mend_file(file, findings)
        ]
    facts = {k: v for k, v in findings.facts.items() if k != "needs"}
    return DoctorReport(
        str(path), kind, findings.sorted(), findings.more(), tuple(checks), facts, tuple(mends)
    )


def _file(path: Path, findings: Findings, checks: list[str], documents: dict[str, Document]) -> str:
    """Examine one file; returns its kind."""
    name, kind, subject = path.name, "", None
    subject_any: Any = None
    if name == "merges.txt":
        kind, subject_any = "merges.txt", read_lines(path, _vocabulary_beside(path), findings)
    elif name.endswith("vocab.txt"):
        kind, subject_any = "vocab.txt", read_lines(path, {}, findings)
    elif name.endswith(".safetensors"):
        kind = "safetensors"
        checks.append("safetensors: header")
        findings.facts["tensors"] = len(read_header(path, findings))
    elif name.endswith(".gguf") or (path.is_file() and read_bytes(path, 4) == b"GGUF"):
        kind, subject_any = "gguf", read_gguf(path, findings)
    elif name.endswith(".model") and not (
        path.is_file() and read_bytes(path, 64).lstrip()[:1] == b"{"
    ):
        kind, subject_any = "sentencepiece", read_proto(path, findings)
        if subject_any is None and path.is_file() and _looks_like_ranks(path):
            findings.drop("not-a-tokenizer", str(path))
            kind, subject_any = "tiktoken", read_ranks(path, findings)
    elif name.endswith((".tiktoken", ".bpe")) or (
        not name.endswith(".json") and path.is_file() and _looks_like_ranks(path)
    ):
        kind, subject_any = "tiktoken", read_ranks(path, findings)
    elif not name.endswith(".json") and path.is_file() and read_bytes(path, 1) == b"\x0a":
        kind, subject_any = "sentencepiece", read_proto(path, findings)
    else:
        kind, subject = _json_file(path, findings)
        subject_any = subject
        if subject is not None:
            documents[name] = subject
        if kind == "tiktoken table" and subject is not None:
            kind, subject_any = "tiktoken", read_table(subject, findings)
    if subject_any is not None:
        checks += run_checks(kind, subject_any, str(path), findings)
    return kind


def _json_file(path: Path, findings: Findings) -> tuple[str, Document | None]:
    envelope = open_envelope(path, findings)
    text = decode_text(str(path), envelope.data, findings) if envelope.readable else None
    document = parse_document(path, text, findings) if text is not None else None
    if document is None:
        return "tokenizer.json", None
    value = document.value
    if looks_like_tekken(value):
        return "tekken", document
    if path.name == "vocab.json" and isinstance(value, dict) and "model" not in value:
        return "vocab.json", document
    if isinstance(value, dict) and "bpe_ranks" in value:
        return "tiktoken table", document
    if (
        isinstance(value, dict)
        and "model" not in value
        and (
            "architectures" in value
            or "model_type" in value
            or "added_tokens_decoder" in value
            or "tokenizer_class" in value
        )
    ):
        findings.add(
            document.finding(
                "error",
                "not-a-tokenizer",
                (),
                f"this is a {'model' if 'architectures' in value else 'tokenizer'} config, not a tokenizer",
                "the tokenizer.json beside it, or the folder",
                symptom="Model missing.",
            )
        )
        return "config", None
    return "tokenizer.json", document


def _looks_like_ranks(path: Path) -> bool:
    first = read_bytes(path, 512).split(b"\n", 1)[0].split()
    return len(first) == 2 and first[1].isdigit()


def _vocabulary_beside(path: Path) -> dict[str, int]:
    beside = path.parent / "vocab.json"
    if not beside.is_file():
        return {}
    quiet = Findings()  # vocab.json is examined on its own
    _, document = _json_file(beside, quiet)
    value = document.value if document is not None else None
    return {t: i for t, i in value.items() if is_id(i)} if isinstance(value, dict) else {}


__all__ = ["Finding", "doctor"]
