"""From ids back to text, exactly as the library of the tokenizer's format does it.

Three ways: byte-level tokenizers join bytes; a definition with the white space rules of
SentencePiece is decoded as sentencepiece does; all others go through the steps of tokenizer.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tokenworks._native import Pipeline
from tokenworks.errors import OptionError, TextError
from tokenworks.tokenizer.byte_map import to_bytes, to_characters
from tokenworks.tokenizer.decoder_steps import compile_steps
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition
from tokenworks.tokenizer.pattern_split import matches
from tokenworks.tokenizer.token_bytes import SPACE_SYMBOL, leading_space, token_bytes

Errors = Literal["replace", "strict", "ignore"]


@dataclass(frozen=True)
class Decoder:
    """Decodes the ids of one tokenizer.

    Attributes:
        table: bytes of every token, by id.
        special: ids of special tokens, which `skip_special` leaves out.
        as_text: ids to text, with U+FFFD for what is no UTF-8.
        joined: bytes of a token in this format's decoding, where decoding is joining bytes.
    """

    table: Mapping[int, bytes]
    special: frozenset[int]
    as_text: Callable[[Sequence[int]], str]
    joined: Mapping[int, bytes] | None
    strips_space: bool

    def text(self, ids: Any, *, errors: Errors, skip_special: bool) -> str:
        """Decode ids (any iterable of integers).

        Raises:
            OptionError: an id that no token has; an unknown `errors`.
            TextError: with errors="strict", the bytes are not UTF-8.
        """
        if errors not in ("replace", "strict", "ignore"):
            raise OptionError(f"errors is {errors!r}; expected 'replace', 'strict' or 'ignore'")
        kept = self.checked(ids, skip_special=skip_special)
        if self.joined is None and errors == "replace":
            return self.as_text(kept)
        data = self.join(kept) if self.joined is None else self._join(self.joined, kept)
        try:
            return data.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            raise TextError(
                f"the tokens are not valid UTF-8: byte 0x{data[error.start]:02X} at {error.start:,}; "
                f"decode with errors='replace', or decode_bytes() for the bytes"
            ) from None

    def join(self, ids: Sequence[int]) -> bytes:
        """The bytes of checked ids, without the space that encoding puts before the first word."""
        data = self._join(self.table, ids)
        if self.strips_space and data.startswith(b" ") and ids and ids[0] not in self.special:
            return data[1:]
        return data

    def checked(self, ids: Any, *, skip_special: bool) -> list[int]:
        """Ids as a list of integers, each of which a token has."""
        numbers = _listed(ids.tolist() if hasattr(ids, "tolist") else ids)
        table = self.table
        try:
            known = table.keys() >= set(numbers)
        except TypeError:
            raise OptionError("a list of ids is expected, not lists in a list") from None
        if not known:
            number = next(number for number in numbers if number not in table)
            raise OptionError(
                f"no token has the id {number!r}; ids of this tokenizer run from 0 to {max(table)}"
            )
        if skip_special:
            special = self.special
            return [number for number in numbers if number not in special]
        return numbers

    @staticmethod
    def _join(table: Mapping[int, bytes], ids: Sequence[int]) -> bytes:
        return b"".join(map(table.__getitem__, ids))


def _listed(ids: Any) -> list[int]:
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        raise OptionError(f"a list of ids is expected, not {type(ids).__name__}")
    return ids if isinstance(ids, list) else list(ids)


def make_decoder(definition: Definition) -> Decoder:
    """Prepare the decoding of a definition.

    Args:
        definition: of the tokenizer.

    Returns:
        The decoder.

    Raises:
        UnsupportedError: the definition has a decoder step of an unknown type.
    """
    table = token_bytes(definition)
    special = frozenset(token.id for token in definition.added if token.special)
    kinds = [step["type"] for step in definition.decoder]
    byte_level = isinstance(definition.model, Bpe) and definition.model.byte_level
    joined: Mapping[int, bytes] | None = None
    as_text: Callable[[Sequence[int]], str]
    if byte_level and kinds == ["ByteLevel"]:
        joined = _byte_level_table(definition, table)
        as_text = _joining(joined)
    elif any(step["type"] == "SentencePieceSpaces" for step in definition.normalizer):
        as_text = _sentencepiece(definition)
    else:
        as_text = _steps(definition)
    return Decoder(table, special, as_text, joined, leading_space(definition))


def _joining(table: Mapping[int, bytes]) -> Callable[[Sequence[int]], str]:
    return lambda ids: b"".join(map(table.__getitem__, ids)).decode("utf-8", "replace")


def _byte_level_table(definition: Definition, table: dict[int, bytes]) -> Mapping[int, bytes]:
    """Bytes of tokens as the ByteLevel decoder sees them.

    It reads added tokens as byte characters as well, so that one of "é" decodes to the byte 0xE9.
    """
    if definition.origin.format != "huggingface":
        return table
    read = {}
    for token in definition.added:
        text = _shown(definition, token)
        data = to_bytes(text)
        read[token.id] = text.encode() if data is None else data
    return table | read


def _shown(definition: Definition, token: AddedToken) -> str:
    """What the decoder is given for an added token: since tokenizers 0.23, normalized text for one that is
    looked for in normalized text."""
    if definition.origin.format != "huggingface" or not token.normalized:
        return token.content
    steps = [dict(step) for step in definition.normalizer]
    if not steps:
        return token.content
    parts = Pipeline(steps, [], split=matches).run(token.content, track=False)
    return b"".join(data for data, _, _ in parts).decode()


def _spellings(definition: Definition) -> dict[int, str]:
    """Tokens as tokenizer.json spells them."""
    model = definition.model
    byte_level = isinstance(model, Bpe) and model.byte_level
    outside = model.outside_map if isinstance(model, Bpe) else frozenset()
    table = {
        number: to_characters(piece)
        if byte_level and number not in outside
        else piece.decode("utf-8", "surrogatepass")
        for number, piece in zip(model.ids.tolist(), model.pieces, strict=True)
    }
    return table | {token.id: _shown(definition, token) for token in definition.added}


def _steps(definition: Definition) -> Callable[[Sequence[int]], str]:
    spelled = _spellings(definition)
    run = compile_steps(definition.decoder)
    between = (
        "" if definition.decoder else " "
    )  # the library joins by spaces where there is no decoder

    def as_text(ids: Sequence[int]) -> str:
        return between.join(run([spelled[number] for number in ids]))

    return as_text


def _sentencepiece(definition: Definition) -> Callable[[Sequence[int]], str]:
    """Decoding as sentencepiece does: control tokens are silent, a run of bytes is decoded by itself."""
    spaces = next(s for s in definition.normalizer if s["type"] == "SentencePieceSpaces")
    strips = spaces["add_dummy_prefix"] or spaces["remove_extra_whitespaces"]
    strips_all = spaces["remove_extra_whitespaces"]
    model = definition.model
    surface = definition.origin.extra.get("unk_surface", " \u2047 ")
    spelled = _spellings(definition)
    byte_of = {
        number: data[0]
        for number, data in token_bytes(definition).items()
        if len(data) == 1 and spelled[number] == f"<0x{data[0]:02X}>"
    }
    control = {token.id for token in definition.added if token.special}

    def as_text(ids: Sequence[int]) -> str:
        parts: list[str] = []
        pending = bytearray()
        at_start, seen_space = True, False
        for number in ids:
            if number in byte_of:
                pending.append(byte_of[number])
                continue
            if pending:
                parts.append(_decode_run(bytes(pending)))
                pending.clear()
            if number == model.unk_id:
                text, space = surface, False
            elif number in control:
                text, space = "", False
            else:
                text, space = spelled[number], False
                if seen_space or any(parts):
                    at_start = False
                if at_start and strips and text.startswith(SPACE_SYMBOL):
                    text = text[1:]
                    space = not strips_all
                text = text.replace(SPACE_SYMBOL, " ")
            seen_space = seen_space or space
            parts.append(text)
        if pending:
            parts.append(_decode_run(bytes(pending)))
        return "".join(parts)

    return as_text


def _decode_run(data: bytes) -> str:
    """UTF-8, with one U+FFFD for each byte that is none."""
    return data.decode("utf-8", "surrogateescape").translate(_ESCAPED)


_ESCAPED = dict.fromkeys(range(56448, 56576), "�")
