"""The model folder that gets another vocabulary: what it holds, and why it may be refused."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.lm.loading import model_folder, read_config
from tokenworks.lm.weights import Tensor, Weights
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import BLOCK, Embeddings, Part, Rows
from tokenworks.workflows.transplant.roles import with_roles_of_config
from tokenworks.workflows.transplant.stored_rows import StoredRows

INPUT = (
    *("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "tok_embeddings.weight"),
    *("embed_in.weight", "shared.weight", "token_embedding.weight"),
    *("backbone.embeddings.weight", "rwkv.embeddings.weight", "transformer.w.weight"),
)
OUTPUT = ("lm_head.weight", "embed_out.weight", "output.weight", "head.weight")
BIAS = ("lm_head.bias", "embed_out.bias", "output.bias", "predictions.bias")
_WHOLE = ("output.weight", "output.bias", "head.weight")  # whole names: layers have such parts, too
# In names of other matrices with such rows.
_PER_TOKEN = ("embed", "head", "vocab", "logits", "wte", "predictions")
_MUCH = 8  # one row in so many: published models are padded by far less
_NO_TOKENS = ("position", "wpe", "rotary")


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A model folder with its tokenizer and the tensors that have one row per token.

    names: of the tensors, by part. duplicate: an output matrix that the files hold although the model
    is tied, which is not written again. dtype: of the matrices.
    """

    folder: Path
    config: dict[str, Any]
    weights: Weights
    tokenizer: Tokenizer
    names: dict[Part, str]
    duplicate: str | None
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.weights.tensors[self.names["input"]].shape[0]

    @property
    def tied(self) -> bool:
        return "output" not in self.names

    @property
    def generates(self) -> bool:
        """Whether it is a causal language model, also where config.json does not say."""
        return _generates(self.config) or not self.config.get("architectures")

    @property
    def dtype(self) -> str:
        return self.weights.tensors[self.names["input"]].dtype

    def embeddings(self) -> Embeddings:
        """The matrices, read on demand."""
        stored = {
            part: StoredRows.of(self.weights.tensors[name]) for part, name in self.names.items()
        }
        return Embeddings(stored["input"], stored.get("output"), stored.get("bias"))


def subject(
    path: str | os.PathLike[str],
    *,
    tokenizer: Tokenizer | None = None,
    offline: bool = False,
) -> Subject:
    """Open a model folder and check what a transplant relies on; reads headers only.

    Args:
        path: a folder, or `hf://org/name`.
        tokenizer: of the model; that of the folder where it is left out.
        offline: refuse the network.

    Raises:
        UnknownNameError: no such folder.
        FormatError: a file is missing or damaged, or the rows do not fit the tokenizer.
        UnsupportedError: a quantized model, or one with other matrices of one row per token.
    """
    folder = model_folder(path, offline=offline)
    config = read_config(folder)
    text = _text_config(config)
    for where in (config, text):
        if "quantization_config" in where:
            raise UnsupportedError(
                f"{folder}: the model is quantized; transplant the model it was made from"
            )
    if config.get("is_encoder_decoder"):
        raise UnsupportedError(
            f"{folder}: an encoder-decoder model; only decoders and encoders are transplanted"
        )
    weights = Weights(folder)
    names, duplicate = _tensors(folder, weights, config, text)
    _check_shapes(folder, weights, names, text)
    _refuse_others(folder, weights, {*names.values(), duplicate or ""}, names)
    own = with_roles_of_config(tokenizer or Tokenizer.load(folder), text)
    rows = weights.tensors[names["input"]].shape[0]
    if rows < own.max_id_plus_one:
        raise FormatError(
            f"{folder}: the model has {rows:,} rows, its tokenizer needs {own.max_id_plus_one:,}; "
            "they do not belong together"
        )
    notes = []
    if rows > own.max_id_plus_one:
        spare = rows - own.max_id_plus_one
        doubt = "; is it the tokenizer of this model?" if spare * _MUCH > rows else ""
        notes.append(f"{spare:,} padding rows beyond the tokenizer's ids{doubt}")
    if duplicate:
        notes.append(f"{duplicate} is stored although the model is tied; it is left out")
    return Subject(folder, config, weights, own, names, duplicate, notes)


def refuse_not_finite(one: Subject) -> None:
    """Read the matrices once and refuse NaN and infinity, which mixtures would spread.

    Raises:
        FormatError: naming the first such row and its token.
    """
    for part, rows in one.embeddings().parts().items():
        size = max(1, BLOCK // max(1, rows.width))
        for start in range(0, rows.rows, size):
            ids = np.arange(start, min(start + size, rows.rows), dtype=np.int64)
            bad = np.flatnonzero(~np.isfinite(rows.take(ids)).all(axis=1))
            if len(bad):
                number = int(ids[bad[0]])
                raise FormatError(
                    f"{one.folder}: row {number} of {one.names[part]} "
                    f"({_spelled(one.tokenizer, number)}) holds NaN or infinity; the model is damaged"
                )


def _spelled(tokenizer: Tokenizer, number: int) -> str:
    ids = {*tokenizer.definition.model.ids.tolist(), *(t.id for t in tokenizer.definition.added)}
    return repr(tokenizer.token_bytes(number)) if number in ids else "padding"


def _text_config(config: dict[str, Any]) -> dict[str, Any]:
    """Where the vocabulary is described: models of text and images nest it."""
    inner = config.get("text_config")
    return inner if isinstance(inner, dict) and "vocab_size" in inner else config


def _tensors(
    folder: Path, weights: Weights, config: dict[str, Any], text: dict[str, Any]
) -> tuple[dict[Part, str], str | None]:
    found: dict[Part, str] = {}
    wanted: tuple[tuple[Part, tuple[str, ...]], ...] = (
        ("input", INPUT),
        ("output", OUTPUT),
        ("bias", BIAS),
    )
    for part, endings in wanted:
        named = [
            name
            for name in weights.tensors
            if _ends(name, endings) and not any(word in name for word in _NO_TOKENS)
        ]
        if len(named) > 1:
            raise UnsupportedError(
                f"{folder}: several {part} matrices ({', '.join(sorted(named)[:3])}); models with "
                "more than one vocabulary are not supported"
            )
        if named:
            found[part] = named[0]
    if "input" not in found:
        raise UnsupportedError(
            f"{folder}: no tensor whose name ends in one of {', '.join(INPUT)}; this architecture is "
            "not known"
        )
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    if tied is None:
        tied = "output" not in found
    if not tied and "output" not in found and _generates(config):
        raise FormatError(
            f"{folder}: config.json says that the output matrix is not tied, and there is none"
        )
    duplicate = found.pop("output", None) if tied else None
    return found, duplicate


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    return any(name == end if end in _WHOLE else name.endswith(end) for end in endings)


def _generates(config: dict[str, Any]) -> bool:
    names = map(str, config.get("architectures") or ())
    return any("CausalLM" in name or "LMHead" in name for name in names)  # GPT2LMHeadModel


def _check_shapes(
    folder: Path, weights: Weights, names: dict[Part, str], text: dict[str, Any]
) -> None:
    first = weights.tensors[names["input"]]
    said = text.get("vocab_size")
    for part, name in names.items():
        tensor = weights.tensors[name]
        if len(tensor.shape) != (1 if part == "bias" else 2):
            raise FormatError(f"{folder}: {name} has the shape {list(tensor.shape)}")
        StoredRows.of(tensor)
        if tensor.shape[0] != first.shape[0]:
            raise FormatError(
                f"{folder}: {name} has {tensor.shape[0]:,} rows, {first.name} {first.shape[0]:,}"
            )
    if said != first.shape[0]:
        raise FormatError(
            f"{folder}: config.json says vocab_size {said}, {first.name} has {first.shape[0]:,} rows"
        )


def _refuse_others(folder: Path, weights: Weights, ours: set[str], names: dict[Part, str]) -> None:
    rows = weights.tensors[names["input"]].shape[0]
    for name, tensor in weights.tensors.items():
        if name in ours or any(word in name for word in _NO_TOKENS):
            continue
        if tensor.shape and tensor.shape[0] == rows and any(word in name for word in _PER_TOKEN):
            raise UnsupportedError(
                f"{folder}: {name} also has one row for each of the {rows:,} tokens; models with "
                "such matrices are not supported"
            )


def tensor_rows(tensor: Tensor) -> Rows:
    """A tensor as rows."""
    return StoredRows.of(tensor)
