"""One face for everything `verify` can compare: our tokenizers and those of other libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError

if TYPE_CHECKING:
    from tokenworks.tokenizer.definition import Definition
    from tokenworks.tokenizer.tokenizer import Tokenizer

Ragged = tuple[NDArray[np.uint32], NDArray[np.uint64]]
# text: spellings of special tokens are ordinary text. allow: they become the special tokens.
# template: allow, with the tokens that the post-processor adds.
Aspect = Literal["text", "allow", "template"]
SPACE_MARK = "\u2581".encode()
ASPECTS: tuple[Aspect, ...] = ("text", "allow", "template")


@runtime_checkable
class Encodes(Protocol):
    """The least that `verify` needs of a tokenizer from another library."""

    def encode(self, text: str, /) -> Sequence[int]:
        """Return the ids of a text."""


@dataclass(frozen=True)
class Subject:
    """A tokenizer as `verify` sees it: ways to encode, and what is known of its inside."""

    name: str
    encoders: Mapping[Aspect, Callable[[Sequence[str]], Ragged]]
    decode: Callable[[Sequence[int]], str] | None = None
    token_bytes: Callable[[int], bytes] | None = None
    definition: Definition | None = None
    specials: Sequence[str] = ()
    vocabulary: Sequence[bytes] = ()  # token bytes, to glue texts from
    tokenizer: Tokenizer | None = field(default=None, repr=False)

    def encode(self, text: str, aspect: Aspect) -> list[int]:
        """The ids of one text under one aspect."""
        return [int(i) for i in self.encoders[aspect]([text])[0]]

    def piece(self, token: int) -> bytes:
        """The bytes of a token for display; empty when the library does not tell."""
        if self.token_bytes is None:
            return b""
        try:
            return self.token_bytes(token)
        except (KeyError, IndexError, ValueError):
            return b""


def ragged(rows: Iterable[Sequence[int]]) -> Ragged:
    """Pack lists of ids as one array and its row starts."""
    lists = list(rows)
    starts = np.zeros(len(lists) + 1, dtype=np.uint64)
    np.cumsum([len(row) for row in lists], out=starts[1:])
    flat = np.fromiter((i for row in lists for i in row), dtype=np.uint32, count=int(starts[-1]))
    return flat, starts


def subject(thing: Any, name: str | None = None) -> Subject:
    """Wrap a tokenizer so that `verify` can compare it.

    Args:
        thing: a `Tokenizer`, the name or path of one, a `Definition`, a `tiktoken.Encoding`, a
            `tokenizers.Tokenizer`, a fast tokenizer of `transformers`, a `SentencePieceProcessor`,
            or any object with `encode(text) -> ids`.
        name: shown in the result; the tokenizer's own name when None.

    Raises:
        OptionError: the object has no `encode`.
    """
    from tokenworks.tokenizer.definition import Definition
    from tokenworks.tokenizer.tokenizer import Tokenizer

    if isinstance(thing, Subject):
        return thing
    if isinstance(thing, str | Path):
        thing = Tokenizer.load(str(thing))
    if isinstance(thing, Definition):
        thing = Tokenizer.from_definition(thing)
    if isinstance(thing, Tokenizer):
        return _own(thing, name)
    library = type(thing).__module__.split(".")[0]
    if library == "tiktoken":
        return _tiktoken(thing, name)
    if library == "transformers" and hasattr(thing, "backend_tokenizer"):
        return _tokenizers(thing.backend_tokenizer, name or str(thing.name_or_path))
    if library == "tokenizers" and hasattr(thing, "encode_batch_fast"):
        return _tokenizers(thing, name)
    if library == "sentencepiece":
        return _sentencepiece(thing, name)
    if isinstance(thing, Encodes):
        return Subject(
            name or type(thing).__name__,
            {"text": lambda texts: ragged([list(thing.encode(t)) for t in texts])},
        )
    raise OptionError(
        f"cannot compare a {type(thing).__name__}: give a Tokenizer, its name or path, or an "
        "object with encode(text) -> ids"
    )


def _own(tok: Tokenizer, name: str | None) -> Subject:
    return Subject(
        name or tok.name,
        {
            "text": lambda texts: tok.encode_batch(texts, specials="text"),
            "allow": lambda texts: tok.encode_batch(texts, specials="allow"),
            "template": lambda texts: tok.encode_batch(texts, specials="allow", add_special=True),
        },
        decode=lambda ids: tok.decode(np.asarray(ids, dtype=np.uint32)),
        token_bytes=tok.token_bytes,
        definition=tok.definition,
        specials=tuple(a.content for a in tok.definition.added),
        vocabulary=[p.replace(SPACE_MARK, b" ") for p in tok.definition.model.pieces],
        tokenizer=tok,
    )


def _tiktoken(encoding: Any, name: str | None) -> Subject:
    return Subject(
        name or f"tiktoken {encoding.name}",
        {
            "text": lambda texts: ragged([encoding.encode_ordinary(t) for t in texts]),
            "allow": lambda texts: ragged(
                [encoding.encode(t, allowed_special="all") for t in texts]
            ),
        },
        decode=lambda ids: encoding.decode(list(ids)),
        token_bytes=encoding.decode_single_token_bytes,
        specials=tuple(sorted(encoding.special_tokens_set)),
        vocabulary=encoding.token_byte_values(),
    )


def _tokenizers(original: Any, name: str | None) -> Subject:
    text = original.to_str()

    def copy(as_text: bool) -> Any:
        clone = type(original).from_str(text)
        clone.encode_special_tokens = as_text
        clone.no_padding()
        clone.no_truncation()
        return clone

    plain, allow = copy(True), copy(False)

    def encoder(tok: Any, template: bool) -> Callable[[Sequence[str]], Ragged]:
        # one at a time: `encode_batch` starts threads, which warns after a fork
        return lambda texts: ragged([tok.encode(t, add_special_tokens=template).ids for t in texts])

    specials = tuple(t.content for t in allow.get_added_tokens_decoder().values())
    return Subject(
        name or "tokenizers",
        {
            "text": encoder(plain, False),
            "allow": encoder(allow, False),
            "template": encoder(allow, True),
        },
        decode=lambda ids: allow.decode(list(ids), skip_special_tokens=False),
        token_bytes=lambda i: str(allow.decode([i], skip_special_tokens=False)).encode(),
        specials=specials,
        vocabulary=[allow.decode([i]).encode() for i in range(allow.get_vocab_size())],
    )


def _sentencepiece(processor: Any, name: str | None) -> Subject:
    return Subject(
        name or "sentencepiece",
        {"text": lambda texts: ragged([processor.encode(t) for t in texts])},
        decode=lambda ids: processor.decode(list(ids)),
        token_bytes=lambda i: processor.id_to_piece(i).encode(),
        vocabulary=[
            processor.id_to_piece(i).encode().replace(SPACE_MARK, b" ")
            for i in range(processor.get_piece_size())
        ],
    )
