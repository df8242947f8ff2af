"""SentencePiece encoding in plain Python, from a `Definition`: slow, short, independent.

It follows the description of the format, not the native code: normalization by the longest rule,
white space rules, then merging by rank (BPE) or the best path (Unigram).
"""

from __future__ import annotations

import base64
import heapq
import struct
from typing import Any

import numpy as np

from tokenworks.tokenizer.definition import Bpe, Definition, Unigram

SPACE = "▁"


def charsmap_rules(charsmap: bytes) -> dict[bytes, bytes]:
    """All rules of a precompiled character map: walks every path of its double array."""
    (size,) = struct.unpack("<I", charsmap[:4])
    units = np.frombuffer(charsmap[4 : 4 + size], dtype="<u4").tolist()
    texts = charsmap[4 + size :]
    rules: dict[bytes, bytes] = {}

    def offset(unit: int) -> int:
        return (unit >> 10) << ((unit & 0x200) >> 6)

    def walk(node: int, key: bytes) -> None:
        for byte in range(256):
            child = node ^ byte
            if child >= len(units):
                continue
            unit = units[child]
            if unit & 0x800000FF != byte:
                continue
            if byte == 0:
                continue
            here = child ^ offset(unit)
            if unit >> 8 & 1:
                value = units[here] & 0x7FFFFFFF
                rules[key + bytes([byte])] = texts[value : texts.index(b"\0", value)]
            walk(here, key + bytes([byte]))

    walk(offset(units[0]), b"")
    return rules


class Normalizer:
    def __init__(self, steps: tuple[Any, ...]) -> None:
        self.rules: dict[str, str] = {}
        self.protected: set[str] = set()
        for step in steps:
            if step["type"] == "Precompiled":
                raw = base64.b64decode(step["precompiled_charsmap"])
                for key, value in charsmap_rules(raw).items():
                    self.rules[key.decode()] = value.decode()
                self.protected = set(step["protected"])
            else:
                assert step["type"] == "SentencePieceSpaces"
                self.spaces = step
        self.longest = max(map(len, [*self.rules, *self.protected, ""]))

    def prefix(self, text: str, at: int) -> tuple[str, int]:
        for length in range(min(self.longest, len(text) - at), 0, -1):
            if text[at : at + length] in self.protected:
                return text[at : at + length], length
        for length in range(min(self.longest, len(text) - at), 0, -1):
            if text[at : at + length] in self.rules:
                return self.rules[text[at : at + length]], length
        return text[at], 1

    def __call__(self, text: str) -> str:
        remove = self.spaces["remove_extra_whitespaces"]
        space = SPACE if self.spaces["escape_whitespaces"] else " "
        at = 0
        while remove and at < len(text):
            out, length = self.prefix(text, at)
            if out != " ":
                break
            at += length
        if at == len(text):
            return ""
        suffix = self.spaces["treat_whitespace_as_suffix"]
        dummy = self.spaces["add_dummy_prefix"]
        result = space if dummy and not suffix else ""
        after_space = remove
        while at < len(text):
            out, length = self.prefix(text, at)
            if after_space:
                out = out.lstrip(" ")
            if out:
                result += out.replace(" ", space)
                after_space = out.endswith(" ")
            after_space = after_space and remove
            at += length
        while remove and result.endswith(space):
            result = result[: -len(space)]
        return result + (space if dummy and suffix else "")


class Oracle:
    """Encodes as sentencepiece does, from nothing but a definition."""

    def __init__(self, definition: Definition) -> None:
        model = definition.model
        assert isinstance(model, Bpe | Unigram)
        self.model = model
        self.normalize = Normalizer(definition.normalizer)
        texts = [piece.decode() for piece in model.pieces]
        self.known = dict(zip(texts, model.ids.tolist(), strict=True))
        self.whole = {text for text, id in self.known.items() if id in model.user_defined}
        self.unused = {text for text, id in self.known.items() if id in model.unused}
        if isinstance(model, Bpe):
            ranks = range(len(model.merges)) if model.merge_ranks is None else model.merge_ranks
            self.rank_of = {
                (texts[a], texts[b]): int(rank)
                for (a, b), rank in zip(model.merges.tolist(), ranks, strict=True)
            }
        else:
            score_of = dict(zip(texts, model.scores.astype(np.float32), strict=True))
            normal = [score_of[t] for t in texts if t not in self.unused | self.whole]
            self.unknown = np.float32(min(normal) - np.float32(10))
            highest = max([*normal, np.finfo(np.float32).tiny])
            self.score_of: dict[str, float] = {
                t: s for t, s in score_of.items() if t not in self.unused
            }
            for text in self.whole:
                size = np.float32(len(text.encode()))
                self.score_of[text] = float(size * highest) - 0.1

    def encode(self, text: str) -> list[int]:
        """The ids of `text`, control symbols in it read as text."""
        ids: list[int] = []
        unknown_before = False
        segment = self._bpe if isinstance(self.model, Bpe) else self._unigram
        for symbol in segment(self.normalize(text)):
            id = self.known.get(symbol, self.model.unk_id)
            unknown = id == self.model.unk_id
            assert id is not None
            if unknown and self.model.byte_fallback:
                ids += [self.known[f"<0x{byte:02X}>"] for byte in symbol.encode()]
            elif not (unknown and unknown_before):
                ids.append(id)
            unknown_before = unknown
        return ids

    def _bpe(self, text: str) -> list[str]:
        longest = max(map(len, self.whole), default=0)
        symbols: list[str] = []
        frozen: list[bool] = []
        at = 0
        while at < len(text):
            length = next((n for n in range(longest, 0, -1) if text[at : at + n] in self.whole), 0)
            symbols.append(text[at : at + (length or 1)])
            frozen.append(length > 0)
            at += length or 1
        before = list(range(-1, len(symbols) - 1))
        after = [*range(1, len(symbols)), -1]
        split_again: dict[str, tuple[str, str]] = {}
        agenda: list[tuple[int, int, int, str, str]] = []

        def look(left: int, right: int) -> None:
            if left < 0 or right < 0 or frozen[left] or frozen[right]:
                return
            pair = symbols[left], symbols[right]
            if pair in self.rank_of:
                heapq.heappush(agenda, (self.rank_of[pair], left, right, *pair))
                if "".join(pair) in self.unused:
                    split_again["".join(pair)] = pair

        for i in range(1, len(symbols)):
            look(i - 1, i)
        while agenda:
            _, left, right, a, b = heapq.heappop(agenda)
            if symbols[left] != a or symbols[right] != b:
                continue
            symbols[left], symbols[right] = a + b, ""
            after[left] = after[right]
            if after[right] >= 0:
                before[after[right]] = left
            look(before[left], left)
            look(left, after[left])

        def resegment(symbol: str) -> list[str]:
            if symbol not in split_again:
                return [symbol]
            left, right = split_again[symbol]
            return resegment(left) + resegment(right)

        return [part for symbol in symbols if symbol for part in resegment(symbol)]

    def _unigram(self, text: str) -> list[str]:
        best: list[tuple[np.float32, int] | None] = [None] * (len(text) + 1)
        best[0] = (np.float32(0), -1)
        longest = max(map(len, self.score_of))

        def offer(start: int, end: int, score: float) -> None:
            here = best[start]
            assert here is not None
            # Single precision, but for a user-defined piece, whose score is a double.
            total = score + (here[0] if isinstance(score, np.float32) else float(here[0]))
            old = best[end]
            if old is None or total > old[0]:
                best[end] = (np.float32(total), start)

        for start in range(len(text)):
            for end in range(start + 1, min(len(text), start + longest) + 1):
                if text[start:end] in self.score_of:
                    offer(start, end, self.score_of[text[start:end]])
            if text[start] not in self.score_of:
                offer(start, start + 1, self.unknown)
        parts: list[str] = []
        end = len(text)
        while end > 0:
            node = best[end]
            assert node is not None
            parts.append(text[node[1] : end])
            end = node[1]
        return parts[::-1]
