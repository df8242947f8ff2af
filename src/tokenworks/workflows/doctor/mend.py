"""`--fix`: write the mended, older or newer form of a tokenizer.json beside it, and prove it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tokenworks.errors import WriteError
from tokenworks.workflows.doctor.component_fields import COMPONENTS
from tokenworks.workflows.doctor.components import DEFAULTS, right_type, walk
from tokenworks.workflows.doctor.document import parse_document
from tokenworks.workflows.doctor.envelope import decode_text, gunzip, read_bytes
from tokenworks.workflows.doctor.proof import prove
from tokenworks.workflows.doctor.report import Findings, Mend


def mend_file(path: Path, findings: Findings) -> list[Mend]:
    """Write what can be mended: `.fixed.json` if something was wrong, else the other form."""
    data = read_bytes(path)
    changes: list[str] = []
    if data.startswith(b"\x1f\x8b"):
        unpacked = gunzip(data)
        if unpacked is None:
            return []
        data, changes = unpacked, ["gzip unpacked"]
    text = decode_text(str(path), data, Findings())
    if text is None:
        return []
    if findings.has("bom", "encoding") and not data.startswith(b"{"):
        changes.append("written as UTF-8 without a byte order mark")
    document = parse_document(path, text, Findings())
    if (
        document is None
        or not isinstance(document.value, dict)
        or not isinstance(document.value.get("model"), dict)
    ):
        return []
    value = document.value
    changes += mend_value(value)
    if changes:
        return [_write(path, "fixed", value, changes, original=None)]
    form = "older" if _is_newer(value) else "newer"
    changed = to_older(value) if form == "older" else to_newer(value)
    return [_write(path, form, value, changed, original=text)] if changed else []


def _is_newer(value: dict[str, Any]) -> bool:
    merges = value["model"].get("merges")
    if isinstance(merges, list) and merges:
        return isinstance(merges[0], list)
    return any(
        isinstance(part, dict)
        and part.get("type") == "Metaspace"
        and "add_prefix_space" not in part
        for slot in ("pre_tokenizer", "decoder")
        for part, _ in walk(value.get(slot), slot, (slot,))
    )


def mend_value(value: dict[str, Any]) -> list[str]:
    """Mend a parsed tokenizer.json in place; returns what was changed, in words."""
    changes = []
    if not isinstance(value.get("version"), str):
        value["version"] = "1.0"
        changes.append('version set to "1.0"')
    for slot in COMPONENTS:
        for part, path in list(walk(value.get(slot), slot, (slot,))):
            if isinstance(part, dict):
                changes += _mend_part(slot, part, ".".join(map(str, path)))
    changes += _mend_added(value.get("added_tokens"))
    changes += _mend_merges(value["model"])
    return changes


def _mend_part(slot: str, part: dict[str, Any], where: str) -> list[str]:
    changes = []
    name = part.get("type")
    if slot == "model" and name is None:
        name = part["type"] = (
            "BPE"
            if "merges" in part
            else "Unigram"
            if isinstance(part.get("vocab"), list)
            else "WordPiece"
            if "max_input_chars_per_word" in part
            else "WordLevel"
        )
        changes.append(f'{where}: "type": "{name}" put in')
    if isinstance(name, str) and name not in COMPONENTS[slot] and (right := right_type(slot, name)):
        part["type"] = right
        changes.append(f"{where}.type: {name!r} -> {right!r}")
        name = right
    component = COMPONENTS[slot].get(name) if isinstance(name, str) else None
    for field, spec in component.fields.items() if component else ():
        if field not in part and spec.required and field in DEFAULTS:
            part[field] = DEFAULTS[field]
            changes.append(f"{where}.{field}: {DEFAULTS[field]!r} put in")
        elif field in part and part[field] is None and not spec.null:
            if not spec.required:
                del part[field]
                changes.append(f"{where}.{field}: null taken out")
            elif field in DEFAULTS:
                part[field] = DEFAULTS[field]
                changes.append(f"{where}.{field}: null -> {DEFAULTS[field]!r}")
    if name == "Metaspace":
        changes += _mend_metaspace(part, where)
    return changes


def _mend_metaspace(part: dict[str, Any], where: str) -> list[str]:
    changes = []
    old, scheme = part.get("add_prefix_space"), part.get("prepend_scheme")
    if old is False and scheme != "never":
        # Before 0.15 the flag alone was in force, and that is what wrote such a file.
        part["prepend_scheme"] = "never"
        changes.append(f"{where}.prepend_scheme: {scheme!r} -> 'never', as add_prefix_space says")
    if old is True and scheme == "never":
        part["add_prefix_space"] = False
        changes.append(f"{where}.add_prefix_space: true -> false, as prepend_scheme says")
    if isinstance(part.get("str_rep"), str) and part["str_rep"] != part.get("replacement"):
        part["str_rep"] = part.get("replacement")
        changes.append(f"{where}.str_rep set to the replacement")
    return changes


def _mend_added(tokens: Any) -> list[str]:
    changes = []
    for i, token in enumerate(tokens if isinstance(tokens, list) else ()):
        if not isinstance(token, dict):
            continue
        for flag in ("single_word", "lstrip", "rstrip", "normalized", "special"):
            if flag not in token:
                # A token that is special is by default not normalized, as in AddedToken.
                token[flag] = not token.get("special", False) if flag == "normalized" else False
                changes.append(f"added_tokens[{i}].{flag}: {str(token[flag]).lower()} put in")
            elif token[flag] in (0, 1) and not isinstance(token[flag], bool):
                token[flag] = bool(token[flag])
                changes.append(f"added_tokens[{i}].{flag}: made {str(token[flag]).lower()}")
    return changes


def _mend_merges(model: dict[str, Any]) -> list[str]:
    merges = model.get("merges")
    if not isinstance(merges, list):
        return []
    changes, kept, seen = [], [], set()
    mixed = len({type(m) for m in merges}) > 1
    for i, merge in enumerate(merges):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if isinstance(merge, str) and merge.startswith("#version"):
            changes.append(f"model.merges[{i}]: header line {merge[:20]!r} taken out")
            continue
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(p, str) for p in pair):
            if tuple(pair) in seen:
                changes.append(f"model.merges[{i}]: repeated merge taken out")
                continue
            if "" in pair:
                changes.append(f"model.merges[{i}]: merge with an empty piece taken out")
                continue
            seen.add(tuple(pair))
            kept.append(pair if mixed else merge)
        else:
            kept.append(merge)
    if mixed and all(isinstance(m, list) for m in kept):
        changes.append("model.merges: all written as pairs")
    model["merges"] = kept
    return changes


def to_older(value: dict[str, Any]) -> list[str]:
    """Rewrite in place for tokenizers before 0.20 (and 0.15); empty if it cannot be said there."""
    merges = value["model"].get("merges")
    if isinstance(merges, list) and any(" " in piece for m in merges for piece in m):
        return []  # a piece with a space: only pairs can say it
    changes = []
    if isinstance(merges, list):
        value["model"]["merges"] = [" ".join(m) for m in merges]
        changes.append(f"model.merges: {len(merges):,} pairs -> strings")
    for slot in ("pre_tokenizer", "decoder"):
        for part, path in walk(value.get(slot), slot, (slot,)):
            if (
                isinstance(part, dict)
                and part.get("type") == "Metaspace"
                and "add_prefix_space" not in part
            ):
                part["add_prefix_space"] = part.get("prepend_scheme", "always") != "never"
                changes.append(
                    f"{'.'.join(map(str, path))}.add_prefix_space: "
                    f"{str(part['add_prefix_space']).lower()} put in"
                )
    return changes


def to_newer(value: dict[str, Any]) -> list[str]:
    """Rewrite in place as tokenizers 0.20 and later write it."""
    merges = value["model"].get("merges")
    changes = []
    if (
        isinstance(merges, list)
        and merges
        and all(isinstance(m, str) and m.count(" ") == 1 for m in merges)
    ):
        value["model"]["merges"] = [m.split(" ") for m in merges]
        changes.append(f"model.merges: {len(merges):,} strings -> pairs")
    for slot in ("pre_tokenizer", "decoder"):
        for part, path in walk(value.get(slot), slot, (slot,)):
            if (
                isinstance(part, dict)
                and part.get("type") == "Metaspace"
                and "add_prefix_space" in part
            ):
                part.setdefault("prepend_scheme", "always" if part["add_prefix_space"] else "never")
                for field in ("add_prefix_space", "str_rep"):
                    part.pop(field, None)
                part.setdefault("split", True)
                changes.append(
                    f"{'.'.join(map(str, path))}: prepend_scheme and split instead of "
                    "add_prefix_space and str_rep"
                )
    return changes


def _write(
    path: Path, form: str, value: dict[str, Any], changes: list[str], original: str | None
) -> Mend:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    target = _free_name(path, form, text)
    proved, proof = prove(original, text)
    if proved is False:  # other faults remain: a file that does not load helps nobody
        return Mend("", tuple(changes), proof, False)
    if not target.exists():
        _write_beside(target, text)
    return Mend(str(target), tuple(changes), proof, proved is True)


def _free_name(path: Path, form: str, text: str) -> Path:
    for number in range(1, 1000):
        name = path.with_name(f"{path.stem}.{form}{'' if number == 1 else f'.{number}'}.json")
        if not name.exists() or name.read_text(encoding="utf-8", errors="replace") == text:
            return name
    raise WriteError(f"{path.parent}: a thousand mended files lie there already; remove some")


def _write_beside(target: Path, text: str) -> None:
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as stream:
            temporary = Path(stream.name)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(
            temporary, target
        )  # fails if the name has been taken meanwhile: nothing is overwritten
    except OSError as error:
        raise WriteError(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
