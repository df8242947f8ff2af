"""The protobuf wire format, as much of it as a SentencePiece model uses.

A message is a run of fields; each begins with a varint `number << 3 | wire type`. Nothing here
trusts the bytes: every length is checked against what is left before anything is copied.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tokenworks.errors import FormatError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(data: bytes, what: str) -> Iterator[tuple[int, int, int | bytes]]:
    """Read the fields of one message in order.

    Args:
        data: the bytes of the message.
        what: what the bytes are, for the error message ("llama.model").

    Yields:
        (field number, wire type, value); the value is an int for a varint and the raw bytes
        otherwise (4 for FIXED32, 8 for FIXED64).

    Raises:
        FormatError: a field runs past the end, or a wire type or number does not exist.
    """
    position, end = 0, len(data)
    while position < end:
        start = position
        key, position = _varint(data, position, what)
        number, wire = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise FormatError(f"{what}: byte {start}: protobuf field number {number} cannot be")
        if wire == VARINT:
            value, position = _varint(data, position, what)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, position = _varint(data, position, what)
        elif wire == FIXED32:
            size = 4
        elif wire == FIXED64:
            size = 8
        else:
            raise FormatError(
                f"{what}: byte {start}: protobuf wire type {wire} where 0, 1, 2 or 5 is expected"
            )
        if size > end - position:
            raise FormatError(
                f"{what}: byte {start}: field {number} says {size} bytes, {end - position} are left"
            )
        yield number, wire, data[position : position + size]
        position += size


def as_int(value: int | bytes, wire: int, what: str) -> int:
    """A varint field as a signed 64-bit integer (protobuf's int32, int64, bool and enums).

    Raises:
        FormatError: the field has another wire type.
    """
    if wire != VARINT or not isinstance(value, int):
        raise FormatError(f"{what}: protobuf wire type {wire} where a number (0) is expected")
    return value - (1 << 64) if value >= 1 << 63 else value


def as_bytes(value: int | bytes, wire: int, what: str) -> bytes:
    """A length-delimited field.

    Raises:
        FormatError: the field has another wire type.
    """
    if wire != BYTES or not isinstance(value, bytes):
        raise FormatError(f"{what}: protobuf wire type {wire} where bytes (2) are expected")
    return value


def as_text(value: int | bytes, wire: int, what: str) -> str:
    """A string field.

    Raises:
        FormatError: the field has another wire type or is not UTF-8.
    """
    raw = as_bytes(value, wire, what)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{what}: {raw[:32]!r} is not UTF-8 ({error.reason})") from None


def as_float(value: int | bytes, wire: int, what: str) -> float:
    """A 32-bit float field.

    Raises:
        FormatError: the field has another wire type.
    """
    if wire != FIXED32 or not isinstance(value, bytes):
        raise FormatError(f"{what}: protobuf wire type {wire} where a float (5) is expected")
    return float(struct.unpack("<f", value)[0])


def encode_int(number: int, value: int) -> bytes:
    """A varint field (negative values in ten bytes, as protobuf writes int32 and int64)."""
    return _encode_varint(number << 3 | VARINT) + _encode_varint(value & (1 << 64) - 1)


def encode_bytes(number: int, value: bytes) -> bytes:
    """A length-delimited field: bytes, a string in UTF-8, or a message."""
    return _encode_varint(number << 3 | BYTES) + _encode_varint(len(value)) + value


def encode_float(number: int, value: float) -> bytes:
    """A 32-bit float field."""
    return _encode_varint(number << 3 | FIXED32) + struct.pack("<f", value)


def encode_field(number: int, wire: int, value: int | bytes) -> bytes:
    """A field as `fields` gave it."""
    if isinstance(value, int):
        return encode_int(number, value)
    if wire == BYTES:
        return encode_bytes(number, value)
    return _encode_varint(number << 3 | wire) + value


def _varint(data: bytes, position: int, what: str) -> tuple[int, int]:
    value = shift = 0
    start = position
    while shift < 70:
        if position >= len(data):
            raise FormatError(f"{what}: byte {start}: the file ends inside a number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, position
        shift += 7
    raise FormatError(f"{what}: byte {start}: a number of more than ten bytes")


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
