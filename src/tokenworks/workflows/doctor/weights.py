"""safetensors files by their headers alone, and the sizes that must agree with the vocabulary."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.envelope import outer_fault, read_bytes
from tokenworks.workflows.doctor.folder import Folder
from tokenworks.workflows.doctor.registry import check
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
INPUT = (
    "embed_tokens.weight",
    "wte.weight",
    "embed_in.weight",
    "word_embeddings.weight",
    "tok_embeddings.weight",
    "shared.weight",
    "token_embedding.weight",
    "embeddings.weight",
    "embedding.weight",
    "embed.weight",
)
OUTPUT = ("lm_head.weight", "embed_out.weight", "output.weight", "output_layer.weight")


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

    def fault(code: str, what: str, right: str, place: str = "", symptom: str = "") -> list[Tensor]:
        findings.add(Finding("error", code, file, what, right, place=place, symptom=symptom))
        return []

    try:
        size, head = path.stat().st_size, read_bytes(path, 4096)
        if outer_fault(file, head, findings):
            return []
        if size < 8:
            return fault(
                "truncated",
                f"the file has {size} bytes, less than the length of a header",
                "download it again",
                symptom="HeaderTooSmall",
            )
        length = int.from_bytes(head[:8], "little")
        if length > HEADER_MAX:
            return fault(
                "header-too-large",
                f"the header is announced with {length:,} bytes; this is no safetensors file",
                f"at most {HEADER_MAX:,}",
                "byte 0",
                "HeaderTooLarge",
            )
        if 8 + length > size:
            return fault(
                "truncated",
                f"the header needs {length:,} bytes, the file has {size - 8:,} after the first 8",
                "download it again",
                "byte 8",
                "InvalidHeaderLength",
            )
        raw = read_bytes(path, 8 + length)[8:]
    except (OSError, FormatError) as error:
        return fault("unreadable", str(error), "give read permission")
    try:
        header = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        return fault(
            "bad-header",
            f"the header is no JSON: {str(error)[:80]}",
            "a safetensors file",
            "byte 8",
            "InvalidHeaderDeserialization",
        )
    if not isinstance(header, dict):
        return fault("bad-header", f"the header is {describe(header)}", "an object", "byte 8")
    tensors, end = [], 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
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
            continue
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
        end = max(end, offsets[1])
        tensors.append(Tensor(file, name, str(dtype), tuple(shape)))
    if end > size - 8 - length:
        fault(
            "truncated",
            f"the tensors need {end:,} bytes, the file has {size - 8 - length:,}: "
            f"{end - size + 8 + length:,} are missing",
            "download it again",
            f"byte {size}",
            "MetadataIncompleteBuffer",
        )
    elif end < size - 8 - length:
        fault(
            "trailing-data",
            f"{size - 8 - length - end:,} bytes follow the last tensor",
            "the file as it was written",
            f"byte {8 + length + end}",
            "MetadataIncompleteBuffer",
        )
    return tensors


def folder_tensors(folder: Folder, findings: Findings) -> list[Tensor]:
    """All tensors of a model folder; missing shards and wrong index entries become findings."""
    index: Document | None = folder.documents.get("model.safetensors.index.json")
    present = sorted(folder.path.glob("*.safetensors"))
    tensors = [t for path in present for t in read_header(path, findings)]
    mapping = (
        index.value.get("weight_map")
        if index is not None and isinstance(index.value, dict)
        else None
    )
    if index is not None and not isinstance(mapping, dict):
        findings.add(
            index.finding(
                "error",
                "index-shape",
                ("weight_map",),
                f"weight_map is {describe(mapping)}",
                "an object from tensor to file",
            )
        )
    elif index is not None and isinstance(mapping, dict):
        names = {p.name for p in present}
        where = {t.name: Path(t.file).name for t in tensors}
        for shard in sorted({str(v) for v in mapping.values()} - names):
            first = next(k for k, v in mapping.items() if str(v) == shard)
            findings.add(
                index.finding(
                    "error",
                    "shard-missing",
                    ("weight_map", first),
                    f"the shard {shard[:80]} is not in the folder",
                    "all shards of the index",
                )
            )
        for name, shard in mapping.items():
            if (
                str(shard) in names
                and where.get(name) != shard
                and not findings.has("truncated", "bad-header")
            ):
                findings.add(
                    index.finding(
                        "error",
                        "index-differs",
                        ("weight_map", name),
                        f"{name[:60]} should be in {shard} "
                        + (f"but is in {where[name]}" if name in where else "but is in no shard"),
                        "an index that fits the shards",
                    )
                )
    return tensors


def _rows(tensors: list[Tensor], endings: tuple[str, ...]) -> Tensor | None:
    for ending in endings:
        found = [
            t
            for t in tensors
            if (t.name == ending or t.name.endswith("." + ending))
            and len(t.shape) == 2
            and "position" not in t.name
            and "token_type" not in t.name
        ]
        if found:
            return min(found, key=lambda t: len(t.name))
    return None


@check("folder", "vocabulary, config and embedding rows")
def check_sizes(folder: Folder, findings: Findings) -> None:
    """Tokens, the highest id + 1, config.vocab_size and the rows of both matrices."""
    tensors = folder_tensors(folder, findings)
    config = folder.value("config.json")
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else {}
    stated = config.get("vocab_size", text.get("vocab_size") if isinstance(text, dict) else None)
    path: tuple[str, ...] = (
        ("vocab_size",) if "vocab_size" in config else ("text_config", "vocab_size")
    )
    tied = config.get(
        "tie_word_embeddings", text.get("tie_word_embeddings") if isinstance(text, dict) else None
    )
    needed = max(folder.tokens.values()) + 1 if folder.tokens else None
    facts: dict[str, Any] = {
        "tokens": len(folder.tokens) or None,
        "highest_id_plus_one": needed,
        "config_vocab_size": stated,
    }
    document = folder.documents.get("config.json")
    if (
        document is not None
        and stated is not None
        and (not isinstance(stated, int) or isinstance(stated, bool) or stated <= 0)
    ):
        findings.add(
            document.finding(
                "error",
                "size-type",
                path,
                f"vocab_size is {describe(stated)}",
                "a positive integer",
            )
        )
        stated = None
    if document is not None and isinstance(stated, int) and needed is not None:
        if needed > stated:
            findings.add(
                document.finding(
                    "error",
                    "ids-beyond-config",
                    path,
                    f"vocab_size is {stated:,}, but the tokenizer's highest id is {needed - 1:,}",
                    f"{needed:,} or more",
                )
            )
        elif needed < stated:
            findings.add(
                document.finding(
                    "note",
                    "rows-padded",
                    path,
                    f"vocab_size {stated:,} is {stated - needed:,} more than the tokenizer needs "
                    f"({needed:,}); padding for speed is usual",
                    "nothing, unless tokens were lost",
                )
            )
    embedding, head = _rows(tensors, INPUT), _rows(tensors, OUTPUT)
    for role, tensor in (("input embedding", embedding), ("output head", head)):
        if tensor is None:
            continue
        facts[role] = {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype}
        rows = tensor.shape[0]
        if needed is not None and rows < needed:
            findings.add(
                Finding(
                    "error",
                    "ids-beyond-rows",
                    tensor.file,
                    f"the {role} has {rows:,} rows, but the tokenizer's highest id is {needed - 1:,}: "
                    f"{sum(1 for i in folder.tokens.values() if i >= rows):,} tokens have no row",
                    f"{needed:,} rows or more (resize_token_embeddings)",
                    tensor.name,
                    symptom="index out of range in self / CUDA device-side assert",
                )
            )
        if isinstance(stated, int) and rows != stated:
            findings.add(
                Finding(
                    "error",
                    "rows-differ",
                    tensor.file,
                    f"the {role} has {rows:,} rows, config.json says vocab_size {stated:,}",
                    "the same number",
                    tensor.name,
                    symptom="size mismatch for " + tensor.name,
                )
            )
    if embedding is not None and head is not None and embedding.shape[0] != head.shape[0]:
        findings.add(
            Finding(
                "error",
                "rows-differ",
                head.file,
                f"the output head has {head.shape[0]:,} rows, the input embedding {embedding.shape[0]:,}",
                "the same number",
                head.name,
            )
        )
    complete = embedding is not None and not findings.has(
        "truncated", "shard-missing", "bad-header", "header-too-large"
    )
    if complete:
        facts["tied"] = head is None
        if head is None and tied is False:
            findings.add(
                (document or folder.documents["config.json"]).finding(
                    "error",
                    "head-missing",
                    ("tie_word_embeddings",),
                    "tie_word_embeddings is false, but the weights have no output head",
                    "the head's weights, or tie_word_embeddings: true",
                    symptom="Some weights were not initialized: lm_head.weight",
                )
            )
        if head is not None and tied is True:
            findings.add(
                (document or folder.documents["config.json"]).finding(
                    "note",
                    "head-tied",
                    ("tie_word_embeddings",),
                    f"tie_word_embeddings is true, but the weights also hold {head.name}; "
                    "loaders ignore it",
                    "one matrix, or tie_word_embeddings: false",
                )
            )
    findings.facts["sizes"] = {k: v for k, v in facts.items() if v is not None}
