"""The `Tokenizer`: one object for every format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer import encoding
from tokenworks.tokenizer.as_trained import ids_as_trained, surrounding
from tokenworks.tokenizer.decoding import Decoder, Errors, make_decoder
from tokenworks.tokenizer.definition import Definition
from tokenworks.tokenizer.digest import digest
from tokenworks.tokenizer.encoding import Ids, encode_text
from tokenworks.tokenizer.readable import merges_as_bytes, single_pattern
from tokenworks.tokenizer.shape import VocabShape, read_rows
from tokenworks.tokenizer.streaming import StreamingDecoder
from tokenworks.tokenizer.text_policy import Specials, Surrogates, check_errors, several
from tokenworks.tokenizer.token_bytes import ids_by_bytes


class Tokenizer:
    """Text to ids and back, exactly as the tokenizer's own library does it.

    Immutable; may be used by several threads, pickled, and carried over a fork. Two tokenizers are
    equal when their definitions are, whatever files they came from.

    Examples:
        >>> import tokenworks
        >>> tokenizer = tokenworks.Tokenizer.load("gpt2")
        >>> tokenizer.encode("Hello world")
        array([15496,   995], dtype=uint32)
        >>> tokenizer.decode([15496, 995])
        'Hello world'
    """

    def __init__(self, definition: Definition) -> None:
        """Wrap a definition; `load` and `from_definition` are the usual ways."""
        self._definition = definition

    @classmethod
    def load(
        cls, name: str | os.PathLike[str], *, offline: bool = False, **options: Any
    ) -> Tokenizer:
        """Load a tokenizer by path, embedded name, or `hf://org/name`.

        Args:
            name: a file or folder of any known format (recognised by content), the name of an
                embedded tokenizer, or a Hub id with `hf://`, the only spelling that uses the network.
            offline: refuse to use the network even then; a copy in the local cache is still used.
            options: for formats that leave something out, such as `pattern` for rank files.

        Returns:
            The tokenizer.

        Raises:
            UnknownNameError: neither a path nor a known name.
            FormatError, UnsupportedError: the file is damaged or not supported.
        """
        from tokenworks.tokenizer.names import load_definition

        return cls(load_definition(name, offline=offline, **options))

    @classmethod
    def from_definition(cls, definition: Definition) -> Tokenizer:
        """Make a tokenizer of a definition."""
        return cls(definition)

    # What it is ------------------------------------------------------------------------------

    @property
    def definition(self) -> Definition:
        """The pieces, steps and model."""
        return self._definition

    @property
    def name(self) -> str:
        """The name: embedded name, or that of the file or folder."""
        return self._definition.name

    @cached_property
    def sha256(self) -> str:
        """Hash of the definition (not of its name), equal for equal tokenizers in two formats."""
        return digest(self._definition)

    @cached_property
    def specials(self) -> dict[str, int]:
        """Special tokens: text -> id."""
        return {token.content: token.id for token in self._definition.added if token.special}

    @property
    def n_tokens(self) -> int:
        """How many ids have a token, added ones among them."""
        return len(self._decoder.table)

    @cached_property
    def max_id_plus_one(self) -> int:
        """The highest id plus one: the rows an embedding matrix needs at least."""
        return max(self._decoder.table) + 1

    @cached_property
    def merges(self) -> list[tuple[bytes, bytes]]:
        """Merges of a BPE model, best first, as bytes; empty for other models."""
        return merges_as_bytes(self._definition)

    @property
    def pattern(self) -> str | None:
        """The regular expression that splits text, where it is a single one."""
        return single_pattern(self._definition)

    def shape(self, model: str | os.PathLike[str] | None = None) -> VocabShape:
        """The three sizes of a vocabulary, apart: tokens, highest id + 1, and rows of a model.

        Args:
            model: a model folder, or its config.json, for the third.

        Raises:
            FormatError: the model's files are damaged.
        """
        rows = None if model is None else read_rows(Path(model))
        return VocabShape(self.n_tokens, self.max_id_plus_one, rows)

    # Text to ids -----------------------------------------------------------------------------

    def encode(
        self,
        text: str,
        *,
        add_special: bool = False,
        specials: Specials = "error",
        errors: Surrogates = "strict",
    ) -> Ids:
        """Encode a text.

        Args:
            text: to encode.
            add_special: put BOS, EOS or a template's tokens around it, as the model saw them.
            specials: what to do with the text of a special token: "error" refuses it, "allow" makes
                it the special token, "text" encodes it like any other text.
            errors: lone surrogates: "strict" refuses them, "replace" makes them U+FFFD.

        Returns:
            Ids, uint32 [n].

        Raises:
            TextError: a special token or a lone surrogate that is refused.
        """
        if errors != "strict":
            check_errors(errors)
        try:  # without the call to encode_text: short texts are many
            ids = self._encoder.encode(text, specials)
        except (TypeError, ValueError):
            ids = encode_text(self._encoder, text, specials, errors)
        return encoding.surround(ids, *self._surrounding) if add_special else ids

    def encode_batch(
        self,
        texts: Iterable[str],
        *,
        add_special: bool = False,
        specials: Specials = "error",
        errors: Surrogates = "strict",
        threads: int = 0,
    ) -> tuple[Ids, NDArray[np.uint64]]:
        """Encode many texts over threads.

        Args:
            texts: to encode.
            add_special, specials, errors: as `encode`.
            threads: how many; 0 takes one per core.

        Returns:
            All ids, uint32 [total], and where each text begins, uint64 [len + 1].

        Raises:
            TextError: as `encode`.
        """
        texts = texts if isinstance(texts, list) else several(texts)
        ids, starts = encoding.encode_batch(self._encoder, texts, specials, errors, threads)
        if add_special:
            ids, starts = encoding.surround_each(ids, starts, *self._surrounding)
        return ids, starts

    def encode_list(
        self,
        text: str,
        *,
        add_special: bool = False,
        specials: Specials = "error",
        errors: Surrogates = "strict",
    ) -> list[int]:
        """Encode a text into a list, faster than `encode(text).tolist()`.

        Args:
            text, add_special, specials, errors: as `encode`.

        Raises:
            TextError: as `encode`.
        """
        if add_special:
            ids = self.encode(text, add_special=True, specials=specials, errors=errors)
            return cast("list[int]", ids.tolist())
        return encoding.encode_list(self._encoder, text, specials, errors)

    def encode_lists(
        self,
        texts: Iterable[str],
        *,
        add_special: bool = False,
        specials: Specials = "error",
        errors: Surrogates = "strict",
        threads: int = 0,
    ) -> list[list[int]]:
        """Encode many texts over threads into lists, one a text.

        Args:
            texts, add_special, specials, errors, threads: as `encode_batch`.

        Raises:
            TextError: as `encode`.
        """
        texts = texts if isinstance(texts, list) else several(texts)
        if add_special:
            ids, starts = self.encode_batch(
                texts, add_special=True, specials=specials, errors=errors, threads=threads
            )
            return encoding.as_lists(ids, starts)
        return encoding.encode_lists(self._encoder, texts, specials, errors, threads)

    def encode_spans(
        self,
        text: str,
        *,
        specials: Specials = "error",
        errors: Surrogates = "strict",
        unit: Literal["bytes", "characters"] = "bytes",
    ) -> tuple[Ids, NDArray[np.uint32]]:
        """Encode a text and say which part of it each token covers.

        Args:
            text: to encode.
            specials, errors: as `encode`.
            unit: count positions in bytes of the text's UTF-8, or in characters (a token that holds
                part of a character then covers the whole of it).

        Returns:
            Ids, uint32 [n], and begin and end of each, uint32 [n, 2].

        Raises:
            TextError: as `encode`.
        """
        return encoding.encode_spans(self._encoder, text, specials, errors, unit)

    def count(self, text: str) -> int:
        """How many tokens a text has; special tokens and lone surrogates in it are plain text."""
        return len(encode_text(self._encoder, text, "text", "replace"))

    def ids_as_trained(
        self,
        text_or_messages: str | Sequence[Mapping[str, Any]],
        *,
        add_generation_prompt: bool = False,
        specials: Specials = "error",
        variables: Mapping[str, Any] | None = None,
    ) -> Ids:
        """The ids as the model saw them in training: with BOS and EOS, or through its chat template.

        Args:
            text_or_messages: a text, or messages with "role" and "content".
            add_generation_prompt: end a conversation with what opens the model's answer.
            specials: what to do with special tokens in the text, or anywhere in messages, tools and
                documents; those of the chat template itself are always special.
            variables: more names for the chat template, such as `tools`.

        Returns:
            Ids, uint32 [n]. There is one BOS, also where the text brings one; then a
            `TokenworksWarning` says so.

        Raises:
            TextError: a special token in the text or in a message, with specials="error".
            UnsupportedError: messages for a tokenizer without a chat template.
        """
        return ids_as_trained(
            self,
            text_or_messages,
            add_generation_prompt=add_generation_prompt,
            specials=specials,
            variables=variables,
        )

    # Ids to text -----------------------------------------------------------------------------

    def decode(
        self, ids: Iterable[int], *, errors: Errors = "replace", skip_special: bool = False
    ) -> str:
        """Decode ids to text, as the tokenizer's own library does.

        Args:
            ids: integers or an array of them.
            errors: bytes that are no UTF-8: "replace" by U+FFFD, "strict" refuses, "ignore" drops.
            skip_special: leave special tokens out.

        Returns:
            The text.

        Raises:
            OptionError: an id that no token has.
            TextError: with errors="strict", the bytes are not UTF-8.
        """
        return self._decoder.text(ids, errors=errors, skip_special=skip_special)

    def decode_bytes(self, ids: Iterable[int], *, skip_special: bool = False) -> bytes:
        """Decode ids to bytes, nothing replaced.

        Raises:
            OptionError: an id that no token has.
        """
        return self._decoder.join(self._decoder.checked(ids, skip_special=skip_special))

    def stream(self, *, skip_special: bool = False) -> StreamingDecoder:
        """A decoder for ids that come one by one; it never returns half a character."""
        return StreamingDecoder(self._decoder, skip_special=skip_special)

    def token_bytes(self, id: int) -> bytes:
        """The bytes that a token stands for in a text.

        Raises:
            OptionError: no token has this id.
        """
        found = self._decoder.table.get(id)
        if found is None:
            self._decoder.checked([id], skip_special=False)  # says which ids there are
            return self._decoder.table[id]
        return found

    def id_of(self, data: bytes) -> int | None:
        """The id of the token of these bytes, or None; a token of the model before an added one.

        Raises:
            OptionError: no bytes are given.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise OptionError(f"bytes are expected, not {type(data).__name__}")
        return self._ids_by_bytes.get(bytes(data))

    # Keeping it ------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], format: str = "huggingface") -> None:
        """Write the tokenizer.

        Args:
            path: the folder or file to write; it appears whole or not at all.
            format: "huggingface" (a folder), or "tiktoken", "gguf" or "sentencepiece" (a file).

        Raises:
            OptionError: another format, or a folder that already holds something.
            UnsupportedError: the format cannot say this tokenizer exactly.
            WriteError: writing failed.
        """
        from tokenworks.tokenizer.writers.write import write

        write(self._definition, Path(path), format)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Tokenizer, (self._definition,))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return self is other or self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        kind = type(self._definition.model).__name__
        return f"Tokenizer({self.name!r}, {kind}, {self.n_tokens:,} tokens)"

    # Made on first use. Two threads may both make one; they are equal, and the last one stays.

    @cached_property
    def _encoder(self) -> encoding.Core:
        from tokenworks.tokenizer.native_encoder import build_encoder

        return build_encoder(self._definition)

    @cached_property
    def _decoder(self) -> Decoder:
        return make_decoder(self._definition)

    @cached_property
    def _ids_by_bytes(self) -> dict[bytes, int]:
        return ids_by_bytes(self._definition, self._decoder.table)

    @cached_property
    def _surrounding(self) -> tuple[Ids, Ids]:
        before, after = surrounding(self._definition)
        return np.array(before, np.uint32), np.array(after, np.uint32)
