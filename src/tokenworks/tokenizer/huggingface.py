"""Read Hugging Face tokenizers: a tokenizer.json, or a folder with its companions.

A folder is read as `transformers` 5 opens it: tokens of tokenizer_config.json that tokenizer.json
lacks are added, and named special tokens become bos, eos and pad. `add_bos_token` and `add_eos_token`
count only in folders without a tokenizer.json, whose post-processor rules otherwise. No code is ever
run, whatever the configuration asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer import two_phase
from tokenworks.tokenizer.added_tokens import AddedTokens, read_added
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import Bpe, Definition, Origin, Step, Unigram, WordPiece
from tokenworks.tokenizer.huggingface_config import Companions, apply_companions, read_companions
from tokenworks.tokenizer.huggingface_legacy import legacy_document
from tokenworks.tokenizer.huggingface_model import read_model
from tokenworks.tokenizer.huggingface_steps import read_steps
from tokenworks.tokenizer.json_layout import layout_of
from tokenworks.tokenizer.source import parse_json, read_bytes, shorten

_SECTIONS = (
    "version",
    "truncation",
    "padding",
    "added_tokens",
    "normalizer",
    "pre_tokenizer",
    "post_processor",
    "decoder",
    "model",
)
# The pre-tokenizers that change the text which they cut.
_REWRITING = ("ByteLevel", "Metaspace")
# The file names that make a folder a tokenizer of this format.
FOLDER_FILES = ("tokenizer.json", "vocab.json", "vocab.txt")


def read(path: Path) -> Definition:
    """Read a tokenizer.json, or a folder that holds one (or the older vocab.json and merges.txt, or
    a BERT vocab.txt).

    Args:
        path: the file or folder. For a file, only that file is read.

    Returns:
        The definition. `origin.extra` keeps what only a writer of this format needs:
        "document" (the file without vocabulary and merges), "merges_as" ("string" or "pair"),
        "companions" (file name to parsed content), "layouts" (file name to its JSON layout),
        "renumbered" added tokens.

    Raises:
        FormatError: the file or a companion is damaged or not of this format.
        UnsupportedError: valid, but not something that can be encoded exactly.
    """
    if not path.is_dir():
        data = read_bytes(path)
        return with_layouts(read_document(path, parse_json(path, data)), {path.name: data})
    companions = read_companions(path)
    main = path / "tokenizer.json"
    if not main.is_file():
        return read_document(path, legacy_document(path, companions.config), companions)
    files = {name: read_bytes(path / name) for name in ("tokenizer.json", *companions.files)}
    document = parse_json(main, files["tokenizer.json"])
    definition = with_layouts(read_document(main, document, companions), files)
    return replace(definition, two_phase=two_phase.read(path, definition))


def with_layouts(definition: Definition, files: Mapping[str, bytes]) -> Definition:
    """Note how each file was laid out, to write it back the same."""
    layouts = {name: layout_of(data) for name, data in files.items()}
    extra = {**definition.origin.extra, "layouts": layouts}
    return replace(definition, origin=replace(definition.origin, extra=extra))


def read_document(path: Path, document: Any, companions: Companions | None = None) -> Definition:
    """Turn the parsed content of a tokenizer.json into a definition.

    Args:
        path: named in messages; its stem (or folder) names the tokenizer.
        document: the parsed file.
        companions: the configuration files that lay beside it.

    Returns:
        The definition.

    Raises:
        FormatError, UnsupportedError: as `read`.
    """
    _check_outline(path, document)
    normalizer = read_steps(path, "normalizer", document.get("normalizer"))
    pretokenizer = read_steps(path, "pre_tokenizer", document.get("pre_tokenizer"))
    byte_level = _check_byte_level(path, normalizer, pretokenizer)
    model = read_model(path, document["model"], byte_level=byte_level)
    added = AddedTokens(spelled_ids(model))
    read_added(path, document.get("added_tokens"), added)
    extra: dict[str, Any] = {
        "document": _without_vocabulary(document),
        "merges_as": _merges_as(document["model"]),
    }
    definition = Definition(
        name=path.name if path.is_dir() else _name(path),
        model=model,
        normalizer=normalizer,
        pretokenizer=pretokenizer,
        postprocessor=read_steps(path, "post_processor", document.get("post_processor")),
        decoder=read_steps(path, "decoder", document.get("decoder")),
        origin=Origin("huggingface", str(path), extra),
    )
    if companions is None:
        companions = Companions()
    definition = apply_companions(path, definition, companions, added)
    extra["companions"] = companions.as_dict()
    tokens = added.checked(path)
    if added.renumbered:
        extra["renumbered"] = dict(added.renumbered)
    return replace(definition, added=tokens)


def spelled_ids(model: Bpe | Unigram | WordPiece) -> dict[bytes, int]:
    """Ids by the UTF-8 of each token's spelling in tokenizer.json (byte-level pieces in the map)."""
    numbers = model.ids.tolist()
    if not (isinstance(model, Bpe) and model.byte_level):
        return dict(zip(model.pieces, numbers, strict=True))
    return {
        piece if number in model.outside_map else to_characters(piece).encode(): number
        for piece, number in zip(model.pieces, numbers, strict=True)
    }


def _name(path: Path) -> str:
    stem = path.name.removesuffix(".json")
    return path.resolve().parent.name if stem == "tokenizer" else stem


def _check_outline(path: Path, document: Any) -> None:
    if not isinstance(document, dict):
        raise FormatError(
            f"{path}: not a tokenizer: the file holds {shorten(document)}; expected the object of "
            f"a tokenizer.json"
        )
    if "model" not in document:
        found = ", ".join(list(map(str, document))[:6]) or "nothing"
        raise FormatError(f'{path}: not a tokenizer.json: it has no "model" (found: {found})')
    version = document.get("version", "1.0")
    if version != "1.0":
        raise FormatError(
            f"{path}: tokenizer.json of version {shorten(version)}; known is '1.0'. A newer "
            f"version of the tokenizers library may have written it"
        )
    for key in document:
        if key not in _SECTIONS:
            raise FormatError(
                f"{path}: unknown section {shorten(key)}; a tokenizer.json has "
                f"{', '.join(_SECTIONS)}. A newer version of the tokenizers library may have "
                f"written it"
            )


def _check_byte_level(
    path: Path, normalizer: tuple[Step, ...], pretokenizer: tuple[Step, ...]
) -> bool:
    """Whether the model sees GPT-2's byte characters; refuses steps that would rewrite them.

    A step that only cuts may follow: Falcon's tokenizers cut digits after ByteLevel.
    """
    places = [("normalizer", step) for step in normalizer]
    places += [("pre_tokenizer", step) for step in pretokenizer]
    at = [index for index, (_, step) in enumerate(places) if step["type"] == "ByteLevel"]
    if not at:
        return False
    for section, step in places[at[0] + 1 :]:
        if section == "normalizer" or step["type"] in _REWRITING:
            raise UnsupportedError(
                f"{path}: the {section} step {step['type']} comes after ByteLevel and would rewrite "
                f"bytes in place of text; only steps that cut may follow ByteLevel"
            )
    return True


def _without_vocabulary(document: Mapping[str, Any]) -> dict[str, Any]:
    model = {
        key: value for key, value in document["model"].items() if key not in ("vocab", "merges")
    }
    return {key: model if key == "model" else value for key, value in document.items()}


def _merges_as(model: Mapping[str, Any]) -> str | None:
    merges = model.get("merges")
    if not merges:
        return None
    return "string" if isinstance(merges[0], str) else "pair"
