"""Decode tokens as they come: whole characters only, as early as they are certain."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from tokenworks.tokenizer.decoding import Decoder

# Tokens kept at most while a character is incomplete; four bytes are the longest character.
_HELD = 64


class StreamingDecoder:
    """Turns a stream of ids into text that never ends in half a character.

    The parts that `put` and `finish` return, joined, are the decoded text. Bytes that can no longer
    become a character come out as U+FFFD; in tokenizers that decode runs of single-byte tokens as a
    whole, a character that was already returned stays, also when the run turns out to be damaged.
    Not for use by two threads at once.

    Example:
        >>> import tokenworks
        >>> tokenizer = tokenworks.Tokenizer.load("gpt2")
        >>> stream = tokenizer.stream()
        >>> [stream.put(number) for number in tokenizer.encode("né")] + [stream.finish()]
        ['n', 'é', '']
    """

    def __init__(self, decoder: Decoder, *, skip_special: bool = False) -> None:
        """Start a stream; `Tokenizer.stream` calls this."""
        self._decoder = decoder
        self._skip_special = skip_special
        self._bytes = codecs.getincrementaldecoder("utf-8")("replace")
        self._window: list[int] = []  # the last emitted tokens and those that wait
        self._emitted = 0  # how many tokens of the window have been returned as text

    def put(self, ids: int | Iterable[int]) -> str:
        """Take one id, or several, and return the text that is now certain (perhaps empty).

        Raises:
            OptionError: an id that no token has.
        """
        single = isinstance(ids, int) or not hasattr(ids, "__iter__")
        numbers = self._decoder.checked([ids] if single else ids, skip_special=self._skip_special)
        if self._decoder.joined is not None:
            joined = self._decoder.joined
            return self._bytes.decode(b"".join(joined[number] for number in numbers))
        return "".join(self._step(number) for number in numbers)

    def finish(self) -> str:
        """End the stream: what was still waiting, with U+FFFD for an incomplete character."""
        if self._decoder.joined is not None:
            return self._bytes.decode(b"", final=True)
        text = self._fresh()
        self._window, self._emitted = [], 0
        return text

    def _fresh(self) -> str:
        before = self._decoder.as_text(self._window[: self._emitted])
        text = self._decoder.as_text(self._window)
        if text.startswith(before):
            return text[len(before) :]
        # A damaged run of byte tokens changes what was already returned; decode the rest by itself.
        return self._decoder.as_text(self._window[self._emitted :])

    def _step(self, number: int) -> str:
        self._window.append(number)
        waiting = len(self._window) - self._emitted
        if waiting <= _HELD and self._ends_inside_a_character():
            return ""
        text = self._fresh()
        if not text and waiting <= _HELD:
            return ""
        # The next text is found by difference to these tokens, which must therefore show: a first
        # token may lose its space.
        shown = self._window[self._emitted :]
        if self._decoder.as_text(shown) or len(self._window) > _HELD:
            self._window = shown
        self._emitted = len(self._window)
        return text

    def _ends_inside_a_character(self) -> bool:
        tail = b"".join(self._decoder.table[number] for number in self._window[-4:])[-4:]
        for length in range(1, min(3, len(tail)) + 1):
            lead = tail[-length]
            if lead >= 0xC0:  # how many bytes this lead byte announces
                return length < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4)
            if lead < 0x80:
                return False
        return False
