"""Types and fields of the parts of a tokenizer.json: what "did not match any variant" means."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from tokenworks.workflows.doctor.component_fields import ALIASES, COMPONENTS, ENUMS, Component
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.positions import Step
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.value_kinds import describe, fits

Path = tuple[Step, ...]


def no_variant(slot: str) -> str:
    """The message that the tokenizers library gives for a part that it cannot read."""
    old, new = ENUMS[slot]
    both = old if old == new else f"{old} (since 0.21: {new})"
    return f"data did not match any variant of untagged enum {both}"


def right_type(slot: str, name: str) -> str | None:
    """The existing type that a wrong type name stands for, when that is beyond doubt."""
    known = COMPONENTS[slot]
    by_lower = {k.lower(): k for k in known}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    if name in ALIASES and ALIASES[name] in known:
        return ALIASES[name]
    for suffix in ("Model", "Normalizer", "PreTokenizer", "Decoder", "Processing", "Processor"):
        if name.endswith(suffix) and name[: -len(suffix)].lower() in by_lower:
            return by_lower[name[: -len(suffix)].lower()]
    near = get_close_matches(name, known, n=2, cutoff=0.8)
    return near[0] if near else None


def walk(value: Any, slot: str, path: Path) -> Iterator[tuple[Any, Path]]:
    """All components of a slot with their paths, sequences opened."""
    yield value, path
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        component = COMPONENTS[slot].get(value["type"])
        inner = value.get(component.nested) if component and component.nested else None
        if isinstance(inner, list) and component:
            for i, part in enumerate(inner):
                yield from walk(part, slot, (*path, component.nested, i))


@check("tokenizer.json", "parts and their types")
def check_parts(document: Document, findings: Findings) -> None:
    """Report wrong top-level fields, unknown types, and fields missing or of a wrong type."""
    top = document.value
    if not isinstance(top, dict):
        findings.add(
            document.finding(
                "error",
                "not-a-tokenizer",
                (),
                f"the file holds {describe(top)}",
                "an object with a `model`",
            )
        )
        return
    _check_version(document, findings)
    if "model" not in top:
        keys = ", ".join(list(map(str, top))[:6]) or "no keys at all"
        findings.add(
            document.finding(
                "error",
                "model-missing",
                (),
                f"there is no `model`; the file has {keys}",
                'a tokenizer.json with "model": {"type": "BPE", ...}',
                symptom="Model missing.",
            )
        )
    for slot in COMPONENTS:
        if slot in top and (slot == "model" or top[slot] is not None):
            for value, path in walk(top[slot], slot, (slot,)):
                _check_component(document, slot, value, path, findings)


def _check_version(document: Document, findings: Findings) -> None:
    if "version" not in document.value:
        findings.add(
            document.finding(
                "note",
                "version-missing",
                (),
                "there is no `version`; readers take it for 1.0",
                '"version": "1.0"',
                fixable=True,
            )
        )
        return
    version = document.value["version"]
    if version == "1.0":
        return
    if isinstance(version, str) and version[:1].isdigit():
        findings.add(
            document.finding(
                "error",
                "version-unknown",
                ("version",),
                f"version {version!r} is not known; 1.0 is the only one written so far",
                '"version": "1.0"',
                symptom=f"Unknown tokenizer version '{version}'",
                writer="a future version",
            )
        )
    else:
        findings.add(
            document.finding(
                "error",
                "version-type",
                ("version",),
                f"the version is {describe(version)}",
                'the string "1.0"',
                fixable=True,
                symptom=f"invalid type for version: {describe(version)}, expected a string",
            )
        )


def _check_component(
    document: Document, slot: str, value: Any, path: Path, findings: Findings
) -> None:
    if not isinstance(value, dict):
        findings.add(
            document.finding(
                "error",
                "component-shape",
                path,
                f"the {slot} is {describe(value)}",
                'an object with a "type"',
                symptom=no_variant(slot),
            )
        )
        return
    name = value.get("type")
    known = COMPONENTS[slot]
    if name is None and slot == "model" and "type" not in value:
        findings.add(
            document.finding(
                "note",
                "type-missing",
                path,
                f"the model has no type; readers guess ({_guess(value)})",
                f'"type": "{_guess(value)}"',
                fixable=True,
                writer="tokenizers before 0.10",
            )
        )
        name = _guess(value)
    if not isinstance(name, str):
        findings.add(
            document.finding(
                "error",
                "type-missing",
                path,
                f"the {slot} has no type: readers refuse it, or take it for another part with such fields",
                "one of " + ", ".join(known),
                symptom=no_variant(slot),
            )
        )
        return
    if name not in known:
        near = right_type(slot, name)
        findings.add(
            document.finding(
                "error",
                "type-unknown",
                (*path, "type"),
                f"the {slot} type {name!r} does not exist"
                + (f"; did you mean {near!r}?" if near else ""),
                f'"type": "{near}"' if near else "one of " + ", ".join(known),
                symptom=no_variant(slot),
                fixable=near is not None,
                writer="" if near else "a newer version than 0.23, or another program",
            )
        )
        return
    _check_fields(document, slot, name, known[name], value, path, findings)
    if known[name].since:
        document_needs(
            document, known[name].since, (*path, "type"), f"the {slot} type {name}", findings
        )


def _guess(model: dict[str, Any]) -> str:
    if "merges" in model:
        return "BPE"
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    return "WordPiece" if "max_input_chars_per_word" in model else "WordLevel"


def document_needs(
    document: Document, version: str, path: Path, what: str, findings: Findings
) -> None:
    """Remember the newest version that this file needs, for the note on compatibility."""
    needs = findings.facts.setdefault("needs", {}).setdefault(document.file, [])
    needs.append({"version": version, "what": what, "path": list(path)})


def _check_fields(
    document: Document,
    slot: str,
    name: str,
    component: Component,
    value: dict[str, Any],
    path: Path,
    findings: Findings,
) -> None:
    for field, spec in component.fields.items():
        if field not in value:
            if spec.required:
                near = get_close_matches(
                    field, [k for k in value if k not in component.fields], n=1, cutoff=0.75
                )
                findings.add(
                    document.finding(
                        "error",
                        "field-missing",
                        path,
                        f"{name} lacks the field `{field}`"
                        + (f" (there is {near[0]!r})" if near else ""),
                        f"`{field}`: {fits(None, spec.kind)}",
                        symptom=no_variant(slot),
                        fixable=field in DEFAULTS and not near,
                    )
                )
            continue
        found = value[field]
        if found is None and spec.null:
            continue
        wanted = fits(found, spec.kind)
        if wanted:
            findings.add(
                document.finding(
                    "error",
                    "field-type",
                    (*path, field),
                    f"`{field}` of {name} is {describe(found)}",
                    wanted + (" or null" if spec.null else ""),
                    symptom=no_variant(slot),
                    fixable=found is None and (not spec.required or field in DEFAULTS),
                )
            )


# What a required field that is absent can safely be taken for: the behaviour of all writers.
DEFAULTS: dict[str, Any] = {
    "trim_offsets": True,
    "add_prefix_space": False,
    "invert": False,
    "cleanup": True,
    "special_tokens": {},
    "max_input_chars_per_word": 100,
}
