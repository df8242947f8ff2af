"""The last word on a tokenizer.json in which no check found an error: is it read as a whole?"""

from __future__ import annotations

from pathlib import Path

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer.huggingface import read_document
from tokenworks.tokenizer.source import parse_json
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings


@check("tokenizer.json", "reading as a whole")
def check_reading(document: Document, findings: Findings) -> None:
    """Whatever the reader refuses and no other check has named."""
    if any(finding.severity == "error" for finding in findings.sorted()):
        return
    path = Path(document.file)
    try:
        data = document.text.encode("utf-8", "surrogatepass")
        read_document(path, parse_json(path, data))
    except FormatError as error:
        what = str(error).removeprefix(f"{path}: ")
        findings.add(document.finding("error", "not-read", (), what))
    except UnsupportedError as error:
        what = str(error).removeprefix(f"{path}: ")
        findings.add(document.finding("note", "not-encoded-here", (), what))
