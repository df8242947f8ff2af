"""A matrix of a safetensors file, read row by row and never as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from io import RawIOBase

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, UnsupportedError
from tokenworks.lm.weights import Tensor
from tokenworks.transplant.embeddings import Floats, Ids

WIDTHS = {"F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Rows of a tensor [rows, width], or [rows] taken as one column, in one of `WIDTHS`."""

    tensor: Tensor

    @classmethod
    def of(cls, tensor: Tensor) -> StoredRows:
        """Check a tensor.

        Raises:
            UnsupportedError: its numbers are of another type (quantized weights).
            FormatError: its bytes do not fit its shape.
        """
        if tensor.dtype not in WIDTHS:
            raise UnsupportedError(
                f"{tensor.file}: {tensor.name} is {tensor.dtype}; rows can be made in "
                f"{', '.join(WIDTHS)} only: use the model before it was quantized"
            )
        made = cls(tensor)
        needed = made.rows * made.row_bytes
        if tensor.end - tensor.begin != needed:
            raise FormatError(
                f"{tensor.file}: {tensor.name} holds {tensor.end - tensor.begin:,} bytes, its shape "
                f"{list(tensor.shape)} needs {needed:,}"
            )
        return made

    @property
    def rows(self) -> int:
        return self.tensor.shape[0]

    @property
    def width(self) -> int:
        return self.tensor.shape[1] if len(self.tensor.shape) > 1 else 1

    @property
    def row_bytes(self) -> int:
        return self.width * WIDTHS[self.tensor.dtype]

    def take(self, ids: Ids) -> Floats:
        """The rows of these ids (int64 [n]), float32 [n, width]."""
        return decoded(self.raw(ids), self.tensor.dtype, self.width)

    def raw(self, ids: Ids) -> NDArray[np.uint8]:
        """The bytes of these rows, uint8 [n, row_bytes].

        Raises:
            FormatError: the file ends before them.
        """
        wanted, place = np.unique(ids, return_inverse=True)
        found = np.empty((len(wanted), self.row_bytes), np.uint8)
        breaks = np.flatnonzero(np.diff(wanted) != 1) + 1
        with self.tensor.file.open("rb", buffering=0) as file:
            for span in np.split(np.arange(len(wanted)), breaks):
                if len(span):
                    self._read(file, int(wanted[span[0]]), found[span[0] : span[-1] + 1])
        if len(wanted) == len(ids) and np.array_equal(wanted, ids):
            return found
        return found[place]

    def _read(self, file: RawIOBase, row: int, target: NDArray[np.uint8]) -> None:
        view = target.reshape(-1).data.cast("B")
        at = self.tensor.begin + row * self.row_bytes
        done = 0
        file.seek(at)
        while done < len(view):
            count = file.readinto(view[done : done + (64 << 20)])
            if not count:
                raise FormatError(f"{self.tensor.file}: ends inside {self.tensor.name}")
            done += count


def decoded(raw: NDArray[np.uint8], dtype: str, width: int) -> Floats:
    """Bytes of rows as float32 [n, width]; exact for every type of `WIDTHS`."""
    if dtype == "BF16":
        wide = raw.view(np.uint16).astype(np.uint32) << 16
        return wide.view(np.float32).reshape(len(raw), width)
    kind = np.float32 if dtype == "F32" else np.float16
    rows: Floats = raw.view(kind).astype(np.float32).reshape(len(raw), width)
    return rows


def encoded(rows: Floats, dtype: str) -> bytes:
    """Float32 rows as the bytes of a type, rounded to the nearest (ties to even); NaN stays NaN."""
    if dtype == "F32":
        return rows.tobytes()
    if dtype == "F16":
        return rows.astype(np.float16).tobytes()
    bits = np.ascontiguousarray(rows).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    nan = np.isnan(rows)
    if nan.any():
        rounded[nan] = (bits[nan] >> 16) | 0x40
    return rounded.astype(np.uint16).tobytes()
