"""Writing a folder that `transformers` opens: tokenizer.json and the files beside it.

What was read from such a folder and not changed is written back in its own words; anything else is
written in the words of the current library. Steps that only another format has are said with steps
that tokenizer.json has, as nearly as it can; whether that is exact is for `convert` to prove.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks.errors import TokenworksError, TokenworksWarning, UnsupportedError
from tokenworks.tokenizer import two_phase
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Step, Unigram, WordPiece
from tokenworks.tokenizer.huggingface import read_document
from tokenworks.tokenizer.huggingface_config import Companions
from tokenworks.tokenizer.json_layout import Layout, json_text
from tokenworks.tokenizer.known_encodings import CL100K_PATTERN
from tokenworks.tokenizer.oniguruma import to_oniguruma
from tokenworks.tokenizer.writers import byte_level_json
from tokenworks.tokenizer.writers.same import same_definition

_MEMBERS = {
    "normalizer": "normalizers",
    "pre_tokenizer": "pretokenizers",
    "post_processor": "processors",
    "decoder": "decoders",
}
LINES = Layout(end="\n")
# Ends of a text that hold in every regular expression engine and on every line.
_START, _END = r"(?<![\s\S])", r"(?![\s\S])"


def render(definition: Definition) -> dict[str, bytes]:
    """The files of the folder.

    Args:
        definition: any tokenizer.

    Returns:
        Contents by file name: tokenizer.json, tokenizer_config.json and what else there was.

    Raises:
        UnsupportedError: the tokenizer has something that the format has no words for.
    """
    beside = two_phase.render(definition)
    again = _as_read(replace(definition, two_phase=None))
    if again is not None:
        return again | beside
    files = {
        "tokenizer.json": _tokenizer_json(definition),
        "tokenizer_config.json": json_text(config(definition), LINES).encode(),
    }
    if definition.chat_template is not None:
        files["chat_template.jinja"] = definition.chat_template.encode()
    return files | beside


def _as_read(definition: Definition) -> dict[str, bytes] | None:
    """The files as they were read, if the definition still is what they say."""
    origin = definition.origin
    outline = origin.extra.get("document")
    if origin.format != "huggingface" or not isinstance(outline, dict):
        return None
    spellings = _spellings(definition)
    section = _with_vocabulary(definition, outline["model"], spellings)
    content = {**outline, "model": section}
    beside: Mapping[str, Any] = origin.extra.get("companions", {})
    companions = Companions(
        files={name: value for name, value in beside.items() if name.endswith(".json")},
        jinja=beside.get("chat_template.jinja"),
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TokenworksWarning)
            again = read_document(Path(origin.path or "tokenizer.json"), content, companions)
    except TokenworksError:
        return None
    if not same_definition(again, definition):
        return None
    layouts: Mapping[str, Layout] = origin.extra.get("layouts", {})
    files = {
        "tokenizer.json": json_text(content, layouts.get(Path(origin.path or "").name, Layout()))
    }
    for name, value in beside.items():
        text = value if isinstance(value, str) else json_text(value, layouts.get(name, LINES))
        files[name] = text
    return {name: text.encode() for name, text in files.items()}


def _with_vocabulary(
    definition: Definition, outline: Mapping[str, Any], spellings: list[str]
) -> dict[str, Any]:
    model = definition.model
    if isinstance(model, Unigram):
        scored = [
            [text, score] for text, score in zip(spellings, model.scores.tolist(), strict=True)
        ]
        section: dict[str, Any] = {}
        for key, value in outline.items():
            if key == "byte_fallback":
                section["vocab"] = scored
            section[key] = value
        section.setdefault("vocab", scored)
        return section
    section = {**outline, "vocab": dict(zip(spellings, model.ids.tolist(), strict=True))}
    if isinstance(model, Bpe):
        pairs = [[spellings[left], spellings[right]] for left, right in model.merges.tolist()]
        as_text = definition.origin.extra.get("merges_as") == "string"
        section["merges"] = [" ".join(pair) for pair in pairs] if as_text else pairs
    return section


def _spellings(definition: Definition) -> list[str]:
    model = definition.model
    if isinstance(model, Bpe) and model.byte_level:
        return [
            piece.decode() if number in model.outside_map else to_characters(piece)
            for piece, number in zip(model.pieces, model.ids.tolist(), strict=True)
        ]
    try:
        return [piece.decode() for piece in model.pieces]
    except UnicodeDecodeError as error:
        raise UnsupportedError(
            f"{definition.name}: the piece {error.object!r} is not UTF-8; tokenizer.json spells "
            "pieces as text unless the model is byte-level"
        ) from None


def _tokenizer_json(definition: Definition) -> bytes:
    model = definition.model
    if not isinstance(model, Bpe) or not byte_level_json.is_plain(model, definition.added):
        return json_text(document(definition)).encode()
    outline = {**_bpe_outline(model, None), "vocab": {}, "merges": []}
    return byte_level_json.filled(json_text(document(definition, outline)).encode(), model)


def document(definition: Definition, model: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of a new tokenizer.json.

    Args:
        definition: any tokenizer.
        model: the section of that name; made from the definition where it is left out.

    Raises:
        UnsupportedError: a piece or step that the format has no words for.
    """
    model = _model(definition) if model is None else model
    added = [*definition.added, *_user_defined(definition)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(token) for token in sorted(added, key=lambda token: token.id)],
        "normalizer": _joined("normalizer", _normalizer(definition)),
        "pre_tokenizer": _joined("pre_tokenizer", _pretokenizer(definition)),
        "post_processor": _joined("post_processor", list(definition.postprocessor)),
        "decoder": _joined("decoder", list(definition.decoder)),
        "model": model,
    }


def _added(token: AddedToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "content": token.content,
        "single_word": token.single_word,
        "lstrip": token.lstrip,
        "rstrip": token.rstrip,
        "normalized": token.normalized,
        "special": token.special,
    }


def _joined(section: str, steps: list[Step]) -> dict[str, Any] | None:
    plain = [dict(step) for step in steps]
    if len(plain) < 2:
        return plain[0] if plain else None
    return {"type": "Sequence", _MEMBERS[section]: plain}


def _user_defined(definition: Definition) -> list[AddedToken]:
    """Pieces matched whole in the text, which this format calls added tokens."""
    model = definition.model
    if isinstance(model, WordPiece):
        return []
    return [
        AddedToken(number, piece.decode(), special=False)
        for piece, number in zip(model.pieces, model.ids.tolist(), strict=True)
        if number in model.user_defined
    ]


def _spaces(definition: Definition) -> Step | None:
    return next((s for s in definition.normalizer if s["type"] == "SentencePieceSpaces"), None)


def _normalizer(definition: Definition) -> list[Step]:
    steps: list[Step] = []
    for step in definition.normalizer:
        if step["type"] == "Precompiled":
            steps.append(
                {"type": "Precompiled", "precompiled_charsmap": step["precompiled_charsmap"]}
            )
        elif step["type"] != "SentencePieceSpaces":
            steps.append(step)
    spaces = _spaces(definition)
    if spaces is None:
        return steps
    if spaces["treat_whitespace_as_suffix"] and spaces["add_dummy_prefix"]:
        raise UnsupportedError(
            f"{definition.name}: a space is added after the text (treat_whitespace_as_suffix), which "
            "tokenizer.json has no step for"
        )
    mark = "▁" if spaces["escape_whitespaces"] else " "
    if spaces["remove_extra_whitespaces"]:
        ends = "[ ▁]+" if spaces["escape_whitespaces"] else " +"
        steps.append(_replace({"Regex": f"{_START} +"}, ""))
        steps.append(_replace({"Regex": " {2,}"}, " "))
        steps.append(_replace({"Regex": f"{ends}{_END}"}, ""))
    if _in_pretokenizer(definition):
        return steps
    if spaces["add_dummy_prefix"]:
        steps.append({"type": "Prepend", "prepend": mark})
    if spaces["escape_whitespaces"]:
        steps.append(_replace({"String": " "}, mark))
    return steps


def _in_its_dialect(pattern: str) -> str:
    if pattern == CL100K_PATTERN:  # nothing follows the digits that they could give back to
        return pattern.replace("{1,3}+", "{1,3}")
    return to_oniguruma(pattern)


def _in_pretokenizer(definition: Definition) -> bool:
    """Whether the space before the text must not be added again after every user-defined piece."""
    spaces = _spaces(definition)
    if spaces is None or not spaces["add_dummy_prefix"] or not spaces["escape_whitespaces"]:
        return False
    return bool(_user_defined(definition))


def _pretokenizer(definition: Definition) -> list[Step]:
    steps = list(definition.pretokenizer)
    if definition.origin.format != "huggingface":
        steps = [_translated(step) for step in steps]
    if _in_pretokenizer(definition):
        steps.append(
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}
        )
    return steps


def _translated(step: Step) -> Step:
    pattern = step.get("pattern", {}).get("Regex")
    if step["type"] != "Split" or pattern is None:
        return step
    return {**step, "pattern": {"Regex": _in_its_dialect(pattern)}}


def _replace(pattern: dict[str, str], content: str) -> Step:
    return {"type": "Replace", "pattern": pattern, "content": content}


def _model(definition: Definition) -> dict[str, Any]:
    model = definition.model
    spellings = _spellings(definition)
    by_id = dict(zip(model.ids.tolist(), spellings, strict=True))
    if isinstance(model, WordPiece):
        return {
            "type": "WordPiece",
            "unk_token": by_id[model.unk_id],
            "continuing_subword_prefix": model.continuing_subword_prefix,
            "max_input_chars_per_word": model.max_input_chars_per_word,
            "vocab": dict(sorted(zip(spellings, model.ids.tolist(), strict=True), key=_second)),
        }
    if isinstance(model, Unigram):
        if not np.array_equal(model.ids, np.arange(len(spellings))):
            raise UnsupportedError(
                f"{definition.name}: ids with gaps, which a Unigram tokenizer.json cannot have"
            )
        return {
            "type": "Unigram",
            "unk_id": model.unk_id,
            "vocab": [[t, s] for t, s in zip(spellings, model.scores.tolist(), strict=True)],
            "byte_fallback": model.byte_fallback,
        }
    unk = None
    if model.unk_id is not None:
        unk = by_id.get(model.unk_id) or next(
            (token.content for token in definition.added if token.id == model.unk_id), None
        )
    vocab = {text: number for number, text in sorted(by_id.items())}
    _keep_ids(definition, vocab)
    return {
        **_bpe_outline(model, unk),
        "vocab": dict(sorted(vocab.items(), key=_second)),
        "merges": [[spellings[left], spellings[right]] for left, right in model.merges.tolist()],
    }


def _bpe_outline(model: Bpe, unk: str | None) -> dict[str, Any]:
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": unk,
        "continuing_subword_prefix": model.continuing_subword_prefix or None,
        "end_of_word_suffix": model.end_of_word_suffix or None,
        "fuse_unk": model.fuse_unk,
        "byte_fallback": model.byte_fallback,
        "ignore_merges": model.ignore_merges,
    }


def _second(item: tuple[str, int]) -> int:
    return item[1]


def _keep_ids(definition: Definition, vocab: dict[str, int]) -> None:
    """Put into the vocabulary every added token that would otherwise get another id.

    The library numbers added tokens on from the size of the vocabulary, whatever a file says.
    """
    following = len(vocab)
    kept = dict(vocab)
    for token in sorted(definition.added, key=lambda token: token.id):
        if token.content in vocab:
            if vocab[token.content] != token.id:
                raise UnsupportedError(
                    f"{definition.name}: {token.content!r} is both the piece "
                    f"{vocab[token.content]} and the added token {token.id}; one spelling has one id"
                )
        elif token.id != following:
            kept[token.content] = token.id
            following = max(following, len(kept), token.id + 1)
            continue
        following = max(following, token.id + 1)
    if len(kept) != len(vocab):
        # More entries make the library count from further on: then all of them go in.
        kept.update({token.content: token.id for token in definition.added})
    vocab.update(kept)


def config(definition: Definition) -> dict[str, Any]:
    """The content of a new tokenizer_config.json."""
    content: dict[str, Any] = {}
    decoder = {
        str(token.id): {key: value for key, value in _added(token).items() if key != "id"}
        for token in sorted(definition.added, key=lambda token: token.id)
    }
    if decoder:
        content["added_tokens_decoder"] = decoder
    content["clean_up_tokenization_spaces"] = False
    roles = {
        "bos_token": definition.bos_id,
        "eos_token": definition.eos_id,
        "pad_token": definition.pad_id,
        "unk_token": definition.model.unk_id,
    }
    by_id = {
        number: definition.model.pieces[place].decode("utf-8", "replace")
        for number in set(roles.values()) - {None}
        for place in np.flatnonzero(definition.model.ids == number).tolist()
    } | {token.id: token.content for token in definition.added}
    for role, number in roles.items():
        if number is not None:
            content[role] = by_id[number]
    content["model_max_length"] = 1000000000000000019884624838656
    content["tokenizer_class"] = "PreTrainedTokenizerFast"
    return content
