"""Reading the tokenizer in the metadata of a GGUF file, without the gguf package.

Four kinds are read: "gpt2" (byte-level BPE), "llama" (SentencePiece BPE), "t5" (SentencePiece
Unigram) and "bert" (WordPiece). Tensors are never touched.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, OptionError, UnsupportedError
from tokenworks.tokenizer.byte_map import all_to_bytes
from tokenworks.tokenizer.definition import (
    AddedToken,
    Bpe,
    Definition,
    Step,
    Unigram,
    WordPiece,
)
from tokenworks.tokenizer.gguf_fields import PREFIX, Fields
from tokenworks.tokenizer.gguf_file import read_metadata
from tokenworks.tokenizer.gguf_pretokenizers import named
from tokenworks.tokenizer.huggingface_model import read_merges
from tokenworks.tokenizer.score_merges import merges_from_scores
from tokenworks.tokenizer.sentencepiece_model import PieceType


def read(path: Path, *, pre: str | None = None) -> Definition:
    """Read the tokenizer of a GGUF file.

    Args:
        path: the file, a whole model or one with metadata only.
        pre: the pre-tokenizer's name, in place of the one in the file; only for kind "gpt2".

    Returns:
        Its definition; `origin.extra` keeps what the writer needs for the same bytes.

    Raises:
        FormatError: the file is damaged, is no GGUF file, or has no tokenizer.
        UnsupportedError: the kind or the pre-tokenizer is not known.
    """
    metadata = read_metadata(path)
    fields = Fields(path, metadata)
    kind = fields.text("model")
    if kind is None:
        raise FormatError(f"{path}: no {PREFIX}model: the file has no tokenizer")
    if pre is not None and kind != "gpt2":
        raise OptionError(f"pre={pre!r} is for files of kind 'gpt2'; {path} is of kind {kind!r}")
    tokens = fields.tokens()
    types = fields.numbers("token_type", len(tokens), np.int64)
    if types is None:
        types = np.ones(len(tokens), np.int64)
    readers = {"gpt2": _gpt2, "llama": _llama, "t5": _t5, "bert": _bert}
    if kind not in readers:
        raise UnsupportedError(
            f"{path}: a tokenizer of kind {kind!r}; the kinds that are read are {', '.join(readers)}"
        )
    return readers[kind](fields, tokens, types, pre)


def _added(tokens: list[str], types: NDArray[Any], kinds: tuple[PieceType, ...]) -> Any:
    return tuple(
        AddedToken(id=i, content=tokens[i], special=bool(types[i] != PieceType.USER_DEFINED))
        for i in np.flatnonzero(np.isin(types, kinds)).tolist()
    )


def _gpt2(fields: Fields, tokens: list[str], types: NDArray[Any], pre: str | None) -> Definition:
    path = fields.path
    split = named(pre or fields.text("pre") or "default", str(path))
    lines = fields.texts("merges")
    if lines is None:
        raise FormatError(f"{path}: no {PREFIX}merges, which a tokenizer of kind 'gpt2' needs")
    pairs = [list(_halves(line)) for line in lines]
    merges = read_merges(path, pairs, tokens, prefix="")
    special = (PieceType.UNKNOWN, PieceType.CONTROL, PieceType.USER_DEFINED)
    # Tokens matched whole are none of the model's, unless a merge names them; nor is padding.
    in_model = ~np.isin(types, special)
    in_model &= np.array([token != f"[PAD{i}]" for i, token in enumerate(tokens)])
    index = {token: i for i, token in enumerate(tokens)}
    for left, right in pairs:
        in_model[[index[left], index[right], index[left + right]]] = True
    ids = np.flatnonzero(in_model)
    place = np.cumsum(in_model) - 1
    pieces, outside = all_to_bytes([tokens[i] for i in ids.tolist()])
    return fields.definition(
        tokens,
        Bpe(
            pieces=tuple(pieces),
            ids=ids.astype(np.uint32),
            merges=place[merges].astype(np.uint32).reshape(-1, 2),
            byte_level=True,
            ignore_merges=split.ignore_merges,
            outside_map=frozenset(int(ids[i]) for i in outside),
        ),
        _added(tokens, types, special),
        normalizer=split.normalizer(),
        pretokenizer=split.pretokenizer(),
        decoder=(
            {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": True,
            },
        ),
        add_bos=split.add_bos,
    )


def _halves(line: str) -> tuple[str, str]:
    # A token never begins with the separator, so that the first space may be its own.
    cut = line.find(" ", 1)
    return (line[:cut], line[cut + 1 :]) if cut > 0 else (line, "")


def _llama(fields: Fields, tokens: list[str], types: NDArray[Any], _: str | None) -> Definition:
    path = fields.path
    scores = fields.numbers("scores", len(tokens), np.float64)
    if scores is None:
        raise FormatError(f"{path}: no {PREFIX}scores, which a tokenizer of kind 'llama' needs")
    control = np.isin(types, (PieceType.UNKNOWN, PieceType.CONTROL))
    in_model = np.array([not c or len(t) > 1 for c, t in zip(control, tokens, strict=True)])
    ids = np.flatnonzero(in_model)
    pieces = tuple(tokens[i].encode() for i in ids.tolist())
    kind = types[ids]
    merges, ranks = merges_from_scores(
        pieces,
        scores[ids],
        mergeable=np.isin(kind, (PieceType.NORMAL, PieceType.UNUSED)),
        frozen=kind == PieceType.USER_DEFINED,
        what=str(path),
    )
    return fields.definition(
        tokens,
        Bpe(
            pieces=pieces,
            ids=ids.astype(np.uint32),
            merges=merges,
            merge_ranks=ranks,
            byte_level=False,
            byte_fallback=_has_bytes(tokens, types),
            unk_id=_unknown(fields, tokens, types),
            fuse_unk=True,
            user_defined=frozenset(np.flatnonzero(types == PieceType.USER_DEFINED).tolist()),
            unused=frozenset(np.flatnonzero(types == PieceType.UNUSED).tolist()),
        ),
        _added(tokens, types, (PieceType.UNKNOWN, PieceType.CONTROL)),
        normalizer=_spaces(fields),
        decoder=_space_decoder(fields, _has_bytes(tokens, types)),
        add_bos=True,
    )


def _t5(fields: Fields, tokens: list[str], types: NDArray[Any], _: str | None) -> Definition:
    path = fields.path
    scores = fields.numbers("scores", len(tokens), np.float64)
    if scores is None:
        raise FormatError(f"{path}: no {PREFIX}scores, which a tokenizer of kind 't5' needs")
    looked_up = np.isin(types, (PieceType.NORMAL, PieceType.USER_DEFINED))
    user_defined = np.flatnonzero(types == PieceType.USER_DEFINED).tolist()
    normalizer = _spaces(fields)
    charsmap = fields.raw_bytes("precompiled_charsmap")
    if charsmap:
        step = {
            "type": "Precompiled",
            "precompiled_charsmap": base64.b64encode(charsmap).decode("ascii"),
            "flavour": "sentencepiece",
            "protected": [tokens[i] for i in user_defined],
        }
        normalizer = (step, *normalizer)
    return fields.definition(
        tokens,
        Unigram(
            pieces=tuple(token.encode() for token in tokens),
            ids=np.arange(len(tokens), dtype=np.uint32),
            scores=scores,
            unk_id=_unknown(fields, tokens, types),
            byte_fallback=_has_bytes(tokens, types),
            user_defined=frozenset(user_defined),
            unused=frozenset(np.flatnonzero(~looked_up).tolist()),
            flavour="sentencepiece",
        ),
        _added(tokens, types, (PieceType.UNKNOWN, PieceType.CONTROL)),
        normalizer=normalizer,
        decoder=_space_decoder(fields, _has_bytes(tokens, types)),
        add_eos=True,
    )


def _bert(fields: Fields, tokens: list[str], types: NDArray[Any], _: str | None) -> Definition:
    path = fields.path
    # Here word beginnings are marked, and continuations are not; names in brackets are neither.
    spelled = [
        token
        if token.startswith("[") and token.endswith("]")
        else token[1:]
        if token.startswith("▁")
        else "##" + token
        for token in tokens
    ]
    unk = fields.token_id("unknown", len(tokens))
    if unk is None:
        raise FormatError(f"{path}: no {PREFIX}unknown_token_id, which kind 'bert' needs")
    lowercase = fields.flag("normalizer.lowercase", True)
    return fields.definition(
        spelled,
        WordPiece(
            pieces=tuple(token.encode() for token in spelled),
            ids=np.arange(len(tokens), dtype=np.uint32),
            unk_id=unk,
        ),
        _added(spelled, types, (PieceType.UNKNOWN, PieceType.CONTROL)),
        normalizer=(
            {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": fields.flag("normalizer.strip_accents", lowercase),
                "lowercase": lowercase,
            },
        ),
        pretokenizer=({"type": "BertPreTokenizer"},),
        decoder=({"type": "WordPiece", "prefix": "##", "cleanup": True},),
        add_bos=True,
        add_eos=True,
        sep=True,
    )


def _spaces(fields: Fields) -> tuple[Step, ...]:
    return (
        {
            "type": "SentencePieceSpaces",
            "add_dummy_prefix": fields.flag("add_space_prefix", True),
            "remove_extra_whitespaces": fields.flag("remove_extra_whitespaces", False),
            "escape_whitespaces": True,
            "treat_whitespace_as_suffix": False,
        },
    )


def _space_decoder(fields: Fields, byte_fallback: bool) -> tuple[Step, ...]:
    steps: list[Step] = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}]
    if byte_fallback:
        steps.append({"type": "ByteFallback"})
    steps.append({"type": "Fuse"})
    spaces = _spaces(fields)[0]
    if spaces["add_dummy_prefix"] or spaces["remove_extra_whitespaces"]:
        steps.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return tuple(steps)


def _has_bytes(tokens: list[str], types: NDArray[Any]) -> bool:
    bytes_ = {tokens[i] for i in np.flatnonzero(types == PieceType.BYTE).tolist()}
    return bytes_ >= {f"<0x{value:02X}>" for value in range(256)}


def _unknown(fields: Fields, tokens: list[str], types: NDArray[Any]) -> int:
    number = fields.token_id("unknown", len(tokens))
    typed = np.flatnonzero(types == PieceType.UNKNOWN).tolist()
    if number is None and not typed:
        raise FormatError(f"{fields.path}: no {PREFIX}unknown_token_id and no token of that type")
    return typed[0] if number is None else number
