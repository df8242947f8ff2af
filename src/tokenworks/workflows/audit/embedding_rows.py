"""The rows of a model's embedding matrices, from the safetensors headers alone."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenworks.errors import FormatError
from tokenworks.workflows.audit.result import Rows

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

# Names that the embedding and output matrices have in the model families of `transformers`.
ENDINGS = (
    *("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "tok_embeddings.weight"),
    *("embed_in.weight", "embed_out.weight", "lm_head.weight", "shared.weight", "output.weight"),
)
MOST_HEADER = 100 << 20  # bytes; the format's own limit


def embedding_rows(model: str | Path, tokenizer: Tokenizer) -> Rows:
    """Read the sizes that must agree.

    Args:
        model: a folder with `config.json` and `.safetensors` files, or one such file.
        tokenizer: the tokenizer that the model is used with.

    Raises:
        FormatError: there is no such folder, or a header cannot be read.
    """
    path = Path(model)
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors"))
    if not files:
        raise FormatError(f"{path}: expected a folder with .safetensors files, or one such file")
    matrices: dict[str, int] = {}
    for file in files:
        for name, entry in _header(file).items():
            if name.endswith(ENDINGS) and len(entry.get("shape", ())) == 2:
                matrices[name] = int(entry["shape"][0])
    return Rows(
        tokenizer.n_tokens, tokenizer.max_id_plus_one, _config(files[0].parent), dict(matrices)
    )


def _header(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as data:
            first = data.read(8)
            if len(first) < 8:
                raise FormatError(f"{file}: too short for a safetensors file")
            (size,) = struct.unpack("<Q", first)
            if size > MOST_HEADER:
                raise FormatError(
                    f"{file}: not a safetensors file (its header would be {size} bytes)"
                )
            header = json.loads(data.read(size))
    except OSError as error:
        raise FormatError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise FormatError(f"{file}: the safetensors header is not JSON") from error
    if not isinstance(header, dict):
        raise FormatError(f"{file}: the safetensors header is not an object")
    return {k: v for k, v in header.items() if isinstance(v, dict)}


def _config(folder: Path) -> int | None:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    nested = config.get("text_config") if isinstance(config, dict) else None
    for place in (config, nested):
        if isinstance(place, dict) and isinstance(place.get("vocab_size"), int):
            return int(place["vocab_size"])
    return None
