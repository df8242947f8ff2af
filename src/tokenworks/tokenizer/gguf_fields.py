"""The tokenizer's entries in the metadata of a GGUF file, each checked for its type when asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError
from tokenworks.tokenizer.definition import (
    AddedToken,
    Bpe,
    Definition,
    Origin,
    Step,
    Unigram,
    WordPiece,
)
from tokenworks.tokenizer.gguf_file import Metadata, ValueType
from tokenworks.tokenizer.source import shorten
from tokenworks.tokenizer.surround import surround

PREFIX = "tokenizer.ggml."
BULK = tuple(PREFIX + name for name in ("tokens", "scores", "token_type", "merges"))
T = TypeVar("T")
_BERT = {"cls": 101, "unknown": 100, "seperator": 102, "padding": 0}


class Fields:
    """The tokenizer's entries, each checked for its type when asked for."""

    def __init__(self, path: Path, metadata: Metadata) -> None:
        self.path = path
        self.metadata = metadata

    def value(self, name: str, kind: type[T], expected: str) -> T | None:
        entry = self.metadata.entries.get(PREFIX + name)
        if entry is None:
            return None
        if type(entry.value) is not kind:
            raise FormatError(
                f"{self.path}: {PREFIX}{name} is of type {entry.type.name}; expected {expected}"
            )
        return entry.value

    def text(self, name: str) -> str | None:
        raw = self.value(name, bytes, "a string")
        return None if raw is None else self.decoded(raw, PREFIX + name)

    def decoded(self, raw: bytes, place: str) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError(f"{self.path}: {place} ({shorten(raw)}) is not UTF-8") from None

    def flag(self, name: str, default: bool) -> bool:
        value = self.value(name, bool, "a truth value")
        return default if value is None else value

    def token_id(self, name: str, count: int) -> int | None:
        number = self.value(f"{name}_token_id", int, "a number")
        if number is None and self.text("model") == "bert":  # which llama.cpp knows by heart
            number = self.token_id("cls", count) if name == "bos" else _BERT.get(name)
            number = number if number is None or number < count else None
        if number is None or 0 <= number < count:
            return number
        raise FormatError(
            f"{self.path}: {PREFIX}{name}_token_id is {number}; there are {count} tokens"
        )

    def texts(self, name: str) -> list[str] | None:
        entry = self.metadata.entries.get(PREFIX + name)
        if entry is None:
            return None
        if entry.items != ValueType.STRING:
            raise FormatError(f"{self.path}: {PREFIX}{name} is no array of strings")
        return [
            self.decoded(raw, f"{PREFIX}{name}[{index}]") for index, raw in enumerate(entry.value)
        ]

    def tokens(self) -> list[str]:
        tokens = self.texts("tokens")
        if not tokens:
            raise FormatError(f"{self.path}: no {PREFIX}tokens: the file has no vocabulary")
        first: dict[str, int] = {}
        for index, token in enumerate(tokens):
            if first.setdefault(token, index) != index:
                raise FormatError(
                    f"{self.path}: {PREFIX}tokens[{index}] repeats token {first[token]}, "
                    f"{shorten(token)}; each token may stand once"
                )
            if not token:
                raise FormatError(f"{self.path}: {PREFIX}tokens[{index}] is empty")
        return tokens

    def numbers(self, name: str, count: int, kind: Any) -> NDArray[Any] | None:
        entry = self.metadata.entries.get(PREFIX + name)
        if entry is None:
            return None
        if not isinstance(entry.value, np.ndarray):
            raise FormatError(f"{self.path}: {PREFIX}{name} is no array of numbers")
        if len(entry.value) != count:
            raise FormatError(
                f"{self.path}: {PREFIX}{name} has {len(entry.value)} elements for {count} tokens"
            )
        with np.errstate(all="ignore"):  # what does not fit is refused below
            values = entry.value.astype(kind)
        if not np.isfinite(values).all():
            raise FormatError(f"{self.path}: {PREFIX}{name} holds a value that is no finite number")
        return values

    def raw_bytes(self, name: str) -> bytes:
        entry = self.metadata.entries.get(PREFIX + name)
        if entry is None:
            return b""
        if entry.items not in (ValueType.INT8, ValueType.UINT8):
            raise FormatError(f"{self.path}: {PREFIX}{name} is no array of bytes")
        data: bytes = entry.value.tobytes()
        return data

    def template(self) -> str | None:
        entry = self.metadata.entries.get("tokenizer.chat_template")
        if entry is None or not isinstance(entry.value, bytes):
            return None
        return self.decoded(entry.value, "tokenizer.chat_template")

    def origin(self) -> Origin:
        entries = self.metadata.entries
        kept = {key: None if key in BULK else entry for key, entry in entries.items()}
        extra: dict[str, Any] = {
            "entries": kept,
            "version": self.metadata.version,
            "tensors": self.metadata.tensors,
            "big_endian": self.metadata.big_endian,
        }
        for name in ("scores", "token_type"):
            if PREFIX + name in entries:
                extra[name] = entries[PREFIX + name]
        return Origin("gguf", str(self.path), extra)

    def definition(
        self,
        tokens: list[str],
        model: Bpe | Unigram | WordPiece,
        added: tuple[AddedToken, ...],
        *,
        normalizer: tuple[Step, ...] = (),
        pretokenizer: tuple[Step, ...] = (),
        decoder: tuple[Step, ...] = (),
        add_bos: bool = False,
        add_eos: bool = False,
        sep: bool = False,
    ) -> Definition:
        bos, eos = (self.token_id(name, len(tokens)) for name in ("bos", "eos"))
        end = self.token_id("seperator", len(tokens)) if sep else eos
        add_bos = self.flag("add_bos_token", add_bos) and bos is not None
        add_eos = (
            self.flag("add_sep_token" if sep else "add_eos_token", add_eos) and end is not None
        )
        before = {tokens[bos]: bos} if add_bos and bos is not None else {}
        after = {tokens[end]: end} if add_eos and end is not None else {}
        return Definition(
            name=self.path.stem,
            model=model,
            normalizer=normalizer,
            pretokenizer=pretokenizer,
            postprocessor=surround(before, after),
            decoder=decoder,
            added=added,
            bos_id=bos,
            eos_id=eos,
            pad_id=self.token_id("padding", len(tokens)),
            add_bos=add_bos,
            add_eos=add_eos,
            chat_template=self.template(),
            origin=self.origin(),
        )
