"""Settings of normalizers, pre-tokenizers and decoders that contradict each other or age badly."""

from __future__ import annotations

from typing import Any

from tokenworks.workflows.doctor.component_fields import COMPONENTS
from tokenworks.workflows.doctor.components import document_needs, no_variant, walk
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings


@check("tokenizer.json", "settings of the steps")
def check_steps(document: Document, findings: Findings) -> None:
    """Metaspace's three spellings, ByteLevel's ages, patterns that do not compile."""
    top = document.value
    if not isinstance(top, dict):
        return
    for slot in COMPONENTS:
        if slot == "model":
            continue
        for value, path in walk(top.get(slot), slot, (slot,)):
            if not isinstance(value, dict):
                continue
            if value.get("type") == "Metaspace":
                _metaspace(document, slot, value, path, findings)
            if isinstance(value.get("pattern"), dict) and isinstance(
                value["pattern"].get("Regex"), str
            ):
                _regex(document, value["pattern"]["Regex"], (*path, "pattern", "Regex"), findings)
            if (
                value.get("type") == "ByteLevel"
                and slot == "pre_tokenizer"
                and value.get("use_regex") is False
            ):
                document_needs(
                    document,
                    "0.12.0",
                    (*path, "use_regex"),
                    "ByteLevel with use_regex=false",
                    findings,
                )
    _byte_level_agreement(document, findings)


def _metaspace(
    document: Document,
    slot: str,
    value: dict[str, Any],
    path: tuple[str | int, ...],
    findings: Findings,
) -> None:
    scheme = value.get("prepend_scheme", "always")
    old = value.get("add_prefix_space")
    if old is False and scheme != "never" and scheme in ("first", "always"):
        said = (
            f"prepend_scheme is {scheme!r}"
            if "prepend_scheme" in value
            else "prepend_scheme is absent (always)"
        )
        findings.add(
            document.finding(
                "error",
                "metaspace-disagrees",
                path,
                f"Metaspace says add_prefix_space = false, but {said}",
                'prepend_scheme: "never"',
                symptom=f"add_prefix_space does not match declared prepend_scheme; or {no_variant(slot)}",
                writer="tokenizers before 0.15 (read by all before 0.19, refused since)",
                fixable=True,
            )
        )
    if old is True and scheme == "never":
        findings.add(
            document.finding(
                "warning",
                "metaspace-disagrees",
                path,
                "Metaspace says add_prefix_space = true and prepend_scheme = 'never': tokenizers before "
                "0.15 prepend a space, later ones do not",
                "add_prefix_space: false",
                fixable=True,
            )
        )
    replacement, text = value.get("replacement"), value.get("str_rep")
    if isinstance(text, str) and isinstance(replacement, str) and text != replacement:
        findings.add(
            document.finding(
                "warning",
                "metaspace-str-rep",
                (*path, "str_rep"),
                f"str_rep is {text!r} but replacement is {replacement!r}; versions before 0.19 use str_rep",
                f"str_rep: {replacement!r}, or leave it out",
                fixable=True,
            )
        )
    if "add_prefix_space" not in value or old is None:
        document_needs(
            document, "0.19.0", path, f"Metaspace without add_prefix_space ({slot})", findings
        )
    elif value.get("prepend_scheme") == "first":
        document_needs(
            document,
            "0.15.0",
            (*path, "prepend_scheme"),
            "Metaspace with prepend_scheme='first'",
            findings,
        )


def _regex(
    document: Document, pattern: str, path: tuple[str | int, ...], findings: Findings
) -> None:
    import regex

    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        findings.add(
            document.finding(
                "error",
                "pattern-broken",
                path,
                f"the pattern does not compile: {str(error)[:100]}",
                "a valid regular expression",
                symptom="Oniguruma error",
            )
        )


def _byte_level_agreement(document: Document, findings: Findings) -> None:
    top = document.value
    model = top.get("model")
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict):
        return
    steps = {
        slot: [v for v, _ in walk(top.get(slot), slot, ()) if isinstance(v, dict)]
        for slot in COMPONENTS
        if slot != "model"
    }
    byte_in = any(
        s.get("type") == "ByteLevel" for s in steps["pre_tokenizer"] + steps["normalizer"]
    )
    byte_out = any(s.get("type") == "ByteLevel" for s in steps["decoder"])
    if byte_in and not byte_out:
        findings.add(
            document.finding(
                "warning",
                "decoder-missing",
                ("decoder",),
                "text is turned into byte characters, but no ByteLevel decoder turns them back: "
                "decoding gives 'Ġ' and 'Ċ'",
                '"decoder": {"type": "ByteLevel", ...}',
            )
        )
    looks = sum(
        1 for piece in list(model["vocab"])[:20000] if isinstance(piece, str) and "Ġ" in piece
    )
    if looks > 50 and not byte_in:
        findings.add(
            document.finding(
                "error",
                "byte-level-missing",
                ("pre_tokenizer",),
                f"{looks:,} pieces are written in byte characters ('Ġ' is a space) but no ByteLevel step "
                "makes them: spaces can never match",
                "a ByteLevel pre-tokenizer",
            )
        )
