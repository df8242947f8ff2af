"""The tensors of a model folder: headers of its safetensors files, single tensors read on demand.

Headers are checked before anything is read, so that a missing shard or a truncated file is one clear
error that names it. No pickled weights are opened, for they can run code.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenworks.errors import FormatError

if TYPE_CHECKING:
    import torch

INDEX = "model.safetensors.index.json"
_HEADER_MAX = 100_000_000  # the limit of the safetensors library
_PICKLED = (".bin", ".pt", ".pth", ".ckpt")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as a header describes it; `begin` and `end` are bytes of the file."""

    name: str
    file: Path
    dtype: str  # as safetensors spells it: "F32", "BF16", ...
    shape: tuple[int, ...]
    begin: int
    end: int


class Weights:
    """The tensors of a model folder, by name."""

    def __init__(self, folder: Path) -> None:
        """Read the headers.

        Raises:
            FormatError: no safetensors, a shard that the index names is missing, a file is truncated
                or is no safetensors file.
        """
        self.folder = folder
        self.files = _files(folder)
        self.tensors: dict[str, Tensor] = {}
        for file in self.files:
            for tensor in read_header(file):
                if tensor.name in self.tensors:
                    other = self.tensors[tensor.name].file.name
                    raise FormatError(f"{file}: the tensor {tensor.name!r} is in {other} as well")
                self.tensors[tensor.name] = tensor
        for name, shard in self.index.items():
            if name not in self.tensors:
                raise FormatError(f"{folder / INDEX}: {shard} does not hold the tensor {name!r}")

    @cached_property
    def index(self) -> dict[str, str]:
        """Which file holds which tensor, where the folder says so; else empty."""
        return _index(self.folder)

    @property
    def bytes(self) -> int:
        """Size of all tensors."""
        return sum(tensor.end - tensor.begin for tensor in self.tensors.values())

    def read(self, name: str) -> torch.Tensor:
        """Read one tensor in its stored dtype; no other part of the files is touched.

        Raises:
            FormatError: there is no such tensor.
        """
        from safetensors import safe_open

        if name not in self.tensors:
            raise FormatError(f"{self.folder}: no tensor {name!r}")
        with safe_open(str(self.tensors[name].file), framework="pt") as opened:
            tensor: torch.Tensor = opened.get_tensor(name)
        return tensor


def read_header(file: Path) -> list[Tensor]:
    """The tensors of a safetensors file, in the order of their bytes.

    Raises:
        FormatError: it cannot be read, is truncated, or is no safetensors file.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or length > _HEADER_MAX:
                raise FormatError(f"{file}: not a safetensors file")
            if 8 + length > size:
                raise FormatError(f"{file}: truncated: the header alone has {8 + length:,} bytes")
            header = json.loads(stream.read(length).decode("utf-8"))
    except OSError as error:
        raise FormatError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{file}: damaged safetensors header: {str(error)[:80]}") from None
    if not isinstance(header, dict):
        raise FormatError(f"{file}: damaged safetensors header: expected an object")
    tensors = [
        _tensor(file, name, entry, 8 + length)
        for name, entry in header.items()
        if name != "__metadata__"
    ]
    tensors.sort(key=lambda tensor: tensor.begin)
    end = max((tensor.end for tensor in tensors), default=8 + length)
    if end > size:
        raise FormatError(
            f"{file}: truncated: its tensors end at byte {end:,}, the file has {size:,}"
        )
    return tensors


def _tensor(file: Path, name: str, entry: Any, base: int) -> Tensor:
    match entry:
        case {
            "dtype": str(dtype),
            "shape": list(shape),
            "data_offsets": [int(begin), int(end)],
        } if all(type(size) is int and size >= 0 for size in shape) and 0 <= begin <= end:
            if (end - begin) * 2 < math.prod(shape):  # no dtype has less than four bits
                raise FormatError(f"{file}: {name!r} has fewer bytes than its shape {shape} needs")
            return Tensor(name, file, dtype, tuple(shape), base + begin, base + end)
    raise FormatError(f"{file}: damaged safetensors header: the entry of {name[:80]!r}")


def _index(folder: Path) -> dict[str, str]:
    path = folder / INDEX
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))["weight_map"]
        if not all(isinstance(file, str) and Path(file).name == file for file in found.values()):
            raise FormatError(f"{path}: the weight_map must name files of this folder")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FormatError(f'{path}: damaged; expected JSON with a "weight_map"') from None
    return {str(name): file for name, file in found.items()}


def _files(folder: Path) -> list[Path]:
    shards = sorted(set(_index(folder).values()))
    missing = [name for name in shards if not (folder / name).is_file()]
    if missing:
        raise FormatError(
            f"{folder}: {len(missing)} of {len(shards)} shards are missing: {', '.join(missing[:3])}"
        )
    if shards:
        return [folder / name for name in shards]
    single = folder / "model.safetensors"
    if single.is_file():
        return [single]
    if single.exists() or single.is_symlink():
        raise FormatError(f"{single}: no file that can be read (a folder, a pipe or a broken link)")
    found = sorted(folder.glob("*.safetensors"))
    if len(found) == 1 and not found[0].name.startswith("adapter"):
        raise FormatError(f"{folder}: holds {found[0].name}; transformers reads model.safetensors")
    if any(path.suffix in _PICKLED for path in folder.iterdir()):
        raise FormatError(
            f"{folder}: the weights are pickled, which can run code; convert them to safetensors"
        )
    raise FormatError(f"{folder}: no model.safetensors")
