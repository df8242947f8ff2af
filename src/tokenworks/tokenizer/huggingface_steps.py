"""The steps of a tokenizer.json (normalizer, pre-tokenizer, post-processor, decoder), checked.

Each table says which fields a type has and which values the `tokenizers` library fills in for those
that a file leaves out. A field without a default here is one that the library insists on as well.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.oniguruma import from_oniguruma
from tokenworks.tokenizer.pattern_check import check_pattern
from tokenworks.tokenizer.source import shorten

_REQUIRED = object()
_Check = Callable[[Any], bool]


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _character(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1


def _size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _optional_boolean(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _pattern(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) == 1
        and next(iter(value)) in ("String", "Regex")
        and isinstance(next(iter(value.values())), str)
    )


def _behavior(value: Any) -> bool:
    return value in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")


def _scheme(value: Any) -> bool:
    return value in ("first", "never", "always")


def _token_and_id(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _text(value[0]) and _size(value[1])


def _template(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict)
        and len(item) == 1
        and next(iter(item)) in ("Sequence", "SpecialToken")
        and isinstance(next(iter(item.values())), dict)
        and isinstance(next(iter(item.values())).get("id"), str)
        for item in value
    )


def _special_ids(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(item, dict)
        and isinstance(item.get("ids"), list)
        and all(_size(number) for number in item["ids"])
        for item in value.values()
    )


def _charsmap(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    # A little-endian length, that many bytes of a double-array trie, then the replacements.
    return len(data) >= 4 and int.from_bytes(data[:4], "little") <= len(data) - 4


_EXPECTED: Mapping[_Check, str] = {
    _boolean: "true or false",
    _text: "a string",
    _character: "one character",
    _size: "a number of 0 or more",
    _optional_boolean: "true, false or null",
    _pattern: '{"String": ...} or {"Regex": ...}',
    _behavior: "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous",
    _scheme: "first, never or always",
    _token_and_id: "[token, id]",
    _template: 'a list of {"Sequence": {"id": ...}} and {"SpecialToken": {"id": ...}}',
    _special_ids: "a mapping of tokens to their ids",
    _charsmap: "a character map in base64",
}

_Fields = Mapping[str, tuple[_Check, Any]]
_BYTE_LEVEL: _Fields = {
    "add_prefix_space": (_boolean, _REQUIRED),
    "trim_offsets": (_boolean, _REQUIRED),
    "use_regex": (_boolean, True),
}
_METASPACE: _Fields = {
    "replacement": (_character, _REQUIRED),
    "prepend_scheme": (_scheme, "always"),
    "split": (_boolean, True),
}
_REPLACE: _Fields = {"pattern": (_pattern, _REQUIRED), "content": (_text, _REQUIRED)}

# What holds a Sequence's members, by section.
_MEMBERS = {
    "normalizer": "normalizers",
    "pre_tokenizer": "pretokenizers",
    "post_processor": "processors",
    "decoder": "decoders",
}

STEP_TYPES: Mapping[str, Mapping[str, _Fields]] = {
    "normalizer": {
        "BertNormalizer": {
            "clean_text": (_boolean, _REQUIRED),
            "handle_chinese_chars": (_boolean, _REQUIRED),
            "strip_accents": (_optional_boolean, None),
            "lowercase": (_boolean, _REQUIRED),
        },
        "Strip": {"strip_left": (_boolean, _REQUIRED), "strip_right": (_boolean, _REQUIRED)},
        "StripAccents": {},
        "NFC": {},
        "NFD": {},
        "NFKC": {},
        "NFKD": {},
        "Lowercase": {},
        "Nmt": {},
        "Precompiled": {"precompiled_charsmap": (_charsmap, _REQUIRED)},
        "Replace": _REPLACE,
        "Prepend": {"prepend": (_text, _REQUIRED)},
        "ByteLevel": {},
    },
    "pre_tokenizer": {
        "BertPreTokenizer": {},
        "ByteLevel": _BYTE_LEVEL,
        "CharDelimiterSplit": {"delimiter": (_character, _REQUIRED)},
        "Metaspace": _METASPACE,
        "Whitespace": {},
        "WhitespaceSplit": {},
        "Split": {
            "pattern": (_pattern, _REQUIRED),
            "behavior": (_behavior, _REQUIRED),
            "invert": (_boolean, _REQUIRED),
        },
        "Punctuation": {"behavior": (_behavior, "Isolated")},
        "Digits": {"individual_digits": (_boolean, _REQUIRED)},
        "UnicodeScripts": {},
        "FixedLength": {"length": (_size, 5)},
    },
    "post_processor": {
        "BertProcessing": {
            "sep": (_token_and_id, _REQUIRED),
            "cls": (_token_and_id, _REQUIRED),
        },
        "RobertaProcessing": {
            "sep": (_token_and_id, _REQUIRED),
            "cls": (_token_and_id, _REQUIRED),
            "trim_offsets": (_boolean, True),
            "add_prefix_space": (_boolean, True),
        },
        "ByteLevel": _BYTE_LEVEL,
        "TemplateProcessing": {
            "single": (_template, _REQUIRED),
            "pair": (_template, _REQUIRED),
            "special_tokens": (_special_ids, _REQUIRED),
        },
    },
    "decoder": {
        "BPEDecoder": {"suffix": (_text, _REQUIRED)},
        "ByteLevel": _BYTE_LEVEL,
        "WordPiece": {"prefix": (_text, _REQUIRED), "cleanup": (_boolean, _REQUIRED)},
        "Metaspace": _METASPACE,
        "CTC": {
            "pad_token": (_text, _REQUIRED),
            "word_delimiter_token": (_text, _REQUIRED),
            "cleanup": (_boolean, _REQUIRED),
        },
        "Replace": _REPLACE,
        "Fuse": {},
        "Strip": {
            "content": (_character, _REQUIRED),
            "start": (_size, _REQUIRED),
            "stop": (_size, _REQUIRED),
        },
        "ByteFallback": {},
    },
}


def read_steps(path: Path, section: str, value: Any) -> tuple[Step, ...]:
    """Check one section of a tokenizer.json and flatten it.

    Args:
        path: named in messages.
        section: `normalizer`, `pre_tokenizer`, `post_processor` or `decoder`.
        value: the section as parsed; None for an empty one.

    Returns:
        The steps in order, every field filled in.

    Raises:
        FormatError: an unknown type, or a field that is missing or of another kind.
    """
    return () if value is None else tuple(_flatten(path, section, section, value))


def _flatten(path: Path, section: str, place: str, value: Any) -> list[Step]:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise FormatError(f'{path}: {place} is {shorten(value)}; expected an object with a "type"')
    kind = value["type"]
    if kind == "Sequence":
        key = _MEMBERS[section]
        members = value.get(key)
        if not isinstance(members, list):
            raise FormatError(f'{path}: {place} is a Sequence without its list "{key}"')
        return [
            step
            for index, member in enumerate(members)
            for step in _flatten(path, section, f"{place}.{key}[{index}]", member)
        ]
    known = STEP_TYPES[section]
    if kind not in known:
        raise FormatError(f"{path}: {place}: {unknown_type(section, kind, known)}")
    return [_check_step(path, place, kind, known[kind], value)]


def unknown_type(section: str, kind: str, known: Mapping[str, Any]) -> str:
    """The message for a type name that no version up to tokenizers 0.23 writes."""
    near = difflib.get_close_matches(kind, [*known, "Sequence"], n=1)
    if near:
        return f"unknown {section} type {shorten(kind)}; did you mean {near[0]!r}?"
    return (
        f"unknown {section} type {shorten(kind)}, perhaps written by a newer version of the "
        f"tokenizers library than 0.23; known are {', '.join(sorted(known))}"
    )


def _check_step(
    path: Path, place: str, kind: str, fields: _Fields, value: Mapping[str, Any]
) -> Step:
    step: dict[str, Any] = {"type": kind}
    for name, (check, default) in fields.items():
        given = value.get(name, default)
        if given is _REQUIRED:
            raise FormatError(f'{path}: {place} ({kind}) lacks "{name}" ({_EXPECTED[check]})')
        if not check(given):
            raise FormatError(
                f"{path}: {place}.{name} is {shorten(given)}; expected {_EXPECTED[check]}"
            )
        step[name] = given
        if check is _pattern and "Regex" in given:
            written = from_oniguruma(given["Regex"])
            check_pattern(f"{path}: {place}.{name}", written)
            step[name] = {"Regex": written}
    # The form before 0.15 said add_prefix_space; a file that says both must agree with itself.
    spaceless = kind == "Metaspace" and value.get("add_prefix_space") is False
    if spaceless and step["prepend_scheme"] != "never":
        raise FormatError(
            f'{path}: {place} says "add_prefix_space": false and "prepend_scheme": '
            f'"{step["prepend_scheme"]}"; for no space write "prepend_scheme": "never"'
        )
    if kind == "FixedLength" and step["length"] == 0:
        raise FormatError(f"{path}: {place}.length is 0; expected 1 or more")
    if kind == "TemplateProcessing":
        _check_template(path, place, step)
    return step


def _check_template(path: Path, place: str, step: Mapping[str, Any]) -> None:
    for side in ("single", "pair"):
        for item in step[side]:
            name, part = next(iter(item.items()))
            if name == "SpecialToken" and part["id"] not in step["special_tokens"]:
                raise FormatError(
                    f"{path}: {place}.{side} uses {shorten(part['id'])}, which its special_tokens "
                    f"do not define"
                )
            if name == "Sequence" and part["id"] not in ("A", "B"):
                raise FormatError(
                    f"{path}: {place}.{side} names the sequence {shorten(part['id'])}; "
                    f"expected A or B"
                )
