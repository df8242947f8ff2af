"""A tolerant reader of protobuf wire format that says where a message breaks off."""

from __future__ import annotations

from collections.abc import Iterator


class BrokenMessageError(ValueError):
    """The bytes are no message, or end inside a field; `position` is a byte offset."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(f"{what} at byte {position:,}")
        self.position = position
        self.what = what


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    start = at
    while at < end:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise BrokenMessageError(start, "a number is longer than 10 bytes")
    raise BrokenMessageError(start, "the data end inside a number")


def fields(
    data: bytes, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, int, int | tuple[int, int], int]]:
    """Yield (field number, wire type, value or (begin, end) of bytes, position) of a message."""
    end = len(data) if end is None else end
    at = start
    while at < end:
        place = at
        key, at = _varint(data, at, end)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise BrokenMessageError(place, "a field has the number 0")
        if wire == 0:
            value, at = _varint(data, at, end)
            yield number, wire, value, place
            continue
        if wire == 2:
            length, at = _varint(data, at, end)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise BrokenMessageError(place, f"a field has the wire type {wire}, which is not used")
        if at + length > end:
            raise BrokenMessageError(
                place, f"a field of {length:,} bytes runs past the end by {at + length - end:,}"
            )
        yield number, wire, (at, at + length), place
        at += length
