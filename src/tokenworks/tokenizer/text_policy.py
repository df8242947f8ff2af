"""What may be encoded: policies for special tokens and lone surrogates, and positions in characters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tokenworks._native import SpecialTokenError
from tokenworks.errors import OptionError, TextError

Specials = Literal["error", "allow", "text"]
Surrogates = Literal["strict", "replace"]
_SURROGATES = dict.fromkeys(range(55296, 57344), "�")


def check_policy(specials: str) -> None:
    """Refuse a policy that is none.

    Raises:
        OptionError: it is not "error", "allow" or "text".
    """
    if specials not in ("error", "allow", "text"):
        raise OptionError(f"specials is {specials!r}; expected 'error', 'allow' or 'text'")


def check_errors(errors: str) -> None:
    """Refuse a policy for lone surrogates that is none.

    Raises:
        OptionError: it is neither "strict" nor "replace".
    """
    if errors not in ("strict", "replace"):
        raise OptionError(f"errors is {errors!r}; expected 'strict' or 'replace'")


def several(texts: Iterable[str]) -> list[str]:
    """The texts of a batch as a list.

    Raises:
        OptionError: a single text, whose characters would pass for texts, or nothing of that kind.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise OptionError(f"a list of texts is expected, not {type(texts).__name__}")
    return list(texts)


def mended(texts: list[str], specials: str, errors: str, error: Exception) -> list[str]:
    """Texts to encode instead of those that the core refused with `error`.

    Raises:
        TextError: a special token, or a lone surrogate with errors="strict", stands in a text.
        OptionError: something is no text, or `specials` no policy.
        Exception: the error itself, when it has another reason.
    """
    if isinstance(error, SpecialTokenError):
        raise TextError(_special_message(error)) from None
    check_policy(specials)
    whole = [whole_text(text, errors) for text in texts]
    if whole == texts:
        raise error
    return whole


def whole_text(text: str, errors: str) -> str:
    """The text, when it can be written as UTF-8.

    Raises:
        TextError: it holds a lone surrogate, with errors="strict".
        OptionError: it is no text, or `errors` is neither "strict" nor "replace".
    """
    check_errors(errors)
    if not isinstance(text, str):
        raise OptionError(f"a text is expected, not {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        if errors == "strict":
            raise TextError(
                f"lone surrogate U+{ord(text[error.start]):04X} at character {error.start:,}, which is "
                f"no text; encode with errors='replace' to make it U+FFFD"
            ) from None
        return text.translate(_SURROGATES)
    return text


def character_spans(text: str, spans: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Byte spans of a text as spans of characters, uint32 [n, 2]; parts of a character take all of it."""
    data = np.frombuffer(text.encode(), np.uint8)
    starts = (data & 0xC0) != 0x80
    # characters that begin before each byte position
    before = np.concatenate([np.zeros(1, np.uint32), np.cumsum(starts, dtype=np.uint32)])
    inside = np.append(~starts, False)
    begin = before[spans[:, 0]] - inside[spans[:, 0]]
    return np.stack([begin, before[spans[:, 1]]], axis=1).astype(np.uint32)


def _special_message(error: Exception) -> str:
    """The core's message on a special token in the text, with the three ways out."""
    content, position = error.args
    return (
        f"the text spells the special token {content!r} at byte {position}; choose: "
        "specials='allow' makes it the special token, specials='text' encodes it as plain text, and "
        "count() counts it as plain text"
    )
