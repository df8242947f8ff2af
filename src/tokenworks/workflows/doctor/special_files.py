"""Special tokens across the files of a folder: the same token, the same id, in all of them."""

from __future__ import annotations

from tokenworks.workflows.doctor.folder import Folder, as_ids, content_of, special
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings
from tokenworks.workflows.doctor.value_kinds import describe, is_id

NAMES = ("bos_token", "eos_token", "pad_token", "unk_token", "sep_token", "cls_token", "mask_token")


@check("folder", "special tokens of the tokenizer's files")
def check_specials(folder: Folder, findings: Findings) -> None:
    """Named specials that the vocabulary lacks, and files that name different ones."""
    for file in ("tokenizer_config.json", "special_tokens_map.json"):
        if not folder.has(file):
            continue
        document = folder.documents[file]
        for name in NAMES:
            value = document.value.get(name)
            text = content_of(value)
            if value is not None and text is None:
                findings.add(
                    document.finding(
                        "error",
                        "special-shape",
                        (name,),
                        f"{name} is {describe(value)}",
                        "a string, an object with `content`, or null",
                    )
                )
            elif text == "":
                findings.add(
                    document.finding(
                        "warning", "special-empty", (name,), f"{name} is empty", "a token, or null"
                    )
                )
            elif text and folder.tokens and text not in folder.tokens:
                findings.add(
                    document.finding(
                        "error",
                        "special-absent",
                        (name,),
                        f"{name} is {text[:40]!r}, which tokenizer.json does not have",
                        "a token of the tokenizer; transformers would add it as a new id beyond "
                        "the embedding rows",
                    )
                )
    config, mapping = folder.value("tokenizer_config.json"), folder.value("special_tokens_map.json")
    for name in NAMES:
        a, b = content_of(config.get(name)), content_of(mapping.get(name))
        if a and b and a != b:
            findings.add(
                folder.documents["special_tokens_map.json"].finding(
                    "error",
                    "special-differs",
                    (name,),
                    f"{name} is {b[:40]!r} here and {a[:40]!r} in tokenizer_config.json",
                    "the same token in both",
                )
            )


@check("folder", "added tokens of the tokenizer's files")
def check_added_files(folder: Folder, findings: Findings) -> None:
    """added_tokens_decoder and added_tokens.json against tokenizer.json."""
    by_id: dict[int, str] = {i: t for t, i in folder.tokens.items()}
    decoder = folder.value("tokenizer_config.json").get("added_tokens_decoder")
    if decoder is not None and not isinstance(decoder, dict):
        findings.add(
            folder.documents["tokenizer_config.json"].finding(
                "error",
                "component-shape",
                ("added_tokens_decoder",),
                f"added_tokens_decoder is {describe(decoder)}",
                "an object from id to token",
            )
        )
    for key, entry in decoder.items() if isinstance(decoder, dict) else ():
        document = folder.documents["tokenizer_config.json"]
        text = content_of(entry)
        place = ("added_tokens_decoder", key)
        if not key.isdigit() or text is None:
            findings.add(
                document.finding(
                    "error",
                    "added-shape",
                    place,
                    f"the entry {key[:20]!r} is {describe(entry)}",
                    '"id": {"content": ...}',
                )
            )
        elif folder.tokens:
            _compare(folder, document.finding, place, text, int(key), by_id, findings)
    listed = folder.value("added_tokens.json")
    for text, number in listed.items():
        document = folder.documents["added_tokens.json"]
        if not is_id(number):
            findings.add(
                document.finding(
                    "error",
                    "added-shape",
                    (text,),
                    f"the id of {text[:40]!r} is {describe(number)}",
                    "an integer",
                )
            )
        elif folder.tokens and "tokenizer.json" in folder.documents:
            _compare(folder, document.finding, (text,), text, number, by_id, findings)


def _compare(
    folder: Folder,
    finding: object,
    place: tuple[str, ...],
    text: str,
    number: int,
    by_id: dict[int, str],
    findings: Findings,
) -> None:
    make = finding if callable(finding) else None
    if make is None:
        return
    if text in folder.tokens and folder.tokens[text] != number:
        findings.add(
            make(
                "error",
                "added-id-differs",
                place,
                f"{text[:40]!r} has the id {number} here and {folder.tokens[text]} in tokenizer.json",
                f"{folder.tokens[text]} in all files",
            )
        )
    elif text not in folder.tokens:
        other = by_id.get(number)
        findings.add(
            make(
                "error" if other else "warning",
                "added-differs",
                place,
                f"the id {number} is {text[:40]!r} here"
                + (
                    f" and {other[:40]!r} in tokenizer.json"
                    if other
                    else ", which tokenizer.json does not have"
                ),
                "the same tokens in all files",
            )
        )


@check("folder", "ids in the model's configs")
def check_config_ids(folder: Folder, findings: Findings) -> None:
    """bos, eos and pad ids of config.json and generation_config.json against the tokenizer."""
    by_id: dict[int, str] = {i: t for t, i in folder.tokens.items()}
    for file in ("config.json", "generation_config.json"):
        if not folder.has(file):
            continue
        document = folder.documents[file]
        for name in ("bos_token", "eos_token", "pad_token"):
            field, text = f"{name}_id", special(folder, name)
            ids = as_ids(document.value.get(field))
            for i in ids:
                if i < 0 and name == "pad_token":
                    findings.add(
                        document.finding(
                            "warning",
                            "id-out-of-range",
                            (field,),
                            f"{field} is {i}: readers index the embedding with it",
                            "a token's id, or null",
                        )
                    )
                elif by_id and i not in by_id and i >= 0:
                    findings.add(
                        document.finding(
                            "error",
                            "id-without-token",
                            (field,),
                            f"{field} is {i}, an id that no token has (the highest is {max(by_id)})",
                            "a token's id",
                        )
                    )
            number = folder.tokens.get(text) if text else None
            if number is not None and ids and number not in ids:
                findings.add(
                    document.finding(
                        "warning",
                        "id-differs",
                        (field,),
                        f"{field} is {', '.join(f'{i} ({by_id.get(i, chr(63))})' for i in ids)}, "
                        f"but the tokenizer's {name} {text!r} has the id {number}",
                        f"{number}" + (" among them" if name == "eos_token" else ""),
                    )
                )
    a, b = folder.value("config.json"), folder.value("generation_config.json")
    for name in ("bos_token_id", "pad_token_id"):
        x, y = as_ids(a.get(name)), as_ids(b.get(name))
        if x and y and list(x) != list(y):
            findings.add(
                folder.documents["generation_config.json"].finding(
                    "warning",
                    "configs-differ",
                    (name,),
                    f"{name} is {y[0]} here and {x[0]} in config.json",
                    "the same id in both",
                )
            )
    x, y = as_ids(a.get("eos_token_id")), as_ids(b.get("eos_token_id"))
    if x and y and not set(x) & set(y):
        findings.add(
            folder.documents["generation_config.json"].finding(
                "warning",
                "configs-differ",
                ("eos_token_id",),
                f"eos_token_id is {list(y)} here and {list(x)} in config.json: generation may not stop",
                "at least one id in both",
            )
        )


@check("folder", "end and padding tokens")
def check_eos_pad(folder: Folder, findings: Findings) -> None:
    """A missing end token, a missing padding token, or one token for both."""
    if not folder.has("tokenizer_config.json"):
        return
    document = folder.documents["tokenizer_config.json"]
    eos, pad, unk = (special(folder, n) for n in ("eos_token", "pad_token", "unk_token"))
    encoder = bool({"cls_token", "mask_token"} & document.value.keys())
    generation = as_ids(folder.value("generation_config.json").get("eos_token_id")) or as_ids(
        folder.value("config.json").get("eos_token_id")
    )
    if not eos and not encoder:
        findings.add(
            document.finding(
                "warning" if not generation else "note",
                "eos-missing",
                (),
                "no eos_token is named: batches and generation have no end token"
                + (f" (the model's config names the id {generation[0]})" if generation else ""),
                '"eos_token": "..."',
            )
        )
    if not pad:
        findings.add(
            document.finding(
                "note",
                "pad-missing",
                (),
                "no pad_token is named; transformers refuses to pad batches",
                '"pad_token": a token that is never text',
            )
        )
    elif pad == eos:
        findings.add(
            document.finding(
                "note",
                "pad-is-eos",
                ("pad_token",),
                f"pad_token and eos_token are both {pad[:40]!r}: trainers that mask padding also "
                "mask the end, and models learn not to stop",
                "a token of its own for padding",
            )
        )
    elif pad == unk:
        findings.add(
            document.finding(
                "note",
                "pad-is-unk",
                ("pad_token",),
                f"pad_token and unk_token are both {pad[:40]!r}: masking padding also masks unknown words",
                "a token of its own for padding",
            )
        )


@check("folder", "files of the folder")
def check_files(folder: Folder, findings: Findings) -> None:
    """A folder in which no tokenizer can be found."""
    names = {p.name for p in folder.path.iterdir()}
    kinds = (
        "tokenizer.json",
        "vocab.json",
        "tokenizer.model",
        "spiece.model",
        "tekken.json",
        "vocab.txt",
    )
    if not names & set(kinds) and not any(
        n.endswith((".tiktoken", ".model", ".gguf")) for n in names
    ):
        findings.add(
            Finding(
                "error",
                "not-a-tokenizer",
                folder.file,
                "the folder holds no tokenizer",
                "one of " + ", ".join(kinds),
            )
        )
    if "vocab.json" in names and "merges.txt" not in names and "tokenizer.json" not in names:
        findings.add(
            Finding(
                "error",
                "merges-missing",
                folder.file,
                "vocab.json without merges.txt",
                "both files of the pair",
            )
        )
