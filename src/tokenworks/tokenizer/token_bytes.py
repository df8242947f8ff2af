"""Every token as the bytes that it stands for in a text: one map for every format.

The bytes of a sequence of tokens, joined, are the text that the tokens spell (up to the one space
that some tokenizers put before the first word: see `leading_space`). Formats hide them in different
ways: GPT-2's byte characters, U+2581 or a suffix for spaces, `<0xE4>` for single bytes, `##` for a
continued word. Added tokens, control tokens among them, stand for their own text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tokenworks.tokenizer.definition import Bpe, Definition, Step

_BYTE_PIECE = re.compile(rb"<0x([0-9A-Fa-f]{2})>")
SPACE_SYMBOL = "\u2581"


def token_bytes(definition: Definition) -> dict[int, bytes]:
    """The bytes of every token.

    Args:
        definition: of the tokenizer.

    Returns:
        id -> bytes, for every id of the model and of the added tokens.
    """
    model = definition.model
    numbers = model.ids.tolist()
    pieces = model.pieces
    if not (isinstance(model, Bpe) and model.byte_level):
        spell = _speller(definition)
        pieces = tuple(spell(piece) for piece in pieces)
    table = dict(zip(numbers, pieces, strict=True))
    for token in definition.added:
        table[token.id] = token.content.encode()
    return table


def leading_space(definition: Definition) -> bool:
    """Whether decoding drops a space before the first token, which encoding puts there."""
    for step in definition.decoder:
        if step["type"] == "Strip" and step["content"] == " " and step["start"] > 0:
            return True
        if step["type"] == "Metaspace" and step["prepend_scheme"] != "never":
            return True
        if step["type"] == "WordPiece":
            return True
    return False


def _speller(definition: Definition) -> Callable[[bytes], bytes]:
    """How a piece that is spelled as text becomes bytes, read off the decoder's steps."""
    steps = definition.decoder
    fallback = any(step["type"] == "ByteFallback" for step in steps) or getattr(
        definition.model, "byte_fallback", False
    )
    spellers = [speller for step in steps if (speller := _step_speller(step)) is not None]

    def spell(piece: bytes) -> bytes:
        if fallback and (found := _BYTE_PIECE.fullmatch(piece)):
            return bytes((int(found[1], 16),))
        text = piece.decode("utf-8", "surrogatepass")
        for speller in spellers:
            text = speller(text)
        return text.encode("utf-8", "surrogatepass")

    return spell


def _step_speller(step: Step) -> Callable[[str], str] | None:
    kind = step["type"]
    if kind == "Metaspace":
        symbol = step["replacement"]
        return lambda text: text.replace(symbol, " ")
    if kind == "Replace":
        pattern, content = step["pattern"], step["content"]
        if "String" in pattern:
            old = pattern["String"]
            return lambda text: text.replace(old, content)
        from tokenworks.tokenizer.pattern_split import replace

        return lambda text: replace(pattern["Regex"], content, text)
    if kind == "WordPiece":
        prefix = step["prefix"]
        return lambda text: (
            text[len(prefix) :] if prefix and text.startswith(prefix) else f" {text}"
        )
    if kind == "BPEDecoder":
        suffix = step["suffix"]
        return lambda text: text.replace(suffix, " ")
    if kind == "CTC":
        pad, delimiter = step["pad_token"], step["word_delimiter_token"]
        return lambda text: text.replace(pad, "").replace(delimiter, " ")
    return None  # ByteLevel, ByteFallback, Fuse and Strip spell nothing anew


def ids_by_bytes(definition: Definition, table: Mapping[int, bytes]) -> dict[bytes, int]:
    """The id of each token's bytes; of several tokens, one of the model before an added one."""
    model = definition.model
    outside = model.outside_map if isinstance(model, Bpe) else frozenset()
    added = {token.id for token in definition.added}
    inside = [n for n in model.ids.tolist() if n not in added and n not in outside]
    order = [*inside, *sorted(added), *sorted(outside - added)]
    return {table[number]: number for number in reversed(order)}
