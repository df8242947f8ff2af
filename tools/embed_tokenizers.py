"""Write the embedded tokenizers (src/tokenworks/tokenizer/data) from their original files.

    python tools/embed_tokenizers.py FOLDER

FOLDER holds the originals under the names below. The same originals give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokenworks.tokenizer import huggingface, tekken, tiktoken_ranks
from tokenworks.tokenizer.compact import pack
from tokenworks.tokenizer.definition import Definition

DATA = Path(__file__).resolve().parents[1] / "src" / "tokenworks" / "tokenizer" / "data"


def sentencepiece(path: Path) -> Definition:
    from tokenworks.tokenizer import sentencepiece_model

    return sentencepiece_model.read(path)


@dataclass(frozen=True)
class Original:
    """One tokenizer to embed, and where it was published."""

    name: str
    file: str
    read: Callable[[Path], Definition]
    licence: str
    holder: str
    source: str
    aliases: tuple[str, ...] = ()


ORIGINALS = (
    Original(
        "r50k_base",
        "r50k_base.tiktoken",
        tiktoken_ranks.read,
        "MIT",
        "OpenAI",
        "https://github.com/openai/tiktoken and https://github.com/openai/gpt-2",
        ("gpt2",),
    ),
    Original(
        "cl100k_base",
        "cl100k_base.tiktoken",
        tiktoken_ranks.read,
        "MIT",
        "OpenAI",
        "https://github.com/openai/tiktoken",
    ),
    Original(
        "o200k_base",
        "o200k_base.tiktoken",
        tiktoken_ranks.read,
        "MIT",
        "OpenAI",
        "https://github.com/openai/tiktoken",
    ),
    Original(
        "qwen2.5",
        "qwen2_5.hf",
        huggingface.read,
        "Apache-2.0",
        "Alibaba Cloud",
        "https://github.com/QwenLM/Qwen2.5",
    ),
    Original(
        "gpt-neox",
        "gpt-neox.json",
        huggingface.read,
        "Apache-2.0",
        "EleutherAI",
        "https://github.com/EleutherAI/gpt-neox",
        ("pythia",),
    ),
    Original(
        "tekken",
        "tekken-240718.json",
        tekken.read,
        "Apache-2.0",
        "Mistral AI",
        "https://github.com/mistralai/mistral-common",
    ),
    Original(
        "mistral-v1",
        "mistral-v1.model",
        sentencepiece,
        "Apache-2.0",
        "Mistral AI",
        "https://github.com/mistralai/mistral-common",
    ),
    *(
        Original(
            name,
            f"{name}.json",
            huggingface.read,
            "MIT",
            "ALEA Institute",
            "https://github.com/alea-institute/kl3m-tokenizers",
        )
        for name in (
            "kl3m-001-32k",
            "kl3m-004-char-4k-cased",
            "kl3m-004-char-8k-cased",
            "kl3m-005-multi-word-example-32k",
        )
    ),
)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files in the order of their names."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    state = hashlib.sha256()
    for file in files:
        state.update(file.read_bytes())
    return state.hexdigest()


def embed(folder: Path) -> None:
    """Write every embedded tokenizer and the index."""
    index: dict[str, Any] = {}
    for original in ORIGINALS:
        path = folder / original.file
        definition = replace(original.read(path), name=original.name)
        source = {
            "source": original.source,
            "sha256": fingerprint(path),
            "licence": original.licence,
            "holder": original.holder,
        }
        data = pack(definition, source)
        file = f"{original.name}.tok.zst"
        (DATA / file).write_bytes(data)
        index[original.name] = {"file": file, "original": original.file, **source}
        if original.aliases:
            index[original.name]["aliases"] = list(original.aliases)
        print(f"{original.name}: {len(data):,} bytes")
    (DATA / "index.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python tools/embed_tokenizers.py FOLDER")
    embed(Path(sys.argv[1]))
