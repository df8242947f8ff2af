"""The three sizes of a vocabulary, which are often confused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.tokenizer.source import parse_json, read_bytes, shorten

# Names that published models give the matrix with one row per id.
_EMBEDDINGS = (
    *("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight"),
    *("tok_embeddings.weight", "shared.weight", "embeddings.weight"),
)
_MAX_HEADER = 100 << 20


@dataclass(frozen=True)
class VocabShape:
    """Sizes of a vocabulary.

    Attributes:
        tokens: how many ids have a token, added ones among them.
        max_id_plus_one: the highest id plus one; larger than `tokens` where ids are left out.
        model_rows: rows of the model's embedding, often padded; None without a model.
    """

    tokens: int
    max_id_plus_one: int
    model_rows: int | None = None

    @property
    def fits(self) -> bool:
        """Whether the model (if one is known) has a row for every id."""
        return self.model_rows is None or self.model_rows >= self.max_id_plus_one


def read_rows(model: Path) -> int:
    """Rows of a model's embedding, from the header of its safetensors or from config.json.

    Args:
        model: a model folder, or a config.json. No weights are read.

    Returns:
        The rows.

    Raises:
        FormatError: neither says the size, or a file is damaged.
    """
    if model.is_file():
        return _from_config(model)
    for file in sorted(model.glob("*.safetensors")):
        for name, shape in _header(file).items():
            if name.endswith(_EMBEDDINGS) and len(shape) == 2 and "position" not in name:
                return shape[0]
    return _from_config(model / "config.json")


def _from_config(path: Path) -> int:
    content = parse_json(path, read_bytes(path))
    inner = content.get("text_config") if isinstance(content, dict) else None
    for part in (content, inner):
        size = part.get("vocab_size") if isinstance(part, dict) else None
        if isinstance(size, int) and not isinstance(size, bool) and size > 0:
            return size
    raise FormatError(f'{path}: no "vocab_size"; expected the config.json of a model')


def _header(path: Path) -> dict[str, list[int]]:
    """Names and shapes of the tensors of a safetensors file."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= min(_MAX_HEADER, path.stat().st_size):
                raise FormatError(f"{path}: not a safetensors file, or truncated")
            header: Any = json.loads(file.read(length))
    except PermissionError:
        raise FormatError(f"{path}: no permission to read this file") from None
    except (OSError, ValueError) as error:
        raise FormatError(f"{path}: damaged safetensors header: {error}") from None
    if not isinstance(header, dict):
        raise FormatError(
            f"{path}: the safetensors header is {shorten(header)}; expected an object"
        )
    shapes = {}
    for name, entry in header.items():
        match entry:
            case {"shape": list(shape)} if all(type(size) is int and size >= 0 for size in shape):
                shapes[name] = shape
    return shapes
