"""Superwords: whole words that stand side by side become one token, after words are encoded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tokenworks import _native
from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, TwoPhase
from tokenworks.tokenizer.encoding import as_lists
from tokenworks.tokenizer.source import parse_json, read_bytes

FILE = "tokenworks.json"
_NOTE = (
    "Superwords are encoded in two phases: pretokens of `pattern` with the first `word_merges` merges, "
    "then the other merges between tokens that are whole pretokens. tokenizer.json holds the nearest "
    "single pass; `single_pass` is what was measured of the difference."
)

Ids = NDArray[np.uint32]


def render(definition: Definition) -> dict[str, bytes]:
    """The file that says what tokenizer.json cannot, if there is anything to say."""
    phases = definition.two_phase
    if phases is None:
        return {}
    content = {
        "format": 1,
        "note": _NOTE,
        "two_phase": {
            "pattern": phases.pattern,
            "word_merges": phases.word_merges,
            "single_pass": phases.single_pass,
        },
    }
    return {FILE: (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()}


def read(folder: Path, definition: Definition) -> TwoPhase | None:
    """What tokenworks.json says, if it is there.

    Raises:
        FormatError: it is damaged or does not fit the tokenizer.json beside it.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    content = parse_json(path, read_bytes(path))
    phases = content.get("two_phase") if isinstance(content, dict) else None
    if phases is None:
        return None
    if not isinstance(phases, dict):
        raise FormatError(f'{path}: "two_phase" must be an object')
    pattern, merges = phases.get("pattern"), phases.get("word_merges")
    if not isinstance(pattern, str) or type(merges) is not int:
        raise FormatError(f'{path}: expected "pattern", a string, and "word_merges", a number')
    model = definition.model
    if not isinstance(model, Bpe) or not 0 <= merges <= len(model.merges):
        raise FormatError(f"{path}: word_merges {merges} does not fit the model beside it")
    single = phases.get("single_pass")
    return TwoPhase(pattern, merges, single if isinstance(single, dict) else None)


def word_phase(definition: Definition) -> Definition:
    """The tokenizer of the first phase.

    Raises:
        UnsupportedError: the definition is not one that can be encoded in two phases.
    """
    model, phases = definition.model, definition.two_phase
    if phases is None or not isinstance(model, Bpe) or not model.byte_level:
        raise UnsupportedError(f"{definition.name}: two phases need a byte-level BPE model")
    steps = (
        {
            "type": "Split",
            "pattern": {"Regex": phases.pattern},
            "behavior": "Isolated",
            "invert": False,
        },
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
    )
    words = replace(model, merges=model.merges[: phases.word_merges])
    return replace(definition, model=words, pretokenizer=steps, two_phase=None)


class TwoPhaseEncoder:
    """Encodes words with the encoder it is given, then joins them; its methods are the encoder's."""

    def __init__(self, definition: Definition, words: Any) -> None:
        phases, model = definition.two_phase, definition.model
        if phases is None or not isinstance(model, Bpe):
            raise UnsupportedError(f"{definition.name} is not encoded in two phases")
        self._words, self._pattern = words, phases.pattern
        self._prepared = _preparation(definition)
        table = dict(zip(model.ids.tolist(), model.pieces, strict=True))
        table |= {token.id: token.content.encode() for token in definition.added}
        lengths = np.zeros(max(table, default=0) + 1, np.uint32)
        for id, piece in table.items():
            lengths[id] = len(piece)
        self._lengths = lengths
        self._special = np.array([token.id for token in definition.added], np.uint32)
        rules = _rules(model, phases.word_merges)
        self._native = _native.knows_pattern(phases.pattern) and _covers(phases.pattern)
        self._joiner = _native.SuperwordJoiner(
            phases.pattern if self._native else "",
            lengths,
            np.unique(rules[:, :2]).astype(np.uint32),
            self._special,
            rules.reshape(-1),
        )

    def encode(self, text: str, specials: str) -> Ids:
        """Ids of a text, uint32 [n]."""
        return self._join(self._prepared(text, specials), self._words.encode(text, specials))[0]

    def encode_list(self, text: str, specials: str) -> list[int]:
        """Ids of a text."""
        return cast("list[int]", self.encode(text, specials).tolist())

    def encode_lists(self, texts: Sequence[str], specials: str, threads: int) -> list[list[int]]:
        """Ids of many texts, a list for each."""
        return as_lists(*self.encode_batch(texts, specials, threads))

    def encode_batch(
        self, texts: Sequence[str], specials: str, threads: int
    ) -> tuple[Ids, NDArray[np.uint64]]:
        """Ids of many texts, uint32 [total], and where each begins, uint64 [len + 1]."""
        ids, starts = self._words.encode_batch(texts, specials, threads)
        edges = starts.tolist()
        joined = [
            self._join(self._prepared(text, specials), ids[begin:end])[0]
            for text, begin, end in zip(texts, edges[:-1], edges[1:], strict=True)
        ]
        out = np.zeros(len(joined) + 1, np.uint64)
        np.cumsum([len(part) for part in joined], out=out[1:])
        return np.concatenate([*joined, np.empty(0, np.uint32)]), out

    def encode_spans(self, text: str, specials: str) -> tuple[Ids, NDArray[np.uint32]]:
        """Ids of a text, and begin and end of each in bytes, uint32 [n, 2]."""
        ids, spans = self._words.encode_spans(text, specials)
        joined, firsts = self._join(self._prepared(text, specials), ids)
        if not len(joined):
            return joined, spans
        lasts = np.append(firsts[1:], np.uint32(len(ids))) - 1
        return joined, np.stack([spans[firsts, 0], spans[lasts, 1]], axis=1)

    def _join(self, data: bytes, ids: Ids) -> tuple[Ids, Ids]:
        ends = np.empty(0, np.uint64) if self._native else self._ends(data, ids)
        joined, firsts = self._joiner.join(data, np.ascontiguousarray(ids), ends)
        return joined, firsts

    def _ends(self, data: bytes, ids: Ids) -> NDArray[np.uint64]:
        """Where the pretokens end, special tokens aside: uint64 [n]."""
        after = np.cumsum(self._lengths[ids], dtype=np.int64)
        special = np.flatnonzero(np.isin(ids, self._special))
        ends: list[int] = []
        begin = 0
        for edge, next_begin in [
            *((int(after[i] - self._lengths[ids[i]]), int(after[i])) for i in special),
            (len(data), len(data)),
        ]:
            ends += _pretoken_ends(data[begin:edge].decode("utf-8"), self._pattern, begin)
            begin = next_begin
        return np.array(ends, np.uint64)


def _preparation(definition: Definition) -> Callable[[str, str], bytes]:
    """The text as its tokens spell it: normalized, special tokens as they stand."""
    if not definition.normalizer:
        return lambda text, _: text.encode("utf-8")
    from tokenworks.tokenizer.pattern_split import matches  # loads the regex library

    pipeline = _native.Pipeline(
        [dict(step) for step in definition.normalizer],
        [],
        [
            {name: getattr(token, name) for name in AddedToken.__dataclass_fields__}
            for token in definition.added
        ],
        matches,
    )
    content = {token.id: token.content.encode("utf-8") for token in definition.added}

    def prepared(text: str, specials: str) -> bytes:
        return b"".join(
            part if added is None else content[added]
            for part, added, _ in pipeline.run(text, specials, track=False)
        )

    return prepared


def _pretoken_ends(text: str, pattern: str, offset: int) -> list[int]:
    from tokenworks.tokenizer.pattern_split import split  # loads the regex library

    places = sorted({len(text), *(place for span in split(pattern, text) for place in span)} - {0})
    ends = []
    last = 0
    for place in places:
        offset += len(text[last:place].encode("utf-8"))
        ends.append(offset)
        last = place
    return ends


def _covers(pattern: str) -> bool:
    try:
        _native.Counter(pattern)
    except ValueError:
        return False
    return True


def _rules(model: Bpe, word_merges: int) -> NDArray[np.uint32]:
    """Superword merges as ids: left, right, result; uint32 [m, 3]."""
    id_of = dict(zip(model.pieces, model.ids.tolist(), strict=True))
    ids = model.ids.tolist()
    rules = [
        (ids[left], ids[right], id_of[model.pieces[left] + model.pieces[right]])
        for left, right in model.merges[word_merges:].tolist()
    ]
    return np.array(rules, np.uint32).reshape(-1, 3)
