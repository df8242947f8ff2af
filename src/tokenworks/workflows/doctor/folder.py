"""A tokenizer or model folder: its files, and the tokens and ids that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokenworks.workflows.doctor.added_tokens import vocabulary
from tokenworks.workflows.doctor.document import Document, read_document
from tokenworks.workflows.doctor.report import Findings
from tokenworks.workflows.doctor.templates import ids_by_content
from tokenworks.workflows.doctor.value_kinds import is_id

CONFIGS = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "config.json",
    "generation_config.json",
    "chat_template.json",
    "model.safetensors.index.json",
)


@dataclass(slots=True)
class Folder:
    """The parsed JSON files of a folder, and its vocabulary when a tokenizer.json is readable."""

    path: Path
    documents: dict[str, Document] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    ordinary: dict[str, int] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The path as reports print it."""
        return str(self.path)

    def value(self, name: str) -> dict[str, Any]:
        """The object of a JSON file, empty when it is absent or no object."""
        document = self.documents.get(name)
        return document.value if document is not None and isinstance(document.value, dict) else {}

    def has(self, name: str) -> bool:
        """True if the file is there and is a JSON object."""
        return name in self.documents and isinstance(self.documents[name].value, dict)

    @property
    def is_model(self) -> bool:
        """True if the folder has weights or a model's config."""
        return self.has("config.json") or any(self.path.glob("*.safetensors"))


def open_folder(path: Path, documents: dict[str, Document], findings: Findings) -> Folder:
    """Read the JSON files of a folder that are not tokenizers themselves."""
    folder = Folder(path, dict(documents))
    for name in CONFIGS:
        if (path / name).exists() and (
            document := read_document(path / name, findings)
        ) is not None:
            folder.documents[name] = document
            if not isinstance(document.value, dict):
                findings.add(
                    document.finding(
                        "error",
                        "component-shape",
                        (),
                        f"{name} does not hold an object",
                        "a JSON object",
                    )
                )
    if "tokenizer.json" in folder.documents:
        folder.tokens = ids_by_content(folder.documents["tokenizer.json"])
        folder.ordinary = vocabulary(folder.documents["tokenizer.json"])
    elif "vocab.json" in folder.documents:
        vocab = folder.documents["vocab.json"].value
        if isinstance(vocab, dict):
            folder.tokens = {t: i for t, i in vocab.items() if is_id(i)}
            folder.tokens |= {
                t: i for t, i in folder.value("added_tokens.json").items() if is_id(i)
            }
    return folder


def content_of(value: Any) -> str | None:
    """The text of a special token written as a string or as an object with `content`."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None


def special(folder: Folder, name: str) -> str | None:
    """The text of `bos_token`, `eos_token` ... from the tokenizer config, else the special tokens map."""
    for file in ("tokenizer_config.json", "special_tokens_map.json"):
        text = content_of(folder.value(file).get(name))
        if text:
            return text
    return None


def as_ids(value: Any) -> Sequence[int]:
    """Ids of a config field that is an id, a list of ids, or null."""
    if isinstance(value, list):
        return [v for v in value if isinstance(v, int) and not isinstance(v, bool)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []
