"""The input and output embedding matrices of a model, from safetensors files, as float32."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError

Matrix = NDArray[np.float32]

INPUT = (
    *("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "tok_embeddings.weight"),
    *("embed_in.weight", "shared.weight", "token_embedding.weight", "backbone.embeddings.weight"),
)
OUTPUT = ("lm_head.weight", "embed_out.weight", "output.weight")
MOST_HEADER = 100 << 20  # bytes; the format's own limit
_TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}


def read_embeddings(model: str | os.PathLike[str], least_rows: int) -> tuple[Matrix, Matrix]:
    """Read both matrices; where there is no output matrix they are tied and equal.

    Args:
        model: a folder with `.safetensors` files, or one such file.
        least_rows: ids that the tokenizer needs.

    Returns:
        Input and output matrix, float32 [rows, width] each.

    Raises:
        FormatError: a file is damaged, there is no input matrix, or it has too few rows.
    """
    path = Path(model)
    files = [path] if path.is_file() else sorted(path.glob("*.safetensors"))
    if not files:
        raise FormatError(f"{path}: expected a folder with .safetensors files, or one such file")
    found: dict[str, Matrix] = {}
    for file in files:
        start, header = _header(file)
        for name, entry in header.items():
            for kind, endings in (("input", INPUT), ("output", OUTPUT)):
                if name.endswith(endings) and len(entry.get("shape", ())) == 2:
                    found.setdefault(kind, _matrix(file, name, entry, start))
    if "input" not in found:
        raise FormatError(f"{path}: no embedding matrix; expected a name that ends in {INPUT[0]}")
    given = found["input"]
    output = found.get("output", given)
    for matrix in (given, output):
        if len(matrix) < least_rows:
            raise FormatError(
                f"{path}: a matrix has {len(matrix):,} rows, the tokenizer needs {least_rows:,}; "
                "is it the tokenizer of this model?"
            )
    return given, output


def _header(file: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    try:
        with file.open("rb") as data:
            first = data.read(8)
            size = struct.unpack("<Q", first)[0] if len(first) == 8 else MOST_HEADER + 1
            if size > MOST_HEADER:
                raise FormatError(f"{file}: not a safetensors file")
            header = json.loads(data.read(size))
    except OSError as error:
        raise FormatError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise FormatError(f"{file}: the safetensors header is not JSON") from None
    if not isinstance(header, dict):
        raise FormatError(f"{file}: the safetensors header is not an object")
    return 8 + size, {name: entry for name, entry in header.items() if isinstance(entry, dict)}


def _matrix(file: Path, name: str, entry: dict[str, Any], start: int) -> Matrix:
    kind = _TYPES.get(entry.get("dtype", ""))
    if kind is None:
        raise FormatError(
            f"{file}: {name} is {entry.get('dtype')!r}; expected one of {', '.join(_TYPES)}"
        )
    try:
        rows, width = (int(number) for number in entry["shape"])
        begin, end = (int(number) for number in entry["data_offsets"])
    except (KeyError, TypeError, ValueError):
        raise FormatError(f"{file}: {name} has no proper shape and data_offsets") from None
    expected = rows * width * np.dtype(kind).itemsize
    if min(rows, width, begin) < 0 or end - begin != expected:
        raise FormatError(f"{file}: {name} holds {end - begin} bytes, its shape needs {expected}")
    if start + end > file.stat().st_size:
        raise FormatError(f"{file}: {name} ends beyond the file; it is cut short")
    if not expected:
        return np.zeros((rows, width), dtype=np.float32)
    raw = np.memmap(file, dtype=kind, mode="r", offset=start + begin, shape=(rows, width))
    if entry["dtype"] == "BF16":
        wide = raw.astype(np.uint32) << 16
        return wide.view(np.float32)
    return np.asarray(raw, dtype=np.float32)
