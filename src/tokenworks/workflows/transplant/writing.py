"""Writing the new folder: shards with a changed matrix anew, in blocks; all others linked or copied."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tokenworks.files import atomic_file, write_error
from tokenworks.lm.weights import INDEX, Tensor, Weights
from tokenworks.transplant.embeddings import BLOCK, Rows
from tokenworks.workflows.transplant.stored_rows import encoded

_COPY = 16 << 20
_OF_THE_OLD = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja", "tokenworks.json"),
    *("config.json", "generation_config.json", "manifest.json", INDEX),
    *("report.html", "report.json", "rows.tsv"),
)
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf", ".h5", ".msgpack", ".onnx")


@dataclass(frozen=True, slots=True)
class Written:
    """Shards by what was done to them."""

    rewritten: tuple[str, ...]
    linked: tuple[str, ...]
    copied: tuple[str, ...]
    bytes_written: int


def write_weights(
    weights: Weights,
    made: Mapping[str, Rows],
    left_out: str | None,
    folder: Path,
    advance: Callable[[int], None],
) -> Written:
    """Write all shards into a folder; shards that are already there and whole are kept (resuming).

    Args:
        weights: of the old model.
        made: new matrices by the name of their tensor.
        left_out: a tensor that the new model does not have.
        folder: to write into.
        advance: told the bytes written.

    Raises:
        WriteError: writing failed.
    """
    rewritten: list[str] = []
    linked: list[str] = []
    copied: list[str] = []
    total = 0
    for file in weights.files:
        tensors = [one for one in weights.tensors.values() if one.file == file]
        target = folder / file.name
        changed = [one for one in tensors if one.name in made or one.name == left_out]
        if not changed:
            (linked if _linked(file, target) else copied).append(file.name)
            continue
        rewritten.append(file.name)
        if not target.exists():
            kept = [one for one in tensors if one.name != left_out]
            _rewrite(file, kept, made, target, advance)
        total += target.stat().st_size
    _write_index(weights, made, left_out, folder)
    return Written(tuple(rewritten), tuple(linked), tuple(copied), total)


def copy_others(source: Path, folder: Path) -> list[str]:
    """Copy what is neither weights nor said anew, such as a licence; returns the names."""
    names = []
    for file in sorted(source.iterdir()):
        described = file.name in _OF_THE_OLD or file.name.startswith(".")
        if file.is_file() and not described and file.suffix not in _WEIGHTS:
            _copied(file, folder / file.name)
            names.append(file.name)
    return names


def _linked(file: Path, target: Path) -> bool:
    if target.exists():
        return target.samefile(file)
    try:
        os.link(file.resolve(), target)
    except OSError:  # another file system, or one without links
        _copied(file, target)
        return False
    return True


def _copied(file: Path, target: Path) -> None:
    try:
        shutil.copyfile(file, target)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise write_error(target, error) from error


def _rewrite(
    file: Path,
    tensors: list[Tensor],
    made: Mapping[str, Rows],
    target: Path,
    advance: Callable[[int], None],
) -> None:
    header: dict[str, Any] = {}
    if (metadata := _metadata(file)) is not None:
        header["__metadata__"] = metadata
    at = 0
    for tensor in tensors:
        shape = list(tensor.shape)
        size = tensor.end - tensor.begin
        if tensor.name in made:
            size = size // shape[0] * made[tensor.name].rows
            shape[0] = made[tensor.name].rows
        header[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": shape,
            "data_offsets": [at, at + size],
        }
        at += size
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with atomic_file(target) as stream, file.open("rb") as source:
        stream.write(len(head).to_bytes(8, "little") + head)
        for tensor in tensors:
            if tensor.name in made:
                _write_rows(stream, made[tensor.name], tensor.dtype, advance)
            else:
                _copy_span(source, stream, tensor.begin, tensor.end, advance)


def _write_rows(stream: IO[bytes], rows: Rows, dtype: str, advance: Callable[[int], None]) -> None:
    size = max(1, BLOCK // max(1, rows.width))
    for start in range(0, rows.rows, size):
        ids = np.arange(start, min(start + size, rows.rows), dtype=np.int64)
        data = encoded(rows.take(ids), dtype)
        stream.write(data)
        advance(len(data))


def _copy_span(
    source: IO[bytes], stream: IO[bytes], begin: int, end: int, advance: Callable[[int], None]
) -> None:
    source.seek(begin)
    while begin < end:
        data = source.read(min(_COPY, end - begin))
        stream.write(data)
        begin += len(data)
        advance(len(data))


def _metadata(file: Path) -> Any:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        return json.loads(stream.read(length)).get("__metadata__")


def _write_index(
    weights: Weights, made: Mapping[str, Rows], left_out: str | None, folder: Path
) -> None:
    if not weights.index:
        return
    sizes = [
        (one.end - one.begin) // one.shape[0] * made[name].rows
        if name in made
        else one.end - one.begin
        for name, one in weights.tensors.items()
        if name != left_out
    ]
    index = {
        "metadata": {"total_size": sum(sizes)},
        "weight_map": {name: file for name, file in weights.index.items() if name != left_out},
    }
    with atomic_file(folder / INDEX) as stream:
        stream.write((json.dumps(index, indent=2) + "\n").encode())
