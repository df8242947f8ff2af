"""The decoder steps of tokenizer.json, each from a list of tokens to a list of strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tokenworks.errors import UnsupportedError
from tokenworks.tokenizer.byte_map import to_bytes
from tokenworks.tokenizer.definition import Step

TokenStep = Callable[[list[str]], list[str]]
_BYTE_TOKEN = re.compile(r"<0x\+?[0-9A-Fa-f]{1,2}>")
_CLEANUP = (
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
)


def compile_steps(steps: Sequence[Step]) -> TokenStep:
    """Chain the steps of a decoder.

    Args:
        steps: of a definition.

    Returns:
        A function from tokens to strings, which joined are the text.

    Raises:
        UnsupportedError: a step of an unknown type.
    """
    functions = []
    for step in steps:
        if step["type"] not in _STEPS:
            raise UnsupportedError(
                f"the decoder step {step['type']!r} is not known; known are {', '.join(_STEPS)}"
            )
        functions.append(_STEPS[step["type"]](step))

    def run(tokens: list[str]) -> list[str]:
        for function in functions:
            tokens = function(tokens)
        return tokens

    return run


def _byte_level(_: Step) -> TokenStep:
    def run(tokens: list[str]) -> list[str]:
        data = b"".join(
            known if (known := to_bytes(token)) is not None else token.encode() for token in tokens
        )
        return [data.decode("utf-8", "replace")]

    return run


def _metaspace(step: Step) -> TokenStep:
    symbol: str = step["replacement"]
    drop = step["prepend_scheme"] != "never"

    def run(tokens: list[str]) -> list[str]:
        result = [token.replace(symbol, " ") for token in tokens]
        if drop and tokens:
            result[0] = tokens[0].replace(symbol, "")
        return result

    return run


def _clean(text: str) -> str:
    for old, new in _CLEANUP:
        text = text.replace(old, new)
    return text


def _wordpiece(step: Step) -> TokenStep:
    prefix: str = step["prefix"]
    cleanup: bool = step["cleanup"]

    def run(tokens: list[str]) -> list[str]:
        result = []
        for index, token in enumerate(tokens):
            if index == 0:
                text = token
            elif token.startswith(prefix):
                text = token[len(prefix) :]
            else:
                text = f" {token}"
            result.append(_clean(text) if cleanup else text)
        return result

    return run


def _byte_fallback(_: Step) -> TokenStep:
    def run(tokens: list[str]) -> list[str]:
        result: list[str] = []
        pending = bytearray()

        def flush() -> None:
            if pending:
                try:
                    result.append(pending.decode())
                except UnicodeDecodeError:  # then no byte of the run is kept
                    result.extend("\ufffd" * len(pending))
                pending.clear()

        for token in tokens:
            if len(token) == 6 and _BYTE_TOKEN.fullmatch(token):
                pending.append(int(token[3:5], 16))
            else:
                flush()
                result.append(token)
        flush()
        return result

    return run


def _strip(step: Step) -> TokenStep:
    content, start, stop = step["content"], step["start"], step["stop"]

    def run(tokens: list[str]) -> list[str]:
        result = []
        for token in tokens:
            begin, end = 0, len(token)
            while begin < min(start, len(token)) and token[begin] == content:
                begin += 1
            while len(token) - end < stop and end > 0 and token[end - 1] == content:
                end -= 1
            result.append(token[begin : max(begin, end)])
        return result

    return run


def _replace(step: Step) -> TokenStep:
    pattern, content = step["pattern"], step["content"]
    if "String" in pattern:
        old = pattern["String"]
        return lambda tokens: [token.replace(old, content) if old else token for token in tokens]
    from tokenworks.tokenizer.pattern_split import replace

    found = pattern["Regex"]
    return lambda tokens: [replace(found, content, token) for token in tokens]


def _bpe_suffix(step: Step) -> TokenStep:
    suffix: str = step["suffix"]

    def run(tokens: list[str]) -> list[str]:
        result = [token.replace(suffix, " ") for token in tokens]
        if tokens:
            result[-1] = tokens[-1].replace(suffix, "")
        return result

    return run


def _ctc(step: Step) -> TokenStep:
    pad, delimiter, cleanup = step["pad_token"], step["word_delimiter_token"], step["cleanup"]

    def run(tokens: list[str]) -> list[str]:
        result = []
        previous: str | None = None
        for token in tokens:
            if token == previous:
                continue
            previous = token
            text = token.replace(pad, "")
            if cleanup:
                text = _clean(text).replace(delimiter, " ")
            if text:
                result.append(text)
        return result

    return run


_STEPS: dict[str, Callable[[Any], TokenStep]] = {
    "BPEDecoder": _bpe_suffix,
    "ByteFallback": _byte_fallback,
    "ByteLevel": _byte_level,
    "CTC": _ctc,
    "Fuse": lambda _: lambda tokens: ["".join(tokens)],
    "Metaspace": _metaspace,
    "Replace": _replace,
    "Strip": _strip,
    "WordPiece": _wordpiece,
}
