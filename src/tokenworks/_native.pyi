"""The native core as Python sees it. A test holds the names and parameters to the module's own."""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

_U8 = NDArray[np.uint8]
_U32 = NDArray[np.uint32]
_U64 = NDArray[np.uint64]
_I64 = NDArray[np.int64]
_F64 = NDArray[np.float64]
_Steps = Sequence[Mapping[str, Any]]  # of tokenizer.json
_Split = Callable[[str, str], Sequence[tuple[int, int]]]  # spans of a pattern's matches in a text

class SpecialTokenError(ValueError):
    args: tuple[str, int]  # the token, and the byte where it begins

class UnsupportedStepError(ValueError): ...

class Encoder:
    def __init__(
        self,
        *,
        kind: str,
        pieces: bytes,
        offsets: _U64,
        ids: _U32,
        merges: _U32,
        scores: _F64,
        options: dict[str, Any],
        normalizer: _Steps,
        pretokenizer: _Steps,
        added: _Steps,
        split: _Split | None = None,
    ) -> None: ...
    def encode(self, text: str, specials: str = "error") -> _U32: ...
    def encode_list(self, text: str, specials: str = "error") -> list[int]: ...
    def encode_lists(
        self, texts: Sequence[str], specials: str = "error", threads: int = 0
    ) -> list[list[int]]: ...
    def encode_spans(self, text: str, specials: str = "error") -> tuple[_U32, _U32]: ...
    def encode_batch(
        self, texts: Sequence[str], specials: str = "error", threads: int = 0
    ) -> tuple[_U32, _U64]: ...

class Model:
    def encode(self, pretoken: bytes) -> tuple[list[int], list[int]]: ...

def unigram(
    pieces: Sequence[bytes],
    ids: Sequence[int],
    scores: Sequence[float],
    unk_id: int | None,
    byte_fallback: bool = False,
    flavour: str = "tokenizers",
    user_defined: Set[int] = ...,
    unused: Set[int] = ...,
) -> Model: ...
def wordpiece(
    pieces: Sequence[bytes],
    ids: Sequence[int],
    unk_id: int,
    continuing_subword_prefix: str = "##",
    max_input_chars_per_word: int = 100,
) -> Model: ...

class Pipeline:
    def __init__(
        self,
        normalizer: _Steps,
        pretokenizer: _Steps,
        added: _Steps = (),
        split: _Split | None = None,
        byte_level: bool = False,
    ) -> None: ...
    def run(
        self, text: str, specials: str = "allow", track: bool = True
    ) -> list[tuple[bytes, int | None, list[tuple[int, int]]]]: ...

def lay_tokens(
    bytes: _U8,
    offsets: _I64,
    lengths: _I64,
    ids: _U32,
    starts: _I64,
    data: _U8,
    begins: _I64,
    cut: _U8,
) -> bytes: ...
def count_ids(ids: _U32, counts: _I64) -> None: ...
def recover_merges(pieces: bytes, offsets: _U64) -> _U32: ...
def byte_level_items(
    pieces: bytes,
    offsets: _U64,
    merges: _U32,
    item: str,
    colon: str,
    opening: str,
    inner: str,
    closing: str,
) -> tuple[bytes, bytes]: ...
def is_utf8(data: bytes) -> bool: ...
def count_newlines(data: bytes) -> int: ...
def character_categories() -> bytes: ...
def pattern_names() -> dict[str, str]: ...
def knows_pattern(pattern: str) -> bool: ...
def find_matches(pattern: str, text: str) -> _U32: ...

class Counter:
    def __init__(
        self,
        pattern: str,
        threads: int = 1,
        memory: int = 0,
        run_prefix: str = "",
        longest: int = 65536,
        run_words: tuple[_U8, _U64, _U32] | None = None,
    ) -> None: ...
    def add(self, text: bytes, ends: _U64) -> None: ...
    def add_pretokens(self, text: bytes, spans: _U64) -> None: ...
    def add_sequences(self, symbols: _U32, starts: _U64) -> None: ...
    def add_counts(self, text: _U8, starts: _U64, counts: _U64) -> None: ...
    def flush(self) -> list[str]: ...
    def adopt(self, path: str) -> None: ...
    def finish(self, keep: bool = False) -> dict[str, _U64]: ...
    def words(
        self, least: int, expected_words: int = 0, expected_bytes: int = 0
    ) -> tuple[_U8, _U64, _U64]: ...
    def each_part(
        self, least: int, bytes: int, sorted: bool, visit: Callable[[_U8, _U64, _U64], None]
    ) -> None: ...
    def forget(self) -> None: ...
    def statistics(self) -> dict[str, int]: ...
    @property
    def runs(self) -> list[str]: ...

class Learner:
    def run(self, most: int, seconds: float = 3600.0) -> int: ...
    def merges(self) -> _U32: ...
    def counts(self) -> _U64: ...

def learner_of_counts(
    counter: Counter,
    least: int,
    symbol_bytes: int,
    symbol_of: _I64,
    strings: _U8,
    string_starts: _U64,
    vocab_size: int,
    min_frequency: int,
    max_token_length: int,
    max_words: int,
    veto_colon_space: bool,
    reuse: bool,
    memory: int,
    before: _U64,
) -> Learner: ...
def learner(
    symbols: _U8 | _U32,
    starts: _U64,
    counts: _U64,
    symbol_of: _I64,
    strings: _U8,
    string_starts: _U64,
    vocab_size: int,
    min_frequency: int = 0,
    max_token_length: int = 0,
    threshold: int = 0,
    max_words: int = 0,
    veto_colon_space: bool = False,
    reuse: bool = True,
    memory: int = 0,
) -> Learner: ...

class SuperwordJoiner:
    def __init__(
        self, pattern: str, lengths: _U32, eligible: _U32, special: _U32, merges: _U32
    ) -> None: ...
    def join(self, text: bytes, ids: _U32, ends: _U64) -> tuple[_U32, _U32]: ...

class WordTally:
    def __init__(
        self,
        normalizer: _Steps,
        pretokenizer: _Steps,
        split: _Split | None,
        byte_level: bool,
        marker: str,
        longest: int,
    ) -> None: ...
    def begin(self, group: int) -> None: ...
    def add(self, text: str) -> None: ...
    def words(self) -> tuple[_U8, _U64, _U64, _U32, _U32]: ...

class Replay:
    def __init__(
        self,
        symbols: _U32,
        starts: _U64,
        entry_starts: _U64,
        groups: _U32,
        counts: _U32,
        merges: _U32,
        tokens: int,
        n_groups: int,
    ) -> None: ...
    def advance(self, most: int, write: bool) -> int: ...
    def finish(self) -> None: ...
    def first_pairs(self) -> _U64: ...
    def pairs(self) -> _U32: ...
    def merged(self) -> _U32: ...
    def token_counts(self, factors: _F64, column_of: _U32, columns: int) -> _F64: ...
    def know(self, steps: _U32, pairs: _U32) -> None: ...
    def forget(self) -> None: ...
    def rivals(
        self,
        group_weights: _F64,
        asked: _U8,
        allowance: _F64,
        pair_allowance: _F64,
        tolerance: float,
        per_step: int,
        enough: int,
    ) -> tuple[_U32, _U32]: ...
    def leads(
        self, steps: _U32, pairs: _U32, factors: _F64, column_of: _U32, columns: int
    ) -> _F64: ...
    @property
    def n_pairs(self) -> int: ...

def plain_merges(results: _U32, symbols: _U32, starts: _U64) -> _U32: ...
