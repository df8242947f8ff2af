"""What a tokenizer *is*, apart from any file format: the pieces, the steps and the model.

Every reader produces a `Definition`, every writer and the native encoder consume one. The steps
(normalizer, pretokenizer, post-processor, decoder) are plain mappings in the vocabulary of Hugging
Face's tokenizer.json, the widest of the formats: `{"type": "NFC"}`, `{"type": "Split", ...}`.
A `Sequence` is always flattened to a tuple, and fields that a file left out are filled in.
What tokenizer.json cannot say has a type of its own, named below.

Extra step types
    normalizer  `{"type": "SentencePieceSpaces", "add_dummy_prefix": bool,
                "remove_extra_whitespaces": bool, "escape_whitespaces": bool,
                "treat_whitespace_as_suffix": bool}`: the white space rules of a SentencePiece model,
                applied after its `Precompiled` character map. Removing extra spaces also strips
                every trailing U+2581 (or space) of the *result*, as sentencepiece does.
    normalizer  `{"type": "Precompiled", "precompiled_charsmap": base64, "flavour": "sentencepiece",
                "protected": [str]}`: the longest rule at each position of the text wins, and the
                longest of the `protected` strings (user-defined pieces) is copied unchanged first.
                Without `flavour` it is tokenizers' reading of the same map (by grapheme).
    pretokenizer `Split` takes `{"pattern": {"Regex": ...}}` or `{"pattern": {"String": ...}}` as in
                tokenizer.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddedToken:
    """A token matched in the text before the model sees it (fields as in tokenizer.json)."""

    id: int
    content: str
    special: bool = True
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Bpe:
    """Byte pair encoding by merge rank.

    `pieces[i]` has the id `ids[i]`. With `byte_level` the pieces are the real bytes of each token
    (the GPT-2 byte-to-character map is already undone); otherwise they are UTF-8 text as the model
    sees it (with U+2581 for spaces where the tokenizer works that way).
    `merges` are pairs of piece *indices* (not ids), best rank first; the result of a merge is the piece
    spelled by the concatenation. Pairs of equal rank are merged leftmost first: `merge_ranks` says
    which are equal (SentencePiece ranks a pair by the score of its *result*, so that all splits of
    one piece share a rank); without it every merge has its position as rank.
    """

    pieces: tuple[bytes, ...]
    ids: NDArray[np.uint32]  # [n]
    merges: NDArray[np.uint32]  # [m, 2]
    byte_level: bool
    ignore_merges: bool = False  # a pretoken that is a piece is taken whole (tiktoken's rule)
    byte_fallback: bool = False  # unknown characters become <0x00>..<0xFF>
    unk_id: int | None = None
    fuse_unk: bool = False
    continuing_subword_prefix: str = ""
    end_of_word_suffix: str = ""
    # SentencePiece BPE only: ids of pieces matched whole before merging (longest first, never
    # merged), and of pieces that merging passes through but that are split again into the last pair looked
    # up.
    user_defined: frozenset[int] = frozenset()
    unused: frozenset[int] = frozenset()
    merge_ranks: NDArray[np.uint32] | None = None  # [m], not decreasing
    # Byte-level only: ids of pieces spelled with characters outside GPT-2's byte map. They stand
    # here as the UTF-8 of their spelling (which another piece may have, too) and are never produced.
    outside_map: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Unigram:
    """Unigram language model: the segmentation of highest total score (Viterbi)."""

    pieces: tuple[bytes, ...]
    ids: NDArray[np.uint32]  # [n]
    scores: NDArray[np.float64]  # [n], natural logarithms
    unk_id: int | None = None
    byte_fallback: bool = False
    user_defined: frozenset[int] = frozenset()
    unused: frozenset[int] = frozenset()
    # "tokenizers" and "sentencepiece" break ties and penalise unknown characters differently.
    flavour: Literal["tokenizers", "sentencepiece"] = "tokenizers"


@dataclass(frozen=True, slots=True, eq=False)
class WordPiece:
    """Greedy longest match inside a word; the whole word is unknown if any position fails."""

    pieces: tuple[bytes, ...]
    ids: NDArray[np.uint32]  # [n]
    unk_id: int
    continuing_subword_prefix: str = "##"
    max_input_chars_per_word: int = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a definition was read from, and what only that format's writer needs to write it back."""

    format: Literal["huggingface", "tiktoken", "sentencepiece", "gguf", "tekken", "trained"]
    path: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TwoPhase:
    """How superwords are encoded where one pass cannot say it.

    First the pretokens of `pattern` are encoded each by itself with the first `word_merges` merges of
    the model. Then the other merges join tokens that are whole pretokens and stand side by side.
    The definition's own pretokenizer and merges are the nearest single pass; `single_pass` says how
    far it is from this, where that was measured.
    """

    pattern: str  # regular expression
    word_merges: int
    single_pass: Mapping[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A whole tokenizer: model, steps, added tokens, and the special ids a model relies on."""

    name: str
    model: Bpe | Unigram | WordPiece
    normalizer: tuple[Step, ...] = ()
    pretokenizer: tuple[Step, ...] = ()
    postprocessor: tuple[Step, ...] = ()
    decoder: tuple[Step, ...] = ()
    added: tuple[AddedToken, ...] = ()
    bos_id: int | None = None
    eos_id: int | None = None
    pad_id: int | None = None
    add_bos: bool = False  # what the model saw in training (template, config or proto)
    add_eos: bool = False
    chat_template: str | None = None
    two_phase: TwoPhase | None = None
    origin: Origin = field(default_factory=lambda: Origin("trained"))
