"""Writing the tokenizer as a GGUF file of metadata alone, as llama.cpp's converter names things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import UnsupportedError
from tokenworks.tokenizer.byte_map import to_characters
from tokenworks.tokenizer.definition import Bpe, Definition, Unigram, WordPiece
from tokenworks.tokenizer.gguf_fields import BULK, PREFIX
from tokenworks.tokenizer.gguf_file import Entry, Metadata, ValueType, encode_metadata
from tokenworks.tokenizer.gguf_pretokenizers import PRETOKENIZERS, name_of, named
from tokenworks.tokenizer.sentencepiece_model import PieceType
from tokenworks.tokenizer.writers.scored import scored


@dataclass
class _Entries:
    """Entries in the order in which the converter writes them."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def text(self, name: str, value: str, prefix: str = PREFIX) -> None:
        self.entries[prefix + name] = Entry(ValueType.STRING, value.encode())

    def texts(self, name: str, values: list[str]) -> None:
        raw = [value.encode() for value in values]
        self.entries[PREFIX + name] = Entry(ValueType.ARRAY, raw, ValueType.STRING)

    def array(self, name: str, values: NDArray[Any], items: ValueType) -> None:
        self.entries[PREFIX + name] = Entry(ValueType.ARRAY, values, items)

    def token(self, name: str, number: int | None) -> None:
        if number is not None:
            key = f"{PREFIX}{name}_token_id"
            self.entries[key] = Entry(ValueType.UINT32, number)

    def flag(self, name: str, value: bool) -> None:
        self.entries[PREFIX + name] = Entry(ValueType.BOOL, value)


def render(definition: Definition, *, pre: str | None = None) -> dict[str, bytes]:
    """The GGUF file, under "".

    Args:
        definition: any tokenizer that llama.cpp has a kind for.
        pre: the name of the pre-tokenizer of a byte-level BPE; found from the steps if left out.

    Raises:
        UnsupportedError: no kind or no name stands for this tokenizer.
    """
    model = definition.model
    fresh = _Entries()
    kind = "bert" if isinstance(model, WordPiece) else "llama"
    fresh.text("architecture", kind, prefix="general.")
    if isinstance(model, WordPiece):
        _bert(definition, model, fresh)
    elif isinstance(model, Bpe) and model.byte_level:
        _gpt2(definition, model, fresh, pre)
    else:
        _scored(definition, model, fresh)
    for role, number in (
        ("bos", definition.bos_id),
        ("eos", definition.eos_id),
        ("unknown", model.unk_id),
        ("padding", definition.pad_id),
    ):
        fresh.token(role, number)
    fresh.flag("add_bos_token", definition.add_bos)
    if not isinstance(model, WordPiece):
        fresh.flag("add_eos_token", definition.add_eos)
    if definition.chat_template is not None:
        fresh.text("chat_template", definition.chat_template, prefix="tokenizer.")
    return {"": encode_metadata(_as_read(definition, fresh.entries))}


def _as_read(definition: Definition, fresh: dict[str, Entry]) -> Metadata:
    """The order, types and further entries of the file that the tokenizer was read from."""
    extra = definition.origin.extra
    if definition.origin.format != "gguf":
        return Metadata(fresh)
    entries: dict[str, Entry] = {}
    governed = {*BULK, *(PREFIX + f"{r}_token_id" for r in ("bos", "eos", "unknown", "padding"))}
    governed |= {PREFIX + "add_bos_token", PREFIX + "add_eos_token", "tokenizer.chat_template"}
    said = set(extra["entries"])
    fresh["general.architecture"] = extra["entries"].get("general.architecture")
    for key, old in extra["entries"].items():
        kept = extra.get(key.removeprefix(PREFIX)) if old is None else old
        new = fresh.pop(key, None)
        if new is None:
            # Of what was read, only what the definition speaks of can have been taken away.
            if kept is not None and (old is None or key not in governed):
                entries[key] = kept
        elif kept is not None and _equal(kept, new):
            entries[key] = kept
        else:
            entries[key] = new
    # What the file left to the defaults is not said now, unless it is no longer the default.
    silent = {"general.architecture", PREFIX + "pre", PREFIX + "add_eos_token"}
    silent |= {PREFIX + "add_bos_token", PREFIX + "unknown_token_id"}
    silent |= {PREFIX + "add_space_prefix", PREFIX + "remove_extra_whitespaces"}
    if isinstance(definition.model, WordPiece):
        silent |= {key for key, value in _bert_defaults(extra, fresh) if value == fresh.get(key)}
    entries |= {key: entry for key, entry in fresh.items() if key not in silent - said}
    # A tensor count would promise tensors, which are not written.
    return Metadata(entries, extra["version"], 0, extra["big_endian"])


def _bert_defaults(extra: Mapping[str, Any], fresh: dict[str, Entry]) -> list[tuple[str, Entry]]:
    lowercase = fresh.get(PREFIX + "normalizer.lowercase", Entry(ValueType.BOOL, True))
    cls = PREFIX + "cls_token_id"
    return [
        (PREFIX + "normalizer.lowercase", Entry(ValueType.BOOL, True)),
        (PREFIX + "normalizer.strip_accents", lowercase),
        (PREFIX + "add_sep_token", Entry(ValueType.BOOL, True)),
        (PREFIX + "seperator_token_id", Entry(ValueType.UINT32, 102)),
        (PREFIX + "bos_token_id", extra["entries"].get(cls, Entry(ValueType.UINT32, 101))),
        (PREFIX + "padding_token_id", Entry(ValueType.UINT32, 0)),
    ]


def _equal(old: Entry, new: Entry) -> bool:
    if isinstance(old.value, np.ndarray) or isinstance(new.value, np.ndarray):
        return np.array_equal(old.value, new.value)
    return bool(old.value == new.value)


def _refuse(definition: Definition, reason: str) -> UnsupportedError:
    return UnsupportedError(
        f"{definition.name}: cannot be said in GGUF: {reason}; write it as huggingface"
    )


def _gpt2(definition: Definition, model: Bpe, fresh: _Entries, pre: str | None) -> None:
    if model.continuing_subword_prefix or model.end_of_word_suffix:
        raise _refuse(definition, "pieces have a prefix or suffix inside words")
    _check_added(definition)
    fresh.text("model", "gpt2")
    fresh.text("pre", _pre(definition, model, pre))
    count = 1 + max([*model.ids.tolist(), *(token.id for token in definition.added)])
    # Ids without a token are filled as the converter fills them.
    tokens = [f"[PAD{number}]" for number in range(count)]
    types = np.full(count, PieceType.UNUSED, np.int32)
    for piece, number in zip(model.pieces, model.ids.tolist(), strict=True):
        outside = number in model.outside_map
        tokens[number] = piece.decode() if outside else to_characters(piece)
        types[number] = PieceType.NORMAL
    for token in definition.added:
        tokens[token.id] = token.content
        types[token.id] = PieceType.CONTROL if token.special else PieceType.USER_DEFINED
    _check_unique(definition, tokens)
    spelled = [to_characters(piece) for piece in model.pieces]
    merges = [f"{spelled[left]} {spelled[right]}" for left, right in model.merges.tolist()]
    fresh.texts("tokens", tokens)
    fresh.array("token_type", types, ValueType.INT32)
    fresh.texts("merges", merges)


def _pre(definition: Definition, model: Bpe, pre: str | None) -> str:
    if pre is not None:
        named(pre, definition.name)
        return pre
    said = definition.origin.extra.get("entries", {}).get(PREFIX + "pre")
    names = name_of(definition.normalizer, definition.pretokenizer)
    if said is not None:
        names = [name for name in PRETOKENIZERS if name.encode() == said.value] + names
    # Names differ in this option alone; it only matters for tokens that merging cannot reach.
    names.sort(key=lambda name: PRETOKENIZERS[name].ignore_merges != model.ignore_merges)
    if not names:
        raise _refuse(
            definition,
            "no pre-tokenizer name stands for how it normalizes and splits text; if one is near "
            f"enough, give pre=NAME: {', '.join(sorted(PRETOKENIZERS))}",
        )
    return names[0]


def _check_added(definition: Definition) -> None:
    for token in definition.added:
        if token.lstrip or token.rstrip or token.single_word:
            raise _refuse(definition, f"{token.content!r} also takes or needs the text around it")


def _check_unique(definition: Definition, tokens: list[str]) -> None:
    first: dict[str, int] = {}
    for number, token in enumerate(tokens):
        if first.setdefault(token, number) != number:
            raise _refuse(
                definition,
                f"the ids {first[token]} and {number} are both spelled {token!r} there",
            )


def _scored(definition: Definition, model: Bpe | Unigram, fresh: _Entries) -> None:
    vocabulary = scored(definition, "gguf")
    spaces = vocabulary.spaces
    if isinstance(model, Bpe) and vocabulary.charsmap:
        raise _refuse(definition, "its kind 'llama' has no place for a character map")
    if isinstance(model, Bpe) and spaces["remove_extra_whitespaces"]:
        raise _refuse(definition, "its kind 'llama' does not remove extra spaces")
    if spaces["treat_whitespace_as_suffix"] or not spaces["escape_whitespaces"]:
        raise _refuse(definition, "spaces are neither escaped nor put before words")
    if isinstance(model, Unigram) and model.byte_fallback:
        raise _refuse(definition, "its kind 't5' has no byte fallback")
    fresh.text("model", "llama" if vocabulary.bpe else "t5")
    fresh.text("pre", "default")
    fresh.texts("tokens", vocabulary.texts)
    fresh.array("scores", vocabulary.scores, ValueType.FLOAT32)
    fresh.array("token_type", vocabulary.types.astype(np.int32), ValueType.INT32)
    if vocabulary.charsmap:
        raw = np.frombuffer(vocabulary.charsmap, np.uint8)
        fresh.array("precompiled_charsmap", raw, ValueType.UINT8)
    fresh.flag("add_space_prefix", spaces["add_dummy_prefix"])
    fresh.flag("remove_extra_whitespaces", spaces["remove_extra_whitespaces"])


def _bert(definition: Definition, model: WordPiece, fresh: _Entries) -> None:
    _check_added(definition)
    if model.continuing_subword_prefix != "##" or model.max_input_chars_per_word != 100:
        raise _refuse(definition, "its kind 'bert' has the prefix ## and words of 100 characters")
    steps = [dict(step) for step in definition.normalizer]
    if [step["type"] for step in steps] != ["BertNormalizer"] or [
        step["type"] for step in definition.pretokenizer
    ] != ["BertPreTokenizer"]:
        raise _refuse(definition, "its kind 'bert' normalizes and splits text as BERT does")
    if not (steps[0]["clean_text"] and steps[0]["handle_chinese_chars"]):
        raise _refuse(definition, "its kind 'bert' cleans text and separates Chinese characters")
    count = len(model.pieces)
    by_id = dict(zip(model.ids.tolist(), model.pieces, strict=True))
    if sorted(by_id) != list(range(count)):
        raise _refuse(definition, "ids with gaps")
    special = {token.id: token for token in definition.added}
    tokens = [_phantom(by_id[number].decode()) for number in range(count)]
    types = np.full(count, PieceType.NORMAL, np.int32)
    for number, token in special.items():
        if number >= count:
            raise _refuse(definition, f"the added token {token.content!r} is no piece")
        types[number] = PieceType.CONTROL if token.special else PieceType.USER_DEFINED
    # The converter says CONTROL of an unknown token that is special, as it is in BERT.
    read = definition.origin.extra.get("token_type")
    if model.unk_id not in special or (read and read.value[model.unk_id] == PieceType.UNKNOWN):
        types[model.unk_id] = PieceType.UNKNOWN
    _check_unique(definition, tokens)
    fresh.text("model", "bert")
    fresh.texts("tokens", tokens)
    fresh.array("token_type", types, ValueType.INT32)
    lowercase = bool(steps[0]["lowercase"])
    fresh.flag("normalizer.lowercase", lowercase)
    accents = steps[0]["strip_accents"]
    fresh.flag("normalizer.strip_accents", lowercase if accents is None else accents)
    after = [token for token in definition.added if token.content == "[SEP]"]
    fresh.token("seperator", after[0].id if after else definition.eos_id)
    fresh.flag("add_sep_token", definition.add_eos)


def _phantom(token: str) -> str:
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else "▁" + token
