"""What a request carries: bounded, and checked field by field."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from tokenworks.errors import OptionError, TokenworksError
from tokenworks.workflows.ids import SpecialPolicy, special_policy

MAX_TEXT = 1 << 20  # bytes of UTF-8
MAX_BODY = 7 * MAX_TEXT  # of JSON, in which a character may take six bytes
MAX_TOKENIZERS = 12
MAX_IDS = 64


class TooLargeError(TokenworksError):
    """A body or text is larger than the studio takes."""


async def read_body(request: Request, most: int, what: str) -> bytes:
    """The body, which is not read further than allowed.

    Raises:
        TooLargeError: it is longer.
    """
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > most:
        raise TooLargeError(f"{what} is larger than {most:,} bytes")
    held = bytearray()
    async for part in request.stream():
        held += part
        if len(held) > most:
            raise TooLargeError(f"{what} is larger than {most:,} bytes")
    return bytes(held)


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of the body.

    Raises:
        OptionError: it is none. TooLargeError: it is too long.
    """
    # Another site could send plain forms without asking the browser's leave, but not this type.
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise OptionError("the body must be application/json")
    data = await read_body(request, MAX_BODY, "the request")
    try:
        value = json.loads(data)
    except UnicodeDecodeError:
        raise OptionError("the body is not UTF-8") from None
    except RecursionError:
        raise OptionError("the body is nested too deeply") from None
    except ValueError as error:
        raise OptionError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise OptionError("the body must be a JSON object")
    return value


def text_of(body: dict[str, Any]) -> tuple[str, int]:
    """The text, in which lone surrogates are replaced, and how many there were.

    Raises:
        OptionError: it is missing. TooLargeError: it is too long.
    """
    text = body.get("text")
    if not isinstance(text, str):
        raise OptionError("`text` must be a string")
    lone = 0
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        lone = sum(0xD800 <= ord(c) <= 0xDFFF for c in text)
        text = "".join("\ufffd" if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)
        size = len(text.encode())
    if size > MAX_TEXT:
        raise TooLargeError(
            f"the text has {size:,} bytes; the studio takes {MAX_TEXT:,}. `tokenworks count` and "
            f"`tokenworks compare` take files of any size"
        )
    return text, lone


def names_of(body: dict[str, Any]) -> list[str]:
    """The names of tokenizers.

    Raises:
        OptionError: missing, doubled, or too many.
    """
    names = body.get("tokenizers")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise OptionError("`tokenizers` must be a list of names")
    if len(set(names)) != len(names):
        raise OptionError("`tokenizers` names one of them twice")
    if len(names) > MAX_TOKENIZERS:
        raise OptionError(f"`tokenizers` has {len(names)} names; the studio takes {MAX_TOKENIZERS}")
    return names


def specials_of(body: dict[str, Any]) -> SpecialPolicy:
    """What to do with the text of special tokens.

    Raises:
        OptionError: neither "text" nor "allow".
    """
    specials = body.get("specials", "text")
    if specials not in ("text", "allow"):
        raise OptionError("`specials` must be `text` or `allow`")
    return special_policy(specials)


def text_task(body: dict[str, Any]) -> tuple[list[str], SpecialPolicy, str, int]:
    """Names, policy, text and number of lone surrogates, as `names_of` and the others give them."""
    return names_of(body), specials_of(body), *text_of(body)


def ids_of(body: dict[str, Any]) -> list[int]:
    """Ids of tokens.

    Raises:
        OptionError: none, too many, or not whole numbers.
    """
    ids = body.get("ids")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_IDS:
        raise OptionError(f"`ids` must be a list of 1 to {MAX_IDS} numbers")
    if not all(type(number) is int and 0 <= number < 1 << 32 for number in ids):
        raise OptionError("`ids` must be whole numbers, 0 or more")
    return ids


def prices_of(body: dict[str, Any], names: list[str]) -> dict[str, float] | None:
    """Prices of a million tokens, by name; None without any.

    Raises:
        OptionError: not numbers by name.
    """
    prices = body.get("prices") or {}
    if not isinstance(prices, dict) or not set(prices) <= set(names):
        raise OptionError("`prices` must be an object of numbers by the names of tokenizers")
    for name, value in prices.items():
        if type(value) not in (int, float) or not 0 <= value <= 1e9:  # NaN fails this, too
            raise OptionError(f"the price of {name} must be a number from 0 to 1,000,000,000")
    return prices or None
