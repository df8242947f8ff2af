"""The sizes that must agree with the vocabulary: config.json, and the rows of both matrices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenworks.workflows.doctor.document import Document
from tokenworks.workflows.doctor.folder import Folder
from tokenworks.workflows.doctor.registry import check
from tokenworks.workflows.doctor.report import Finding, Findings
from tokenworks.workflows.doctor.safetensors_header import Tensor, read_header
from tokenworks.workflows.doctor.value_kinds import describe

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
_INCOMPLETE = ("truncated", "shard-missing", "bad-header", "header-too-large")


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
        _check_index(index, mapping, {path.name for path in present}, tensors, findings)
    return tensors


def _check_index(
    index: Document,
    mapping: dict[str, Any],
    names: set[str],
    tensors: list[Tensor],
    findings: Findings,
) -> None:
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
    text = config.get("text_config")
    inner: dict[str, Any] = text if isinstance(text, dict) else {}
    stated = config.get("vocab_size", inner.get("vocab_size"))
    needed = max(folder.tokens.values()) + 1 if folder.tokens else None
    facts: dict[str, Any] = {
        "tokens": len(folder.tokens) or None,
        "highest_id_plus_one": needed,
        "config_vocab_size": stated,
    }
    document = folder.documents.get("config.json")
    if document is not None and stated is not None:
        path = ("vocab_size",) if "vocab_size" in config else ("text_config", "vocab_size")
        stated = _stated_size(document, path, stated, needed, findings)
    embedding, head = _rows(tensors, INPUT), _rows(tensors, OUTPUT)
    for role, tensor in (("input embedding", embedding), ("output head", head)):
        if tensor is not None:
            facts[role] = {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype}
            _check_rows(folder, role, tensor, needed, stated, findings)
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
    if embedding is not None and not findings.has(*_INCOMPLETE):
        facts["tied"] = head is None
        tied = config.get("tie_word_embeddings", inner.get("tie_word_embeddings"))
        if document is not None:
            _check_tied(document, tied, head, findings)
    findings.facts["sizes"] = {k: v for k, v in facts.items() if v is not None}


def _stated_size(
    document: Document, path: tuple[str, ...], stated: Any, needed: int | None, findings: Findings
) -> int | None:
    """The vocab_size of config.json, if it is one, held against what the tokenizer needs."""
    if not isinstance(stated, int) or isinstance(stated, bool) or stated <= 0:
        findings.add(
            document.finding(
                "error",
                "size-type",
                path,
                f"vocab_size is {describe(stated)}",
                "a positive integer",
            )
        )
        return None
    if needed is not None and needed > stated:
        findings.add(
            document.finding(
                "error",
                "ids-beyond-config",
                path,
                f"vocab_size is {stated:,}, but the tokenizer's highest id is {needed - 1:,}",
                f"{needed:,} or more",
            )
        )
    elif needed is not None and needed < stated:
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
    return stated


def _check_rows(
    folder: Folder,
    role: str,
    tensor: Tensor,
    needed: int | None,
    stated: int | None,
    findings: Findings,
) -> None:
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
    if stated is not None and rows != stated:
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


def _check_tied(document: Document, tied: Any, head: Tensor | None, findings: Findings) -> None:
    if head is None and tied is False:
        findings.add(
            document.finding(
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
            document.finding(
                "note",
                "head-tied",
                ("tie_word_embeddings",),
                f"tie_word_embeddings is true, but the weights also hold {head.name}; "
                "loaders ignore it",
                "one matrix, or tie_word_embeddings: false",
            )
        )
