"""safetensors files by their headers alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor.envelope import outer_fault, read_bytes
from tokenworks.workflows.doctor.report import Finding, Findings
from tokenworks.workflows.doctor.value_kinds import describe

HEADER_MAX = 100_000_000  # the limit of the safetensors library
BITS = {
    "F64": 64,
    "I64": 64,
    "U64": 64,
    "C64": 64,
    "F32": 32,
    "I32": 32,
    "U32": 32,
    "F16": 16,
    "BF16": 16,
    "I16": 16,
    "U16": 16,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I8": 8,
    "U8": 8,
    "BOOL": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
}

Fault = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as a header describes it."""

    file: str
    name: str
    dtype: str
    shape: tuple[int, ...]


def read_header(path: Path, findings: Findings) -> list[Tensor]:
    """The tensors of a safetensors file, read from its header; faults become findings."""
    file = str(path)

    def fault(code: str, what: str, right: str, place: str = "", symptom: str = "") -> None:
        findings.add(Finding("error", code, file, what, right, place=place, symptom=symptom))

    try:
        size, head = path.stat().st_size, read_bytes(path, 4096)
        if outer_fault(file, head, findings):
            return []
        length = _length(head, size, fault)
        raw = None if length is None else read_bytes(path, 8 + length)[8:]
    except (OSError, FormatError) as error:
        fault("unreadable", str(error), "give read permission")
        return []
    header = None if raw is None else _parsed(raw, fault)
    if length is None or header is None:
        return []
    tensors, end = [], 0
    for name, entry in header.items():
        if name != "__metadata__" and (found := _tensor(file, name, entry, fault)) is not None:
            tensors.append(found[0])
            end = max(end, found[1])
    _check_end(end, size - 8 - length, size, fault)
    return tensors


def _length(head: bytes, size: int, fault: Fault) -> int | None:
    """The length of the header, if the file can hold it."""
    if size < 8:
        fault(
            "truncated",
            f"the file has {size} bytes, less than the length of a header",
            "download it again",
            symptom="HeaderTooSmall",
        )
        return None
    length = int.from_bytes(head[:8], "little")
    if length > HEADER_MAX:
        fault(
            "header-too-large",
            f"the header is announced with {length:,} bytes; this is no safetensors file",
            f"at most {HEADER_MAX:,}",
            "byte 0",
            "HeaderTooLarge",
        )
        return None
    if 8 + length > size:
        fault(
            "truncated",
            f"the header needs {length:,} bytes, the file has {size - 8:,} after the first 8",
            "download it again",
            "byte 8",
            "InvalidHeaderLength",
        )
        return None
    return length


def _parsed(raw: bytes, fault: Fault) -> dict[str, Any] | None:
    try:
        header = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        fault(
            "bad-header",
            f"the header is no JSON: {str(error)[:80]}",
            "a safetensors file",
            "byte 8",
            "InvalidHeaderDeserialization",
        )
        return None
    if not isinstance(header, dict):
        fault("bad-header", f"the header is {describe(header)}", "an object", "byte 8")
        return None
    return header


def _tensor(file: str, name: str, entry: Any, fault: Fault) -> tuple[Tensor, int] | None:
    """A tensor and where its bytes end."""
    shape = entry.get("shape") if isinstance(entry, dict) else None
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    dtype = entry.get("dtype") if isinstance(entry, dict) else None
    if not (
        isinstance(shape, list)
        and all(isinstance(n, int) and n >= 0 for n in shape)
        and isinstance(offsets, list)
        and len(offsets) == 2
        and all(isinstance(n, int) and n >= 0 for n in offsets)
    ):
        fault(
            "bad-header",
            f"the entry of the tensor {name[:60]} is {describe(entry)}",
            "dtype, shape and data_offsets",
            name[:80],
        )
        return None
    if dtype not in BITS:
        fault(
            "dtype-unknown",
            f"the tensor {name[:60]} has the dtype {dtype!r}",
            "one of " + ", ".join(BITS),
            name[:80],
        )
    elif (math.prod(shape) * BITS[dtype] + 7) // 8 != offsets[1] - offsets[0]:
        fault(
            "tensor-size",
            f"the tensor {name[:60]} of shape {shape} and {dtype} takes "
            f"{offsets[1] - offsets[0]:,} bytes",
            "shape and bytes that agree",
            name[:80],
            "TensorInvalidInfo",
        )
    return Tensor(file, name, str(dtype), tuple(shape)), offsets[1]


def _check_end(end: int, given: int, size: int, fault: Fault) -> None:
    """The bytes of the tensors are those after the header, neither more nor fewer."""
    if end > given:
        fault(
            "truncated",
            f"the tensors need {end:,} bytes, the file has {given:,}: {end - given:,} are missing",
            "download it again",
            f"byte {size}",
            "MetadataIncompleteBuffer",
        )
    elif end < given:
        fault(
            "trailing-data",
            f"{given - end:,} bytes follow the last tensor",
            "the file as it was written",
            f"byte {size - given + end}",
            "MetadataIncompleteBuffer",
        )
