"""One note on which versions can read a tokenizer.json, from what the other checks met in it."""

from __future__ import annotations

from tokenworks.workflows.doctor.components import document_needs, no_variant
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@check("tokenizer.json", "versions that can read it")
def check_versions(document: Document, findings: Findings) -> None:
    """Say which tokenizers version is needed and why; --fix writes the other form."""
    model = document.value.get("model") if isinstance(document.value, dict) else None
    if not isinstance(model, dict):
        return
    merges = model.get("merges")
    first = merges[0] if isinstance(merges, list) and merges else None
    if isinstance(first, list):
        document_needs(document, "0.20.0", ("model", "merges", 0), "merges as pairs", findings)
    if model.get("ignore_merges") is True:
        document_needs(
            document,
            "0.19.1",
            ("model", "ignore_merges"),
            "ignore_merges = true (older versions drop it silently and give other ids)",
            findings,
        )
    if model.get("byte_fallback") is True:
        since = "0.14.0" if model.get("type") == "Unigram" else "0.13.3"
        document_needs(
            document, since, ("model", "byte_fallback"), "byte_fallback = true", findings
        )
    needs = findings.facts.get("needs", {}).get(document.file, [])
    if needs:
        newest = max(needs, key=lambda n: _key(n["version"]))
        others = sorted({n["what"] for n in needs} - {newest["what"]})
        findings.add(
            document.finding(
                "note",
                "needs-version",
                tuple(newest["path"]),
                f"tokenizers {newest['version']} (or later) is needed, because of {newest['what']}"
                + (f"; also: {', '.join(others)}" if others else ""),
                "--fix writes the older form beside it"
                if "pairs" in newest["what"] or "Metaspace" in newest["what"]
                else "",
                symptom=no_variant("model") if "pairs" in newest["what"] else "",
                writer=f"tokenizers >= {newest['version']}",
                fixable="pairs" in newest["what"],
            )
        )
    if isinstance(first, str):
        findings.add(
            document.finding(
                "note",
                "older-form",
                ("model", "merges", 0),
                "merges are strings; every version of tokenizers reads them",
                "--fix writes the newer form (pairs) beside it",
                writer="tokenizers < 0.20",
                fixable=True,
            )
        )
