"""Text arguments of the verbs: files, folders are refused with a reason, `-` is standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from tokenworks.errors import FormatError, OptionError

STANDARD_INPUT = "-"


def read_bytes(name: str) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    Raises:
        OptionError: there is no such file, it is a directory, or it may not be read.
    """
    if name == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    path = Path(name)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise OptionError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise OptionError(f"{name}: is a directory; name the files in it") from None
    except PermissionError:
        raise OptionError(f"{name}: no permission to read it") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise OptionError(f"{name}: {getattr(error, 'strerror', None) or error}") from None


def read_text(name: str, *, replace: bool = False) -> str:
    """The text of a file or of standard input (`-`), which must be UTF-8.

    Args:
        name: a path, or `-`.
        replace: put U+FFFD for bytes that are not UTF-8, rather than refuse them.

    Raises:
        OptionError: it cannot be read.
        FormatError: it is not UTF-8; the message gives the first wrong byte and its position.
    """
    data = read_bytes(name)
    try:
        return data.decode("utf-8", "replace" if replace else "strict")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{shown_name(name)}: byte 0x{data[error.start]:02x} at position {error.start} is not "
            "UTF-8; convert the text, or give --errors replace"
        ) from None


def shown_name(name: str) -> str:
    """The name of an input as messages give it."""
    return "standard input" if name == STANDARD_INPUT else name


def given_text(text: str, replace: bool) -> str:
    """The text of an option, in which the shell may have put bytes that are not UTF-8.

    Raises:
        FormatError: there are such bytes, and they are not to be replaced by U+FFFD.
    """
    data = text.encode("utf-8", "surrogateescape")
    try:
        return data.decode("utf-8", "replace" if replace else "strict")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"--text: byte 0x{data[error.start]:02x} at position {error.start} is not UTF-8; "
            "convert the text, or give --errors replace"
        ) from None


def one_of(option: str, value: str, allowed: tuple[str, ...]) -> str:
    """The value of an option, if it is one of those allowed.

    Raises:
        OptionError: it is not; the message lists them.
    """
    if value not in allowed:
        raise OptionError(f"{option} {value!r} is not one of {', '.join(allowed)}")
    return value
