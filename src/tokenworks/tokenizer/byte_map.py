"""GPT-2's map between bytes and printable characters, in which byte-level vocabularies are written."""

from __future__ import annotations

from collections.abc import Sequence


def _byte_characters() -> tuple[str, ...]:
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return tuple(chr(b) if b in printable else chr(next(others)) for b in range(256))


# The character that stands for each byte, and the byte of each such character.
BYTE_TO_CHAR: tuple[str, ...] = _byte_characters()
CHAR_TO_BYTE: dict[str, int] = {char: byte for byte, char in enumerate(BYTE_TO_CHAR)}

_TO_CHARS = {byte: char for byte, char in enumerate(BYTE_TO_CHAR) if ord(char) != byte}
# Latin-1 characters that are no letter of the map are sent where Latin-1 cannot follow.
_TO_BYTES = {ord(char): byte for char, byte in CHAR_TO_BYTE.items()} | {
    code: "\uffff" for code in range(256) if chr(code) not in CHAR_TO_BYTE
}


def to_characters(data: bytes) -> str:
    """Spell bytes in the characters of the map, one character per byte.

    >>> to_characters(b" a")
    'Ġa'
    """
    return data.decode("latin-1").translate(_TO_CHARS)


def to_bytes(text: str) -> bytes | None:
    """The bytes that a spelling in the map stands for, or None if a character is outside the map.

    >>> to_bytes("Ġa"), to_bytes(" a")
    (b' a', None)
    """
    try:
        return text.translate(_TO_BYTES).encode("latin-1")
    except UnicodeEncodeError:
        return None


def all_to_bytes(texts: Sequence[str]) -> tuple[list[bytes], list[int]]:
    """Undo the map for a whole vocabulary.

    Args:
        texts: spellings; those with a character outside the map are taken as their own UTF-8, which
            is how such tokens are decoded everywhere.

    Returns:
        The bytes of each, and the positions of the spellings outside the map.
    """
    joined = to_bytes("".join(texts))
    if joined is not None:
        pieces = []
        begin = 0
        for text in texts:  # one character is one byte, so lengths carry over
            end = begin + len(text)
            pieces.append(joined[begin:end])
            begin = end
        return pieces, []
    pieces, outside = [], []
    for position, text in enumerate(texts):
        piece = to_bytes(text)
        if piece is None:
            piece = text.encode("utf-8", "surrogatepass")
            outside.append(position)
        pieces.append(piece)
    return pieces, outside
