"""The distinct words of a corpus as a tokenizer cuts them, in the tokenizer's own symbols.

What is learned on top of a tokenizer must start where the tokenizer ends: from the tokens that its
model leaves in each pretoken.
"""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import FormatError
from tokenworks.tokenizer import Tokenizer
from tokenworks.tokenizer.definition import Bpe, Definition
from tokenworks.tokenizer.model_alone import model_alone
from tokenworks.tokenizer.pattern_split import split
from tokenworks.tokenizer.two_phase import word_phase
from tokenworks.training.counted_words import Words
from tokenworks.training.pretokens import Pretokens, pretokens

_LONGEST = 65_536  # bytes of a pretoken; longer ones are counted in parts
_BATCH = 4 << 20  # bytes handed to the counter at a time
_FEW = 64  # added tokens that are looked for one by one
_FORMS = ("NFC", "NFD", "NFKC", "NFKD")
_BEFORE_SPACE = re.compile("(?<!▁)(?=▁)")


def base_words(tokenizer: Tokenizer, texts: Iterable[str]) -> Words:
    """Count the pretokens of texts and encode each distinct one with the tokenizer's model.

    Args:
        tokenizer: its model is a `Bpe`. Of one that encodes in two phases it is the first, of words.
        texts: special tokens in them are plain text; other added tokens are left out.

    Returns:
        Words of piece indices, uint32. They end at symbols that no merge may touch: unknown
        characters, bytes of byte fallback, and pieces that are matched whole.

    Raises:
        FormatError: there is no text.
    """
    definition = tokenizer.definition
    if definition.two_phase is not None:
        definition = word_phase(definition)
    text, starts, counts = _count(definition, texts)
    if not len(counts):
        raise FormatError("the corpus holds no text to learn from")
    words, kept = _decoded(bytes(text), starts)
    alone = Tokenizer.from_definition(model_alone(definition))
    ids, begins = alone.encode_batch(words, specials="text")
    return _in_symbols(cast(Bpe, definition.model), ids, begins, counts[kept])


def _count(definition: Definition, texts: Iterable[str]) -> tuple[Any, Any, Any]:
    pattern = _only_pattern(definition)
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    scanner = pattern.scanner if pattern else ""
    counter = _native.Counter(scanner, threads, 0, "", _LONGEST)
    direct: list[bytes] = []
    held = 0
    for data, cut in _pretokens(definition, pattern, texts):
        if cut is not None:
            counter.add_pretokens(data, cut)
            continue
        direct.append(data)
        held += len(data)
        if held >= _BATCH:
            _add(counter, direct)
            direct, held = [], 0
    _add(counter, direct)
    histogram = counter.finish()
    return counter.words(1, int(histogram["words"].sum()), int(histogram["bytes"].sum()))


def _add(counter: Any, texts: list[bytes]) -> None:
    if texts:
        lengths = np.fromiter(map(len, texts), dtype=np.uint64, count=len(texts))
        counter.add(b"".join(texts), np.cumsum(lengths, dtype=np.uint64))


def _pretokens(
    definition: Definition, pattern: Pretokens | None, texts: Iterable[str]
) -> Iterator[tuple[bytes, NDArray[np.uint64] | None]]:
    """Texts with the spans of their pretokens; None where the counter finds them itself."""
    model = cast(Bpe, definition.model)
    matched = [token for token in definition.added if not token.special]
    few = [token.content for token in matched] if len(matched) <= _FEW else None
    pipeline = _native.Pipeline(
        [dict(step) for step in definition.normalizer],
        [dict(step) for step in definition.pretokenizer],
        [_plain(token) for token in matched],
        split,
        model.byte_level,
    )
    forms = [step["type"] for step in definition.normalizer]
    for text in texts:
        if pattern and few is not None and not any(content in text for content in few):
            plain = text
            for form in forms:
                plain = unicodedata.normalize(cast(Literal["NFC"], form), plain)
            yield plain.encode(), None if pattern.scanner else pattern.spans(plain)
            continue
        parts = [
            part
            for data, added, _ in pipeline.run(text, specials="text", track=False)
            if added is None
            for part in (_words_of(data) if not model.byte_level else (data,))
        ]
        edges = np.zeros(len(parts) + 1, np.uint64)
        np.cumsum([len(part) for part in parts], out=edges[1:])
        yield b"".join(parts), np.repeat(edges, 2)[1:-1]


def _plain(token: Any) -> dict[str, Any]:
    names = ("id", "content", "special", "single_word", "lstrip", "rstrip", "normalized")
    return {name: getattr(token, name) for name in names}


def _words_of(data: bytes) -> list[bytes]:
    """Where U+2581 stands for a space, new pieces begin with it or hold none, like the old ones."""
    return [word.encode() for word in _BEFORE_SPACE.split(data.decode("utf-8", "replace")) if word]


def _only_pattern(definition: Definition) -> Pretokens | None:
    """The pattern, where splitting by it is all that happens to a text before the model."""
    if any(step["type"] not in _FORMS for step in definition.normalizer):
        return None
    regex = Tokenizer.from_definition(definition).pattern
    steps = definition.pretokenizer
    if regex is None or steps[-1]["type"] != "ByteLevel" or steps[-1]["add_prefix_space"]:
        return None
    if len(steps) == 1:
        return pretokens(regex)
    first = steps[0]
    if len(steps) > 2 or first["type"] != "Split" or first["behavior"] != "Isolated":
        return None
    return None if first["invert"] else pretokens(regex)


def _decoded(text: bytes, starts: NDArray[np.uint64]) -> tuple[list[str], NDArray[np.int64]]:
    """The words as text; those cut inside a character are left out."""
    words, kept = [], []
    edges = starts.tolist()
    for index, (begin, end) in enumerate(itertools.pairwise(edges)):
        try:
            words.append(text[begin:end].decode())
        except UnicodeDecodeError:
            continue
        kept.append(index)
    return words, np.array(kept, np.int64)


def _in_symbols(
    model: Bpe,
    ids: NDArray[np.uint32],
    starts: NDArray[np.uint64],
    counts: NDArray[np.uint64],
) -> Words:
    index = np.full(int(max(ids.max(initial=0), model.ids.max())) + 1, -1, np.int64)
    index[model.ids] = np.arange(len(model.ids))
    index[list(untouchable(model))] = -1
    symbols = index[ids]
    word = np.repeat(np.arange(len(counts)), np.diff(starts.astype(np.int64)))
    kept = symbols >= 0
    # A word begins where the pretoken changes and after every symbol that is left out.
    begins = np.ones(len(symbols), bool)
    begins[1:] = (word[1:] != word[:-1]) | ~kept[:-1]
    group = np.cumsum(begins)[kept]
    first = np.ones(len(group), bool)
    first[1:] = group[1:] != group[:-1]
    edges = np.append(np.flatnonzero(first), len(group)).astype(np.uint64)
    return Words(symbols[kept].astype(np.uint32), edges, counts[word[kept][first]])


def untouchable(model: Bpe) -> set[int]:
    """Ids that stand for something else than the text of their piece, or are matched whole."""
    found = set(model.user_defined) | set(model.outside_map)
    if model.unk_id is not None and not model.byte_level:
        found.add(model.unk_id)
    if model.byte_fallback:
        spelled = {f"<0x{value:02X}>".encode() for value in range(256)}
        found |= {
            number
            for piece, number in zip(model.pieces, model.ids.tolist(), strict=True)
            if piece in spelled
        }
    return found
